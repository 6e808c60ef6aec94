use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::pyjson::Fault;

/// Why a data directory can't be opened. Nothing in it was changed, but that a journal that was
/// replayed in part is replayed again at the next try.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process holds the directory.
    #[error(
        "{} is in use by another Goldstar{}",
        .folder.display(),
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The data directory.
        folder: PathBuf,
        /// Who holds it, where that is known.
        pid: Option<u32>,
    },
    /// A file isn't what a store could have left behind.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The disk failed.
    #[error("{} can't be used", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl OpenError {
    /// Whether the directory needs a person: trying again won't help.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_))
    }

    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// A file that can't be trusted, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The first byte that is wrong.
    pub byte: u64,
    /// What is wrong, and what has likely happened.
    pub cause: String,
    /// Whether the file itself may be whole, and only doesn't go with the journal.
    pub is_foreign: bool,
}

impl std::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is, advice) = if self.is_foreign {
            let advice = "Then put back what was there when Goldstar stopped, or, to go on with the \
                          files as they are and without the changes that only the journal holds, \
                          move the folder `journal` away";
            ("does not go with the journal", advice)
        } else {
            ("is damaged", "Then put this file back from a backup, or mend it by hand")
        };
        write!(
            f,
            "{} {is} from byte {} on: {}. Nothing was changed. Copy the whole data directory to a \
             safe place before anything else. {advice}, and start again.",
            self.file.display(),
            self.byte,
            self.cause
        )
    }
}

impl Damage {
    pub(super) fn new(file: impl Into<PathBuf>, byte: u64, cause: impl Into<String>) -> Self {
        Self { file: file.into(), byte, cause: cause.into(), is_foreign: false }
    }

    /// A file that may be whole, but isn't the one that the journal belongs to.
    pub(super) fn foreign(file: impl Into<PathBuf>, byte: u64, cause: impl Into<String>) -> Self {
        Self { is_foreign: true, ..Self::new(file, byte, cause) }
    }

    /// Damage by which `text`, from `offset` in its file on, stops being JSON.
    pub(super) fn not_json(
        file: impl Into<PathBuf>,
        offset: u64,
        text: &[u8],
        fault: Fault,
    ) -> Self {
        let byte = fault.byte(text.len());
        let rest = text.get(byte..).unwrap_or_default();
        let likely = if rest.first() == Some(&0) {
            "it goes on with NUL bytes, as after a power cut"
        } else if fault == Fault::Ended {
            "it was cut off, as after a crash in the middle of a rewrite or on a full disk"
        } else if matches!(fault, Fault::At { expected: "the end of the text", .. }) {
            "a second text follows the first, as after a rewrite that made the file shorter, or \
             after two programs wrote at once"
        } else {
            "two programs may have written it at once, or it was edited by hand"
        };
        Self::new(file, offset + byte as u64, format!("{fault}; {likely}"))
    }
}
