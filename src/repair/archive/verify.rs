use std::path::Path;

use super::error::ArchiveError;
use super::names::DATA;
use super::read::Archive;
use crate::domain::Timestamp;
use crate::repair::inspect::{CheckReport, examine_unlocked};
use crate::store::json::progress::Progress;

/// Checks the checksums of an archive, and its records and events as `goldstar check` does.
pub fn verify(
    path: &Path,
    now: Timestamp,
    progress: &Progress,
) -> Result<CheckReport, ArchiveError> {
    let archive = Archive::open(path)?;
    let (report, _) = examine_unlocked(&archive.disk(), Path::new(DATA), now, progress, true)?;
    archive.check_counts(&report)?;
    archive.erasures()?;
    Ok(report)
}
