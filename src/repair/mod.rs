//! Commands that read a data directory without serving it.

mod inspect;
pub mod salvage;

pub use inspect::{
    CheckReport, Finding, FindingKind, Marked, Severity, TableReport, TableState, inspect,
};
