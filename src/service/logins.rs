//! How often passwords may be tried.

use std::time::Duration;

/// How often passwords may be tried.
#[derive(Clone, Copy, Debug)]
pub struct LoginLimits {
    /// How often an account's password may be tried within the window; 0 for any number.
    pub per_account: u32,
    /// How often a client's address may try passwords within the window; 0 for any number.
    pub per_address: u32,
    /// The window.
    pub window: Duration,
}
