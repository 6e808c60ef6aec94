//! Two servers on one PostgreSQL database.

mod awards;
mod keys;
mod limits;
mod logs;
mod messages;
mod paused;
mod sessions;
mod upgrades;
