//! Reads an archive. Nothing of it is trusted: only regular files with expected names, each once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tar::{Entry, EntryType};

use super::disk::ArchiveDisk;
use super::error::ArchiveError;
use super::manifest::Manifest;
use super::names::{CHECKSUMS, DATA, MANIFEST, is_expected};
use super::write::push_sum;
use crate::disk::{Disk as _, Open, RealDisk};
use crate::domain::{ErasureList, IdempotencyRecord, Session, Timestamp};
use crate::repair::inspect::{CheckReport, Examined, examine_unlocked};
use crate::repair::transfer::{damage_in, directory_erasures};
use crate::store::json::progress::Progress;
use crate::store::json::tinydb::record::Record as _;

/// The largest manifest and list of checksums.
const LARGEST_TEXT: u64 = 64 << 20;

/// An archive whose checksums are right.
pub struct Archive {
    pub(super) path: PathBuf,
    manifest: Manifest,
    disk: ArchiveDisk,
}

/// What a pass over the archive has found.
#[derive(Default)]
struct Found {
    /// The place of each entry: its offset and its length.
    places: BTreeMap<PathBuf, (u64, u64)>,
    /// The checksum of each entry, in the form of the last entry.
    sums: String,
    manifest: Option<Manifest>,
    is_complete: bool,
}

impl Archive {
    /// Reads an archive, and compares the checksums.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = RealDisk.open(path, Open::Read).map_err(ArchiveError::unreadable(path))?;
        let reader = File::open(path).map_err(ArchiveError::unreadable(path))?;
        let found =
            read(io::BufReader::with_capacity(1 << 20, reader)).map_err(|error| {
                match error.kind() {
                    io::ErrorKind::InvalidData
                    | io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::Other => {
                        ArchiveError::Invalid { path: path.to_owned(), fault: error.to_string() }
                    }
                    _ => ArchiveError::unreadable(path)(error),
                }
            })?;
        let invalid =
            |fault: &str| ArchiveError::Invalid { path: path.to_owned(), fault: fault.to_owned() };
        let Found { places, manifest: Some(manifest), is_complete: true, .. } = found else {
            return Err(invalid("its end is missing"));
        };
        let disk = ArchiveDisk::new(file, places);
        Ok(Self { path: path.to_owned(), manifest, disk })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its entries as files.
    pub(super) fn disk(&self) -> ArchiveDisk {
        self.disk.clone()
    }

    /// The names of the entries in a folder.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        self.disk.file_names(Path::new(folder)).unwrap_or_default()
    }

    /// The list of deleted accounts at the time of the backup.
    pub fn erasures(&self) -> Result<ErasureList, ArchiveError> {
        let list = directory_erasures(&self.disk, Path::new(DATA))?;
        list.ok_or_else(|| self.invalid("it has no erasure list"))
    }

    /// Examines the records and events. Fails if no server would start on them.
    pub(super) fn examine(
        &self,
        now: Timestamp,
        progress: &Progress,
    ) -> Result<(CheckReport, Examined), ArchiveError> {
        let (report, examined) =
            examine_unlocked(&self.disk, Path::new(DATA), now, progress, false)?;
        if let Some(faults) = damage_in(&report) {
            return Err(ArchiveError::Damaged { path: self.path.clone(), faults });
        }
        self.check_counts(&report)?;
        self.erasures()?;
        Ok((report, examined))
    }

    /// Compares the numbers of rows.
    pub(super) fn check_counts(&self, report: &CheckReport) -> Result<(), ArchiveError> {
        for table in &report.tables {
            let left_out = [Session::FILE, IdempotencyRecord::FILE].contains(&table.file);
            let expected = self.manifest.rows.get(table.file).copied().unwrap_or_default();
            let rows = table.rows.map(|rows| rows as u64);
            if !left_out && rows.is_some_and(|rows| rows != expected) {
                return Err(self.invalid("the numbers of rows are not those of its manifest"));
            }
        }
        Ok(())
    }

    pub(super) fn invalid(&self, fault: &str) -> ArchiveError {
        ArchiveError::Invalid { path: self.path.clone(), fault: fault.to_owned() }
    }
}

fn read(reader: impl Read) -> io::Result<Found> {
    let mut archive = tar::Archive::new(reader);
    let mut found = Found::default();
    for entry in archive.entries()? {
        found.add(entry?)?;
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, mut entry: Entry<'_, impl Read>) -> io::Result<()> {
        let name = entry.path()?.into_owned();
        let fault = |what: &str| Err(invalid(&format!("its entry {:?} {what}", name.display())));
        if entry.header().entry_type() != EntryType::Regular {
            return fault("is not a regular file");
        }
        let is_first = self.places.is_empty();
        if self.is_complete || !is_expected(&name) || is_first != (name == Path::new(MANIFEST)) {
            return fault("is not expected there");
        }
        let place = (entry.raw_file_position(), entry.size());
        if self.places.insert(name.clone(), place).is_some() {
            return fault("occurs twice");
        }
        if name == Path::new(CHECKSUMS) {
            if text(&mut entry)? != self.sums.as_bytes() {
                return Err(invalid("its checksums are wrong: its bytes have changed"));
            }
            self.is_complete = true;
            return Ok(());
        }
        let sum = if is_first {
            let text = text(&mut entry)?;
            self.manifest = Some(Manifest::parse(&text).map_err(|fault| invalid(&fault))?);
            Sha256::digest(&text)
        } else {
            let mut hash = Sha256::new();
            let mut piece = vec![0; 1 << 16];
            let mut len = 0;
            loop {
                let count = entry.read(&mut piece)?;
                if count == 0 {
                    break;
                }
                len += count as u64;
                hash.update(&piece[..count]);
            }
            if len != place.1 {
                return Err(invalid("its end is missing"));
            }
            hash.finalize()
        };
        push_sum(&mut self.sums, &sum, &name.to_string_lossy());
        Ok(())
    }
}

fn text(entry: &mut Entry<'_, impl Read>) -> io::Result<Vec<u8>> {
    if entry.size() > LARGEST_TEXT {
        return Err(invalid("it has an entry of an impossible size"));
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text)?;
    Ok(text)
}

fn invalid(fault: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}
