//! Servers on a PostgreSQL database that stops, starts again, or is replaced by its standby.

mod environments;
mod failover;
mod pooler;
