//! Accounts: sign-up, passwords, limits of attempts, and sessions.

mod cookies;
mod expensive_hashes;
mod foreign_sessions;
mod guesses;
mod logins;
mod self_service;
mod sessions;
mod sign_up;
