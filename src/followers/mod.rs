//! Layer 2: what follows the committed history. The [`audit_log`] writes one log per account; the
//! [`broker`] hands events to the event streams.
//!
//! Each follower has a thread and a cursor of its own: it is woken after a commit, reads what comes
//! after its cursor, and also looks once a second. None of them blocks a commit.

pub mod audit_log;
pub mod broker;
mod thread;

use audit_log::AuditFollower;
use broker::Broker;

/// The followers of a server.
pub struct Followers {
    pub broker: Broker,
    /// `None` if no audit log is written.
    pub audit_log: Option<AuditFollower>,
}
