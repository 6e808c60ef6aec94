//! Goldstar: the back end of a family chore-and-reward app.
//!
//! Each floor uses only the floors below it; a test reads the `use` lines and fails on an upward
//! one.
//!
//! | floor | modules | what lives there |
//! | --- | --- | --- |
//! | 5 | [`cli`], [`config`], [`app`] | arguments, configuration, wiring |
//! | 4 | [`http`] | HTTP and nothing else |
//! | 3 | [`service`] | what the product does: load, decide, commit, publish |
//! | 2 | [`followers`], [`repair`] | what follows the committed history: the audit log, the event streams; `check` and `salvage` |
//! | 1 | [`store`], [`clock`](mod@clock), [`disk`], [`metrics`] | files, the clock and the ids, metrics; they do not know each other |
//! | 0 | [`domain`] | records and rules: no I/O, no clock, no random id, no async |
//!
//! # One mutation's way
//!
//! A parent activates a task: `POST /children/{child_id}/tasks/{task_id}/activate`.
//!
//! 1. `http::server::serve` accepts the connection, and [`http::App`] passes the request to its route.
//!    `http::extract::caller` turns the cookie into a [`service::Parent`], the path into ids and the header into an
//!    [`domain::IdempotencyKey`]; `http::resources::mutations::activate` hands them on.
//! 2. [`service::Service::activate`] puts a decision into [`store::Store::commit`].
//! 3. The store calls that decision on its newest state. It finds the child and the task in the
//!    caller's family, knows a repeat by its key, and asks [`domain::ledger::activate`], which alone
//!    rules what becomes of the points. The outcome is a set of [`store::Changes`]: the child with
//!    its new points, the [`domain::TrackingEvent`] and the key.
//! 4. The store makes them durable in one journal entry, which many mutations share, publishes them
//!    and wakes the [`followers`].
//! 5. The commit is answered, and `http::resources::mutations` answers the child and the event's row.
//! 6. Each follower reads the event from [`store::Following`]: [`followers::audit_log`] writes its line,
//!    [`followers::broker`] hands it to the event streams.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod disk;
pub mod domain;
pub mod followers;
pub mod http;
pub mod metrics;
pub mod repair;
pub mod service;
pub mod store;

// A disk of the tests is one file here and in `tests/`, where the crate has this name.
#[cfg(test)]
extern crate self as goldstar;
