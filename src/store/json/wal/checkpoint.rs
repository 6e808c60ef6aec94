//! The checkpoint: where the replay of the write-ahead log starts, and the files that it starts
//! from.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::segment::Link;
use crate::disk::{Disk, read_if_exists, replace};
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::tinydb::file::{FileChecksum, TableFiles};
use crate::store::json::tracking::Mark;

const FORMAT: u32 = 1;

/// The contents of `journal/checkpoint.json`: everything before its position is in the files,
/// synced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    format: u32,
    epoch: u64,
    sequence: u64,
    previous_crc: u32,
    tracking_len: u64,
    tracking_crc: u32,
    tracking_rows: u64,
    tracking_last_row: u64,
    /// The length and the CRC-32 of each small table's file that exists.
    tables: BTreeMap<String, (u64, u32)>,
    /// The cursor of each follower, by its name.
    pub(crate) sinks: BTreeMap<String, String>,
    /// The first versions read the latest time of an event here. Always null.
    latest_event_micros: Option<i64>,
    /// CRC-32 of this file with null in this place. The first versions wrote none.
    #[serde(default)]
    crc: Option<u32>,
}

impl Checkpoint {
    pub(crate) fn new(
        link: Link,
        tracking: Mark,
        files: &TableFiles,
        cursors: BTreeMap<String, String>,
    ) -> Self {
        let checksums =
            files.iter().filter_map(|(file, contents)| Some((*file, contents.checksum?)));
        Self {
            format: FORMAT,
            epoch: link.epoch,
            sequence: link.sequence,
            previous_crc: link.previous,
            tracking_len: tracking.len,
            tracking_crc: tracking.crc,
            tracking_rows: tracking.rows,
            tracking_last_row: tracking.last_row,
            tables: checksums
                .map(|(file, checksum)| (file.to_owned(), (checksum.len, checksum.crc)))
                .collect(),
            sinks: cursors,
            latest_event_micros: None,
            crc: None,
        }
    }

    /// The small table's file at the checkpoint; `None` if it did not exist.
    pub(crate) fn table(&self, file: &str) -> Option<FileChecksum> {
        self.tables.get(file).map(|(len, crc)| FileChecksum { len: *len, crc: *crc })
    }

    /// The position of the first frame to replay.
    pub(crate) fn link(&self) -> Link {
        Link { epoch: self.epoch, sequence: self.sequence, previous: self.previous_crc }
    }

    /// The tracking file at the checkpoint.
    pub(crate) fn tracking(&self) -> Mark {
        Mark {
            len: self.tracking_len,
            crc: self.tracking_crc,
            rows: self.tracking_rows,
            last_row: self.tracking_last_row,
        }
    }

    /// Reads the checkpoint; `None` if there is none.
    pub(crate) fn load(disk: &dyn Disk, folder: &Path) -> Result<Option<Self>, OpenError> {
        let path = path(folder);
        let Some(bytes) = read_if_exists(disk, &path).map_err(OpenError::io(&path))? else {
            return Ok(None);
        };
        let damaged = |cause| Err(Damage::new(DamageKind::Checkpoint, &path, 0, cause).into());
        let read = serde_json::from_slice(&bytes);
        match read.and_then(|checkpoint: Self| Ok((checkpoint.checksum()?, checkpoint))) {
            Ok((_, Self { format, .. })) if format != FORMAT => {
                damaged(format!("it has the format {format} of another version"))
            }
            Ok((checksum, Self { crc: Some(crc), .. })) if crc != checksum => {
                damaged("its checksum is wrong: its bytes have changed".to_owned())
            }
            Ok((_, checkpoint)) if !checkpoint.link().is_possible() => {
                damaged("its numbers are larger than any journal's".to_owned())
            }
            Ok((_, checkpoint)) => Ok(Some(checkpoint)),
            Err(error) => damaged(format!("it can't be read: {error}")),
        }
    }

    fn checksum(&self) -> serde_json::Result<u32> {
        let bytes = serde_json::to_vec(&Self { crc: None, ..self.clone() })?;
        Ok(crc32fast::hash(&bytes))
    }

    /// Replaces the checkpoint, durably.
    pub(crate) fn save(&self, disk: &dyn Disk, folder: &Path) -> io::Result<()> {
        let checkpoint = Self { crc: Some(self.checksum()?), ..self.clone() };
        replace(disk, &path(folder), &serde_json::to_vec(&checkpoint)?)
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("checkpoint.json")
}
