use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

use thiserror::Error;

use super::tinydb::pyjson::Fault;
use super::wal::{FOLDER, FORMAT};
use crate::disk::{UnusableFolder, with_permission_advice};
use crate::domain::Points;

/// Why a data directory can't be opened. Where it is damage, nothing in it was changed; else a journal
/// that was replayed in part is replayed again at the next try.
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
        /// The file that says so.
        path: PathBuf,
        /// The directory's format.
        format: u32,
        /// The version of Goldstar that wrote it.
        version: String,
    },
    /// A file isn't what a store could have left behind.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The file system lacks something that a server can't work without.
    #[error(transparent)]
    UnusableFolder(#[from] UnusableFolder),
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

/// The data directory that a path leads into.
fn directory_of(path: &Path) -> &Path {
    let journal = path.ancestors().find(|path| path.file_name().is_some_and(|name| name == FOLDER));
    match journal {
        Some(journal) => journal.parent().unwrap_or(journal),
        None if path.is_dir() => path,
        None => path.parent().unwrap_or(path),
    }
}

/// A file that can't be trusted, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What has likely happened to it.
    pub kind: DamageKind,
    /// The file.
    pub file: PathBuf,
    /// The first byte that is wrong.
    pub byte: u64,
    /// What is wrong, and what has likely happened.
    pub cause: String,
}

/// What has likely happened to a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DamageKind {
    /// Another program has written a file, which may be whole, while the journal waited for it.
    Foreign,
    /// The text ends too early.
    CutOff,
    /// Bytes are zero.
    NulBytes,
    /// A second text, or the rest of an older one, follows the first.
    TwoRoots,
    /// Bytes aren't UTF-8.
    NotUtf8,
    /// The text isn't JSON for another reason: two programs may have written it at once.
    NotJson,
    /// A table isn't an object, or a row of it isn't.
    NoObject,
    /// A row has a name that is no number.
    RowName,
    /// The journal isn't what was written.
    Journal,
    /// A file of the journal is missing.
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

    /// The word for programs; it doesn't change.
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

    /// Whether it is said of a file in the journal's folder.
    fn is_of_journal(self) -> bool {
        matches!(self, Self::Journal | Self::JournalFileMissing | Self::Checkpoint | Self::Format)
    }
}

impl std::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.is_foreign() { "does not go with the journal" } else { "is damaged" };
        let (file, directory) = (self.file.display(), quoted(self.directory()));
        write!(
            f,
            "{file} {is} from byte {} on: {}. Nothing was changed. Run `goldstar check {directory}` \
             to see all that is wrong, and `goldstar salvage {directory} --out NEW` to bring what \
             can be read into a new directory; or put back what was there when Goldstar stopped.",
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

    /// Whether the file itself may be whole, and only doesn't go with the journal.
    pub fn is_foreign(&self) -> bool {
        self.kind == DamageKind::Foreign
    }

    /// The data directory that the file belongs to.
    pub fn directory(&self) -> &Path {
        let is_folder = |path: &&Path| path.file_name().is_some_and(|name| name == FOLDER);
        let folder = self.file.ancestors().find(is_folder).filter(|_| self.kind.is_of_journal());
        folder.unwrap_or(&self.file).parent().unwrap_or(Path::new("."))
    }

    /// Damage by which `text`, from `offset` in its file on, stops being JSON.
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

    /// A file that is whole, and in a form that neither Goldstar nor TinyDB reads.
    pub(crate) fn other_format(file: &Path, bytes: &[u8]) -> Option<Self> {
        let (kind, cause) = match bytes {
            [0xEF, 0xBB, 0xBF, ..] => {
                let cause = "it begins with a byte order mark, which an editor has put there, and \
                             which TinyDB doesn't read either: save it as UTF-8 without one";
                (DamageKind::NotJson, cause)
            }
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'{', 0, ..] | [0, b'{', ..] => {
                let cause = "it is in UTF-16, as an editor may save it: save it as UTF-8";
                (DamageKind::NotUtf8, cause)
            }
            [0x1F, 0x8B, ..] => (DamageKind::NotUtf8, "it is compressed with gzip: unpack it"),
            _ => return None,
        };
        Some(Self::new(kind, file, 0, cause))
    }

    /// A row under a name that is no number that a row can have.
    pub(crate) fn row_name(file: &Path, byte: u64) -> Self {
        let cause = format!("this row's name is no number from 0 to {}", Points::LIMIT);
        Self::new(DamageKind::RowName, file, byte, cause)
    }

    /// Damage by which a text, from `offset` in its file on, isn't UTF-8.
    pub(crate) fn not_utf8(file: impl Into<PathBuf>, offset: u64, error: Utf8Error) -> Self {
        let (kind, cause) = match error.error_len() {
            Some(_) => {
                let cause = "it holds bytes that are no UTF-8, as after a fault of the disk, or when \
                             a program wrote it in another encoding";
                (DamageKind::NotUtf8, cause)
            }
            None => (DamageKind::CutOff, "it was cut off in the middle of a character"),
        };
        Self::new(kind, file, offset + error.valid_up_to() as u64, cause)
    }
}

/// The error of a file that another program has written while this one runs. It may be shown to
/// anyone.
pub(crate) fn written_by_another(path: &Path) -> io::Error {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    io::Error::other(format!(
        "another program has written {name} while Goldstar runs, and so it is left as it is: stop \
         both, and let `goldstar salvage` bring together what they have written"
    ))
}

/// What has likely happened to a text that stops being JSON at that byte of its file, before `rest`.
fn likely_cause(byte: u64, rest: &[u8], fault: Fault) -> (DamageKind, &'static str) {
    let nul = DamageKind::NulBytes;
    if rest.first() == Some(&0) {
        return match rest.iter().position(|byte| *byte != 0) {
            _ if byte == 0 => (nul, "it begins with NUL bytes, as after a power cut"),
            None => (nul, "it goes on with NUL bytes alone, as after a power cut"),
            Some(_) => (nul, "NUL bytes stand in the middle of it, as after a power cut"),
        };
    }
    match fault {
        Fault::Ended => {
            let likely = "it was cut off, as after a crash in the middle of a rewrite or on a full \
                          disk";
            (DamageKind::CutOff, likely)
        }
        fault if fault.is_behind_the_end() => {
            let likely = if rest.first() == Some(&b'{') {
                "a second text follows the first, as after two programs wrote at once"
            } else {
                "the rest of an older, longer text follows the first, as after a rewrite that made \
                 the file shorter and was cut short itself, or after two programs wrote at once"
            };
            (DamageKind::TwoRoots, likely)
        }
        Fault::At { expected: "an opening brace", .. } => {
            (DamageKind::NoObject, "the file, its tables and their rows must be objects")
        }
        Fault::At { .. } => {
            let likely = "two programs may have written it at once, or it was edited by hand";
            (DamageKind::NotJson, likely)
        }
    }
}

/// A path as a shell takes it.
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
