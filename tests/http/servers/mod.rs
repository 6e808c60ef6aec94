//! Two servers on one PostgreSQL database.

mod awards;
mod calendar_feeds;
mod devices;
mod keys;
mod limits;
mod logs;
mod messages;
mod paused;
mod schedules;
mod sessions;
mod upgrades;
