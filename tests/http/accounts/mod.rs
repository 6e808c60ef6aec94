//! Accounts: sign-up, passwords, how often they may be tried, and sessions.

mod cookies;
mod expensive_hashes;
mod foreign_sessions;
mod guesses;
mod logins;
mod sessions;
mod sign_up;
