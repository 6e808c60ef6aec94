//! Two servers on one PostgreSQL database.

mod limits;
mod paused;
mod sessions;
