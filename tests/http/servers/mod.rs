//! Two servers on one PostgreSQL database.

mod keys;
mod limits;
mod logs;
mod paused;
mod sessions;
