//! Two servers on one PostgreSQL database.

mod awards;
mod calendar_feeds;
mod keys;
mod limits;
mod logs;
mod messages;
mod paused;
mod schedules;
mod sessions;
mod upgrades;
