//! What Goldstar promises over HTTP, on the disk and on the command line, tried from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod harness;

mod accounts;
mod audit_log;
mod changes;
mod children;
mod cli;
mod clock;
mod config;
mod connections;
mod cookies;
mod cors;
mod cross_site;
mod deletion;
mod demo;
mod end_to_end;
mod errors;
mod events;
mod failures;
mod family_limits;
mod flask;
mod headers;
mod health_command;
mod heartbeat;
mod idempotency;
mod legacy;
mod lists;
mod logins;
mod lost_files;
mod malformed;
mod metrics;
mod monitoring;
mod moved_logs;
mod mutations;
mod openapi;
mod panics;
mod properties;
mod proxies;
mod races;
mod refusals;
mod request_ids;
mod restart;
mod rewards;
mod server_log;
mod sessions;
mod shares;
mod shutdown;
mod signals;
mod storage;
mod stream_limit;
mod tasks;
mod timeouts;
mod tracking;
mod validation;
