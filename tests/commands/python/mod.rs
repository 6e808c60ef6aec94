//! What Python writes is read, and what Goldstar writes Python reads: held against the real TinyDB and
//! the real werkzeug.

mod history;
mod passwords;
mod roundtrip;
mod tables;
mod unknown;
