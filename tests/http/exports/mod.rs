//! Exports of events and of accounts.

mod account;
mod files;
mod home;
mod lifetime;
