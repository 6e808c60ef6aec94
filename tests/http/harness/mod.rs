//! The common parts of the tests: a server on a temporary directory, clients for its users, and
//! readers of its files.

mod client;
mod clock;
pub(crate) mod cluster;
pub(crate) mod database;
mod disk;
mod files;
mod forbidden;
mod manual;
mod memory;
mod people;
pub(crate) mod person;
mod process;
mod python;
mod raw;
mod scrape;
mod server;
mod small_disk;
mod stream;
pub(crate) mod stuck_disk;
mod wait;
pub(crate) mod watched;
pub(crate) mod wire;

pub(crate) use client::{Answer, Client, assert_error, send, try_send};
pub(crate) use clock::{DAY, HOUR, Hand};
pub(crate) use database::is_on_postgres;
pub(crate) use disk::{Fails, FaultyDisk};
pub(crate) use files::{Folders, end_of_frames, event_ids, logfmt, names};
pub(crate) use forbidden::forbidden;
pub(crate) use manual::block_of;
pub(crate) use memory::MemoryServer;
pub(crate) use people::{
    Admin, Family, PASSWORD, Parent, activate_path, adjust_path, log_in, reverse_path, reward_path,
    task_path, text,
};
pub(crate) use process::{Process, goldstar, goldstar_after, run_with_input};
pub(crate) use python::{python, python_command};
pub(crate) use raw::Raw;
pub(crate) use scrape::Scrape;
pub(crate) use server::{ADMIN, PASSWORD_METHOD, Settings, TestServer, hash_as_for_users};
pub(crate) use small_disk::SmallDisk;
pub(crate) use stream::{Events, Frame};
pub(crate) use wait::{DEADLINE, eventually, within};
pub(crate) use watched::{Operation, Policy, Watched};
