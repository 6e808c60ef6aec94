use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::disk::NewFileError;
use crate::repair::transfer::TransferError;
use crate::store::ReadError;
use crate::store::json::damage::OpenError;

/// Why a backup was not made, or is not restored.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// A file of the directory or the archive cannot be read, or the directory is in use.
    #[error(transparent)]
    Directory(#[from] OpenError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error("{} can't be read", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A running server has not written all events, or is stopping.
    #[error("the server can't begin a backup now")]
    Freeze(#[source] io::Error),
    #[error("the server can't read its data")]
    Store(#[source] ReadError),
    #[error("the audit logs can't be read")]
    Logs(#[source] io::Error),
    #[error("the server keeps its data in memory only")]
    NotStored,
    #[error("the backup can't be written")]
    Write(#[source] io::Error),
    #[error(transparent)]
    NewFile(#[from] NewFileError),
    #[error("an old backup can't be removed")]
    OldBackup(#[source] io::Error),
    /// The file of a new backup, which does not exist any more, is not named.
    #[error("the new backup is damaged, and was removed: {0}")]
    Unverified(String),
    /// The archive is not one, or its bytes have changed.
    #[error("{} is not a complete backup: {fault}", .path.display())]
    Invalid { path: PathBuf, fault: String },
    /// No server would start on the restored data.
    #[error("{} contains damaged data: {faults}. Run `goldstar backup verify {}`", .path.display(), .path.display())]
    Damaged { path: PathBuf, faults: String },
    #[error(
        "the erasure list belongs to another server than the backup: their keys are not the same"
    )]
    OtherList,
    #[error("{} is not empty: choose another directory, or move its files away", .0.display())]
    NotEmpty(PathBuf),
}

impl ArchiveError {
    pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Unreadable { path, source }
    }

    /// The error of a new backup that could not be verified, and is removed.
    pub(super) fn of_new_backup(self) -> Self {
        match self {
            Self::Invalid { fault, .. } => Self::Unverified(fault),
            Self::Damaged { faults, .. } => Self::Unverified(faults),
            other => other,
        }
    }

    /// Whether the archive or the data is damaged.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Invalid { .. } | Self::Damaged { .. } | Self::Unverified(_) => true,
            Self::Directory(error) => error.is_damage(),
            Self::Transfer(error) => error.is_damage(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_backup_that_cannot_be_verified_is_damage() {
        let path = || PathBuf::from("goldstar.tar.partial");
        let (fault, faults) = ("a checksum is wrong".to_owned(), "two rows".to_owned());
        let invalid = ArchiveError::Invalid { path: path(), fault };
        let damaged = ArchiveError::Damaged { path: path(), faults };
        for error in [invalid, damaged].map(ArchiveError::of_new_backup) {
            assert!(error.is_damage() && !error.to_string().contains("partial"), "{error}");
        }
    }
}
