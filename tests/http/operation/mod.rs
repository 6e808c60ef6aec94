//! Operation: health, metrics, logs, signals, stops and restarts.

mod audit_log;
mod audit_output;
mod metrics;
mod monitoring;
mod moved_logs;
mod panics;
mod prometheus;
mod reload;
mod restart;
mod scrapes;
mod server_log;
mod shutdown;
mod signals;
mod supervisor;
