//! The program's commands and settings, the directories and machines that it meets, and what Python
//! writes and reads.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "../http/harness/mod.rs"]
mod harness;

mod check;
mod cli;
mod config;
mod damage;
mod folders;
mod health_command;
mod packaging;
mod python;
