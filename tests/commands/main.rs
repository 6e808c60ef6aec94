//! The program's commands and settings, its directories on various machines, and files of Python.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(dead_code, unused_imports, reason = "shared with the tests of HTTP, which use the rest")]
#[path = "../http/harness/mod.rs"]
mod harness;

mod account;
mod backup;
mod check;
mod cli;
mod config;
mod damage;
mod database;
mod erasures;
mod export_events;
mod folders;
mod health_command;
mod overview;
mod packaging;
mod python;
mod reports;
mod shell;
