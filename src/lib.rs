//! Goldstar: the back end of a family chore-and-reward app.

pub mod audit_log;
pub mod disk;
pub mod domain;
pub mod env;
pub mod live;
pub mod store;
