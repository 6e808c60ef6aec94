//! Commands that read a data directory without serving it.

mod inspect;
pub mod salvage;

pub use inspect::{
    Finding, FindingKind, Marked, Report, Severity, TableReport, TableState, inspect,
};
