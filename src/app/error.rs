//! Why a server did not start.

use std::io;

use thiserror::Error;
use tokio::task::JoinError;

use crate::disk::UnusableFolder;
use crate::service::ServiceError;
use crate::store::json::OpenError;
use crate::store::postgres;

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The data cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] postgres::OpenError),
    /// The log directory cannot be used.
    #[error(transparent)]
    Logs(#[from] UnusableFolder),
    /// The server was stopped while it opened the data. Nothing is lost.
    #[error("the server was stopped while it opened the data")]
    Stopped,
    /// The system cannot start another thread.
    #[error("a thread could not be started")]
    Thread(#[source] io::Error),
    #[error("the address to serve on is not known")]
    Listener(#[source] io::Error),
    /// Data that a start creates, such as the demo family, could not be written.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The thread that opens the data panicked.
    #[error("opening the data failed")]
    Opening(#[from] JoinError),
}

impl StartError {
    /// Whether the data is damaged, or is not Goldstar's.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_damage(),
            Self::Database(error) => error.is_damage(),
            _ => false,
        }
    }
}
