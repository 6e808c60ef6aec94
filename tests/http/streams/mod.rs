//! `GET /events`: what is sent, how many streams a session may have, and slow readers.

mod events;
mod heartbeat;
mod limit;
mod messages;
mod slow_readers;
