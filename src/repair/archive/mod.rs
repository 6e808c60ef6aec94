//! `goldstar backup` and `goldstar restore`: a tar archive of everything that a server stores.
//!
//! | entry | contents |
//! | --- | --- |
//! | `manifest.json` | the [`Manifest`]: versions, time, counts |
//! | `data/*.json` | the files of a data directory, as TinyDB reads them, without sessions and idempotency keys; also of a database |
//! | `logs/*` | the audit logs, if the server writes them |
//! | `SHA256SUMS` | the checksum of each entry before it, as `sha256sum -c` reads it |
//!
//! The archive is not compressed, so that `verify` and `restore` read it in place, as a disk.

mod begun;
mod disk;
mod error;
mod folder;
mod manifest;
mod names;
mod read;
mod restore;
mod server;
mod source;
mod verify;
mod write;

pub use begun::{Begun, IsLater, LogEntry};
pub use error::ArchiveError;
pub use folder::BackupFolder;
pub use manifest::Manifest;
pub use read::Archive;
pub use restore::{Restored, restore_database, restore_directory};
pub use server::begin_server;
pub use source::{begin_database, begin_directory};
pub use verify::verify;
