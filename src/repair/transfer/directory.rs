//! Writes a new directory under a temporary name, so that an interrupted export does not look
//! complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::TransferError;
use crate::disk::{Disk, DiskFile, Open, RealDisk, UnnamedFiles};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::push_row_name;

/// The bytes that are written at once.
const PIECE: usize = 1 << 20;

/// The new directory under its temporary name.
pub(in crate::repair) struct NewDirectory {
    disk: Arc<dyn Disk>,
    to: PathBuf,
    partial: PathBuf,
    is_done: bool,
}

impl Drop for NewDirectory {
    /// Removes an interrupted export.
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = fs::remove_dir_all(&self.partial)
        {
            tracing::error!(folder = %self.partial.display(), %error, "could not be removed");
        }
    }
}

impl NewDirectory {
    /// Starts a directory at `to`. An existing one must be empty.
    pub(in crate::repair) fn begin(to: &Path) -> Result<Self, TransferError> {
        match fs::read_dir(to).map(Iterator::count) {
            Ok(0) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => return Err(TransferError::Exists(to.to_owned())),
        }
        let Some(name) = to.file_name() else { return Err(TransferError::Exists(to.to_owned())) };
        let mut name = name.to_owned();
        name.push(".partial");
        let partial = to.with_file_name(name);
        if fs::symlink_metadata(&partial).is_ok() {
            return Err(TransferError::Leftover(partial));
        }
        RealDisk.create_dir(&partial).map_err(TransferError::io(&partial))?;
        Ok(Self { disk: Arc::new(RealDisk), to: to.to_owned(), partial, is_done: false })
    }

    /// A directory of files without names.
    pub(super) fn unnamed(files: Arc<UnnamedFiles>) -> Self {
        let folder = files.folder().to_owned();
        Self { disk: files, to: folder.clone(), partial: folder, is_done: true }
    }

    /// Starts a file.
    pub(in crate::repair) fn create(&self, name: &str) -> Result<NewFile, TransferError> {
        let is_plain = Path::new(name).file_name() == Some(name.as_ref());
        if !is_plain {
            return Err(TransferError::FileName(name.to_owned()));
        }
        let path = self.partial.join(name);
        let file = self.disk.open(&path, Open::Truncate).map_err(TransferError::io(&path))?;
        Ok(NewFile { path, file, offset: 0, buffer: Vec::new() })
    }

    /// Gives the directory its final name, durably.
    pub(in crate::repair) fn finish(mut self) -> Result<(), TransferError> {
        RealDisk.sync_dir(&self.partial).map_err(TransferError::io(&self.partial))?;
        RealDisk.rename(&self.partial, &self.to).map_err(TransferError::io(&self.to))?;
        self.is_done = true;
        let parent = self.to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        RealDisk.sync_dir(parent).map_err(TransferError::io(parent))
    }
}

/// A file that is written from start to end.
pub(in crate::repair) struct NewFile {
    pub(in crate::repair) path: PathBuf,
    file: Arc<dyn DiskFile>,
    offset: u64,
    buffer: Vec<u8>,
}

impl NewFile {
    pub(in crate::repair) fn push(&mut self, text: &str) -> Result<(), TransferError> {
        self.push_bytes(text.as_bytes())
    }

    pub(in crate::repair) fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), TransferError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), TransferError> {
        let written = self.file.write_all_at(&self.buffer, self.offset);
        written.map_err(TransferError::io(&self.path))?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the rest, and makes the file durable.
    pub(in crate::repair) fn finish(mut self) -> Result<(), TransferError> {
        self.write()?;
        self.file.sync().map_err(TransferError::io(&self.path))
    }
}

/// A TinyDB file that is written row by row.
pub(in crate::repair) struct NewTable {
    pub(in crate::repair) file: NewFile,
    /// The number of rows.
    pub(in crate::repair) rows: RowNumber,
}

impl NewTable {
    /// `before` is the text of the tables before the default table.
    pub(in crate::repair) fn begin(mut file: NewFile, before: &str) -> Result<Self, TransferError> {
        file.push("{")?;
        file.push(before)?;
        file.push("\"_default\": {")?;
        Ok(Self { file, rows: 0 })
    }

    /// Adds a row; returns its number.
    pub(in crate::repair) fn push(&mut self, text: &str) -> Result<RowNumber, TransferError> {
        self.rows += 1;
        let mut name = String::new();
        push_row_name(&mut name, self.rows, self.rows == 1);
        self.file.push(&name)?;
        self.file.push(text)?;
        Ok(self.rows)
    }

    pub(in crate::repair) fn finish(mut self, after: &str) -> Result<(), TransferError> {
        self.file.push("}")?;
        self.file.push(after)?;
        self.file.push("}")?;
        self.file.finish()
    }
}
