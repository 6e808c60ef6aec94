//! The file `journal/followers`: how far the followers have come, synced or not.
//!
//! A checkpoint records what is durable. After a kill, more than that is written, and other
//! programs may have moved or removed the files since. With this note the next process does not
//! write the same lines again. It is overwritten in place, never synced, and valid until the machine
//! restarts.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, DiskFile, Open, read_if_exists};

const NAME: &str = "followers";
/// The length of the file, in bytes. It is fixed, so that a full disk has room for it.
const LEN: usize = 4096;

/// The state of each follower, by its name.
pub(crate) type Texts = BTreeMap<String, String>;

#[derive(Serialize, Deserialize)]
struct Contents {
    /// See [`Disk::boot_id`].
    run: String,
    sinks: Texts,
}

/// Writes the note.
pub(crate) struct Reached {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Option<Arc<dyn DiskFile>>,
    /// `None` if the boot id is unknown: then no note is written.
    run: Option<String>,
    texts: Texts,
    failing: bool,
}

impl Reached {
    pub(crate) fn new(disk: Arc<dyn Disk>, folder: &Path) -> Self {
        let run = disk.boot_id();
        let path = folder.join(NAME);
        Self { disk, path, file: None, run, texts: Texts::new(), failing: false }
    }

    /// Writes the state of a follower. If that fails, the older note stays valid.
    pub(crate) fn note(&mut self, follower: &str, text: String) {
        let Some(run) = self.run.clone() else { return };
        self.texts.insert(follower.to_owned(), text);
        let written = self.write(&Contents { run, sinks: self.texts.clone() });
        let failed = written.is_err();
        if let Err(error) = written
            && !self.failing
        {
            tracing::debug!(%error, "the state of the followers can't be written");
        }
        self.failing = failed;
    }

    /// Removes the note: after a clean stop, the checkpoint has everything.
    pub(crate) fn remove(self) -> io::Result<()> {
        match self.disk.remove(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn write(&mut self, contents: &Contents) -> io::Result<()> {
        let mut block = render(contents)?;
        if block.len() > LEN {
            // Unusually long ids do not fit; an empty note is valid.
            block.clear();
        }
        block.resize(LEN, b' ');
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(self.disk.open(&self.path, Open::Truncate)?),
        };
        file.write_all_at(&block, 0)
    }
}

/// Two lines: a checksum, and the text that it covers.
fn render(contents: &Contents) -> io::Result<Vec<u8>> {
    let text = serde_json::to_string(contents)?;
    Ok(format!("{:08x}\n{text}\n", crc32fast::hash(text.as_bytes())).into_bytes())
}

/// Reads the note of a killed process; empty if the machine has restarted since.
pub(crate) fn read(disk: &dyn Disk, folder: &Path) -> Texts {
    let Some(run) = disk.boot_id() else { return Texts::new() };
    let bytes = match read_if_exists(disk, &folder.join(NAME)) {
        Ok(bytes) => bytes.unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, "the state of the followers can't be read");
            return Texts::new();
        }
    };
    let contents = parse(&bytes).filter(|contents| contents.run == run);
    contents.map(|contents| contents.sinks).unwrap_or_default()
}

fn parse(bytes: &[u8]) -> Option<Contents> {
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    let (checksum, text) = (lines.next()?, lines.next()?);
    let checksum = u32::from_str_radix(checksum, 16).ok()?;
    if crc32fast::hash(text.as_bytes()) != checksum {
        return None;
    }
    serde_json::from_str(text).ok()
}
