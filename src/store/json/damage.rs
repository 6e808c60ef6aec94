use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

use thiserror::Error;

use super::tinydb::pyjson::Fault;
use super::wal::{FOLDER, FORMAT};
use crate::disk::{UnusableFolder, with_permission_advice};
use crate::domain::Points;

/// Why a data directory cannot be opened. Damage means that nothing in it was changed. After
/// another error the next start replays the log again.
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
        /// The id of that process, if it is known.
        pid: Option<u32>,
    },
    /// A newer version wrote the directory, in a format that this version does not read.
    #[error(
        "{} says that the directory has format {format}, which Goldstar {version} wrote; this is \
         Goldstar {own}, which reads formats up to {known}. Nothing was changed. Start Goldstar \
         {version} or a later version, or restore a backup from before the upgrade",
        .path.display(),
        own = env!("CARGO_PKG_VERSION"),
        known = FORMAT,
    )]
    NewerFormat {
        /// The file with the format.
        path: PathBuf,
        /// The directory's format.
        format: u32,
        /// The version of Goldstar that wrote it.
        version: String,
    },
    /// A file contains something that a store cannot have written.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The file system lacks a call that a server needs.
    #[error(transparent)]
    UnusableFolder(#[from] UnusableFolder),
    /// The disk failed.
    #[error("{} can't be used", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl OpenError {
    /// Whether the directory needs a person: another attempt fails, too.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::NewerFormat { .. })
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| {
            let source = with_permission_advice(directory_of(&path), &path, source);
            Self::Io { path, source }
        }
    }
}

/// The data directory that contains a path.
fn directory_of(path: &Path) -> &Path {
    let journal = path.ancestors().find(|path| path.file_name().is_some_and(|name| name == FOLDER));
    match journal {
        Some(journal) => journal.parent().unwrap_or(journal),
        None if path.is_dir() => path,
        None => path.parent().unwrap_or(path),
    }
}

/// A file that cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The likely cause.
    pub kind: DamageKind,
    /// The file.
    pub file: PathBuf,
    /// The first byte that is wrong.
    pub byte: u64,
    /// What is wrong, and the likely cause.
    pub cause: String,
}

/// The likely cause of a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DamageKind {
    /// Another program wrote the file, which may be complete, while the log contained changes of
    /// it.
    Foreign,
    /// The text ends too early.
    CutOff,
    /// Bytes are zero.
    NulBytes,
    /// A second text, or the rest of an older one, follows the first.
    TwoRoots,
    /// Bytes aren't UTF-8.
    NotUtf8,
    /// The text is not JSON for another reason: two programs may have written it at once.
    NotJson,
    /// A table or a row is not an object.
    NoObject,
    /// A row's name is not a number.
    RowName,
    /// The log is not what was written.
    Journal,
    /// A segment of the log is missing.
    JournalFileMissing,
    /// The checkpoint isn't what was written.
    Checkpoint,
    /// The record of the directory's format isn't what was written.
    Format,
}

impl DamageKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Foreign,
        Self::CutOff,
        Self::NulBytes,
        Self::TwoRoots,
        Self::NotUtf8,
        Self::NotJson,
        Self::NoObject,
        Self::RowName,
        Self::Journal,
        Self::JournalFileMissing,
        Self::Checkpoint,
        Self::Format,
    ];

    /// The name for programs; it does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign_write",
            Self::CutOff => "cut_off",
            Self::NulBytes => "nul_bytes",
            Self::TwoRoots => "two_roots",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::NoObject => "no_object",
            Self::RowName => "row_name",
            Self::Journal => "journal_damaged",
            Self::JournalFileMissing => "journal_file_missing",
            Self::Checkpoint => "checkpoint_unreadable",
            Self::Format => "format_unreadable",
        }
    }

    /// Whether the file is in the folder `journal`.
    fn is_of_journal(self) -> bool {
        matches!(self, Self::Journal | Self::JournalFileMissing | Self::Checkpoint | Self::Format)
    }
}

impl std::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.is_foreign() { "does not match the journal" } else { "is damaged" };
        let (file, directory) = (self.file.display(), quoted(self.directory()));
        write!(
            f,
            "{file} {is} from byte {} on: {}. Nothing was changed. Run `goldstar check {directory}` \
             to see all damage, and `goldstar salvage {directory} --out NEW` to copy what can be \
             read to a new directory; or restore the files as they were when Goldstar stopped.",
            self.byte, self.cause
        )
    }
}

impl Damage {
    pub(crate) fn new(
        kind: DamageKind,
        file: impl Into<PathBuf>,
        byte: u64,
        cause: impl Into<String>,
    ) -> Self {
        Self { kind, file: file.into(), byte, cause: cause.into() }
    }

