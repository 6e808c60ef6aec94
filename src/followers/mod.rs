//! Layer 2: what follows the committed history. The [`audit_log`] writes one log per account; the
//! [`broker`] hands events to the event streams.

pub mod audit_log;
pub mod broker;
