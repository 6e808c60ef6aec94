use std::io;
use std::sync::Arc;

use thiserror::Error;

use super::Outage;
use crate::domain::{Seq, TrackingEvent};

/// An event in the history.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    pub seq: Seq,
    pub event: TrackingEvent,
    /// The event as a JSON object, byte for byte as it is stored and returned.
    pub json: Arc<str>,
}

/// An event, or why a row is not one.
pub type FoundEvent = Result<StoredEvent, Malformed>;

/// Why the history cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error("the audit history could not be read")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The database has no free connection.
    #[error("too many requests are waiting for the database")]
    Overloaded,
    /// The database cannot be used now.
    #[error(transparent)]
    Unavailable(Outage),
}

/// Another program has written a row that is not an event.
#[derive(Debug, Error)]
#[error("event {number} is not well-formed: {why}")]
pub struct Malformed {
    pub number: u64,
    pub why: String,
}
