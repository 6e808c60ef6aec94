//! Goldstar: the back end of a family chore-and-reward app.

pub mod disk;
pub mod domain;
pub mod env;
pub mod store;
