//! Two servers on one PostgreSQL database.

mod limits;
mod logs;
mod paused;
mod sessions;
