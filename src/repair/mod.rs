//! The commands that work on a data directory or a database without serving it: `check`, `salvage`,
//! `import`, `export`, `backup` and `restore`.

pub mod archive;
pub(crate) mod erase;
mod inspect;
pub mod salvage;
pub mod transfer;

pub use inspect::database::inspect_database;
pub use inspect::{
    CheckReport, Finding, FindingKind, Marked, Severity, TableReport, TableState, inspect,
};
