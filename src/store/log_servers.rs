use uuid::Uuid;

use super::{BoxFuture, CommitError, Fence, ReadError};
use crate::domain::UserId;

/// A server that writes audit log files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogServer {
    /// The id in its log directory.
    pub id: Uuid,
    /// Its name for the operator.
    pub name: String,
}

/// The servers that write audit log files, and what they must remove from them.
pub trait LogServers: Send + Sync {
    /// Adds a server, or notes that it still exists.
    fn register(&self, server: LogServer) -> BoxFuture<'static, Result<(), CommitError>>;

    /// Requests that each server removes an account's logs. Can be repeated: a server that has
    /// confirmed it gets no new request.
    fn request(
        &self,
        user_id: UserId,
        lease: Option<Fence>,
    ) -> BoxFuture<'static, Result<(), CommitError>>;

    /// The accounts whose logs a server must remove.
    fn requested(&self, server: Uuid) -> BoxFuture<'static, Result<Vec<UserId>, ReadError>>;

    /// Notes that a server has removed an account's logs.
    fn confirm(&self, server: Uuid, user_id: UserId)
    -> BoxFuture<'static, Result<(), CommitError>>;

    /// The servers that have not confirmed yet, with the account.
    fn unconfirmed(&self) -> BoxFuture<'static, Result<Vec<(UserId, LogServer)>, ReadError>>;

    /// Removes the requests for an account.
    fn end(
        &self,
        user_id: UserId,
        lease: Option<Fence>,
    ) -> BoxFuture<'static, Result<(), CommitError>>;
}
