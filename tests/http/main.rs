//! The server from outside: over HTTP, over plain connections, its files and its logs.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod harness;

mod access;
mod accounts;
mod administration;
mod backups;
mod browsers;
mod database;
mod deletion;
mod demo;
mod devices;
mod disk;
mod exports;
pub(crate) mod households;
mod operation;
mod pages;
mod points;
mod protocol;
mod records;
mod schedules;
mod servers;
mod streams;
pub(crate) mod tokens;
mod webhooks;
