//! Goldstar reads Python's files, and Python reads Goldstar's: tested with the real TinyDB and the
//! real werkzeug.

mod history;
mod passwords;
mod roundtrip;
mod tables;
mod unknown;
