//! The commands that examine a data directory without serving it: `check` and `salvage`.

mod inspect;
pub mod salvage;

pub use inspect::{
    CheckReport, Finding, FindingKind, Marked, Severity, TableReport, TableState, inspect,
};
