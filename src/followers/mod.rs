//! Floor 2: followers read the committed history. The [`audit_log`] writes one log per account; the
//! [`broker`] sends events to the event streams; [`webhooks`] sends what the service decides to deliver.
//!
//! Each follower has its own thread and cursor. It is woken after a commit, and wakes up at least
//! once a second anyway; then it reads the events after its cursor. A follower never blocks a
//! commit.

pub mod audit_log;
pub mod broker;
mod erasure_copy;
mod thread;
pub mod webhooks;

use audit_log::AuditFollower;
use broker::Broker;
pub use erasure_copy::ErasureCopy;

pub struct Followers {
    pub broker: Broker,
    /// `None` if no audit log is written.
    pub audit_log: Option<AuditFollower>,
    /// `None` if the erasure list is not copied.
    pub erasure_copy: Option<ErasureCopy>,
    /// What sends the messages of webhooks.
    pub webhooks: webhooks::Sender,
}
