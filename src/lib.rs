//! Goldstar: the back end of a family chore-and-reward app.
//!
//! Each floor uses only the floors below it; a test reads the `use` lines and fails on an upward
//! one.
//!
//! | floor | modules | what lives there |
//! | --- | --- | --- |
//! | 5 | [`cli`], [`config`], [`app`] | arguments, configuration, wiring |
//! | 4b | [`web`] | the pages for families and administrators |
//! | 4a | [`http`] | HTTP and nothing else |
//! | 3 | [`service`] | what the product does: load, decide, commit, publish |
//! | 2 | [`followers`], [`repair`] | what follows the committed history: the audit log, the event streams; `check` and `salvage` |
//! | 1 | [`store`], [`clock`](mod@clock), [`disk`], [`metrics`], [`tls`] | files, the clock and the ids, metrics, TLS; they do not know each other |
//! | 0 | [`domain`] | records and rules: no I/O, no clock, no random id, no async |
//!
//! # The files of one mutation
//!
//! A parent activates a task: `POST /children/{child_id}/tasks/{task_id}/activate`. The request passes
//! through these functions, in this order. A test checks that they exist.
//!
//! | file | function | what it does |
//! | --- | --- | --- |
//! | `http/server/serve/mod.rs` | `serve` | accepts the connection |
//! | `http/server/app.rs` | `respond` | checks the request, sets its time limit, finds its route |
//! | `http/extract/caller.rs` | `caller_of` | finds the session of the cookie or token |
//! | `http/resources/mutations.rs` | `activate` | parses the ids and the idempotency key |
//! | `service/mutations.rs` | `decide` | looks up the key, the child and the task in a snapshot of the family |
//! | `domain/ledger.rs` | `activate` | decides the change of the points |
//! | `domain/event.rs` | `new` | checks the event |
//! | `store/json/mod.rs` | `execute` | queues the transaction for the committer |
//! | `store/json/committer.rs` | `commit` | executes what is queued as one batch |
//! | `store/json/batch.rs` | `execute` | runs `decide` on the newest state, and applies its changes |
//! | `store/json/wal/journal.rs` | `append` | makes the batch durable in the write-ahead log |
//! | `store/json/tracking/append.rs` | `append` | writes the event's row to the tracking file |
//! | `followers/audit_log/follower.rs` | `round` | writes the event's line to the audit log |
//! | `followers/broker/mod.rs` | `round` | hands the event to the family's event streams |
//!
//! The response is sent after the row is written. The followers are woken then, and need not be
//! finished.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod disk;
pub mod domain;
pub mod followers;
pub mod http;
pub mod memory;
pub mod metrics;
pub mod repair;
pub mod service;
pub mod store;
pub mod tls;
pub mod web;

// A disk of the tests is one file here and in `tests/`, where the crate has this name.
#[cfg(test)]
extern crate self as goldstar;
