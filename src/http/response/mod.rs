//! Bodies of responses.

pub(crate) mod compression;
pub(crate) mod files;
pub(crate) mod icalendar;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod pieces;
pub(crate) mod slot;