    /// Whether the file itself may be complete, and only does not match the log.
    pub fn is_foreign(&self) -> bool {
        self.kind == DamageKind::Foreign
    }

    /// The data directory of the file.
    pub fn directory(&self) -> &Path {
        let is_folder = |path: &&Path| path.file_name().is_some_and(|name| name == FOLDER);
        let folder = self.file.ancestors().find(is_folder).filter(|_| self.kind.is_of_journal());
        folder.unwrap_or(&self.file).parent().unwrap_or(Path::new("."))
    }

    /// `text`, at `offset` in its file, is not JSON.
    pub(crate) fn not_json(
        file: impl Into<PathBuf>,
        offset: u64,
        text: &[u8],
        fault: Fault,
    ) -> Self {
        let byte = fault.byte(text.len());
        let rest = text.get(byte..).unwrap_or_default();
        let (kind, likely) = likely_cause(offset + byte as u64, rest, fault);
        let cause = if fault.is_behind_the_end() {
            likely.to_owned()
        } else {
            format!("{fault}; {likely}")
        };
        Self::new(kind, file, offset + byte as u64, cause)
    }

    /// A file in a format that neither Goldstar nor TinyDB reads.
    pub(crate) fn other_format(file: &Path, bytes: &[u8]) -> Option<Self> {
        let (kind, cause) = match bytes {
            [0xEF, 0xBB, 0xBF, ..] => {
                let cause = "it starts with a byte order mark, which TinyDB does not accept \
                             either: save it as UTF-8 without a byte order mark";
                (DamageKind::NotJson, cause)
            }
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'{', 0, ..] | [0, b'{', ..] => {
                let cause = "it is in UTF-16, probably saved by an editor: save it as UTF-8";
                (DamageKind::NotUtf8, cause)
            }
            [0x1F, 0x8B, ..] => (DamageKind::NotUtf8, "it is compressed with gzip: unpack it"),
            _ => return None,
        };
        Some(Self::new(kind, file, 0, cause))
    }

    /// A row whose name is not a row number.
    pub(crate) fn row_name(file: &Path, byte: u64) -> Self {
        let cause = format!("this row's name is not a number from 0 to {}", Points::LIMIT);
        Self::new(DamageKind::RowName, file, byte, cause)
    }

    /// A text, at `offset` in its file, is not UTF-8.
    pub(crate) fn not_utf8(file: impl Into<PathBuf>, offset: u64, error: Utf8Error) -> Self {
        let (kind, cause) = match error.error_len() {
            Some(_) => {
                let cause = "it contains bytes that are not UTF-8: probably the disk has changed \
                             them, or a program wrote another encoding";
                (DamageKind::NotUtf8, cause)
            }
            None => (DamageKind::CutOff, "it ends in the middle of a character"),
        };
        Self::new(kind, file, offset + error.valid_up_to() as u64, cause)
    }
}

/// The error for a file that another program wrote while this process runs. Clients may see it.
pub(crate) fn written_by_another(path: &Path) -> io::Error {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    io::Error::other(format!(
        "another program has written {name} while Goldstar runs, so Goldstar does not overwrite \
         it: stop both, and merge their changes with `goldstar salvage`"
    ))
}

/// The likely cause of a text that is not JSON from that byte of its file on; `rest` starts there.
fn likely_cause(byte: u64, rest: &[u8], fault: Fault) -> (DamageKind, &'static str) {
    let nul = DamageKind::NulBytes;
    if rest.first() == Some(&0) {
        return match rest.iter().position(|byte| *byte != 0) {
            _ if byte == 0 => (nul, "it starts with NUL bytes, probably after a power failure"),
            None => (nul, "the rest of it is NUL bytes, probably after a power failure"),
            Some(_) => (nul, "it contains NUL bytes, probably after a power failure"),
        };
    }
    match fault {
        Fault::Ended => {
            let likely = "it ends too early, probably after a crash during a rewrite or on a \
                          full disk";
            (DamageKind::CutOff, likely)
        }
        fault if fault.is_behind_the_end() => {
            let likely = if rest.first() == Some(&b'{') {
                "a second text follows the first, probably because two programs wrote at the \
                 same time"
            } else {
                "extra bytes follow the end of the JSON text: probably the rest of an older, \
                 longer version of the file, or the text of another program that wrote at the \
                 same time"
            };
            (DamageKind::TwoRoots, likely)
        }
        Fault::At { expected: "an opening brace", .. } => {
            (DamageKind::NoObject, "the file, its tables and their rows must be objects")
        }
        Fault::At { .. } => {
            let likely = "probably two programs wrote at the same time, or it was edited by hand";
            (DamageKind::NotJson, likely)
        }
    }
}

/// A path, quoted for a shell.
fn quoted(path: &Path) -> String {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let path = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if path.chars().all(is_plain) {
        path.into()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}
