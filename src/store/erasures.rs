use super::{BoxFuture, CommitError, Fence, ReadError};
use crate::domain::{ErasureList, Timestamp, UserId};

/// The list of the accounts that were deleted. It begins with its first use.
pub trait Erasures: Send + Sync {
    /// Adds an account, durably, while a lease is valid. Can be repeated. The deletion must not have
    /// removed anything yet.
    fn add(
        &self,
        user_id: UserId,
        now: Timestamp,
        lease: Option<Fence>,
    ) -> BoxFuture<'static, Result<(), CommitError>>;

    /// Returns the list, complete until `now`.
    fn list(&self, now: Timestamp) -> BoxFuture<'static, Result<ErasureList, ReadError>>;
}
