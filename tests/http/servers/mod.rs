//! Two servers on one PostgreSQL database.

mod limits;
mod sessions;
