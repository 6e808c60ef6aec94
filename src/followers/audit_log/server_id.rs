//! The id by which the servers on one database know a log directory.

use std::io;
use std::path::Path;

use uuid::Uuid;

use crate::clock::new_seed;
use crate::disk::{Disk, Open, read_exact_at};

/// The name of the file in the log directory.
pub const SERVER_ID: &str = "server_id";
/// An id with a line break is shorter.
const LONGEST: u64 = 64;

/// Returns the id of a log directory, which is created with a new one if it has none.
pub fn server_id(disk: &dyn Disk, folder: &Path) -> io::Result<Uuid> {
    disk.create_dir(folder)?;
    let file = disk.open(&folder.join(SERVER_ID), Open::Create)?;
    let length = file.len()?.min(LONGEST);
    if length == 0 {
        let id = new_seed();
        file.write_all_at(format!("{id}\n").as_bytes(), 0)?;
        file.sync()?;
        disk.sync_dir(folder)?;
        return Ok(id);
    }
    let mut text = vec![0; usize::try_from(length).unwrap_or_default()];
    read_exact_at(&*file, &mut text, 0)?;
    let id = str::from_utf8(&text).ok().and_then(|text| Uuid::parse_str(text.trim()).ok());
    id.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it contains no id: remove it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    #[test]
    fn a_log_directory_keeps_its_id() {
        let root = tempfile::tempdir().unwrap();
        let (one, other) = (root.path().join("one"), root.path().join("other"));
        let id = server_id(&RealDisk, &one).unwrap();
        assert_eq!(server_id(&RealDisk, &one).unwrap(), id);
        assert_ne!(server_id(&RealDisk, &other).unwrap(), id);
        std::fs::write(one.join(SERVER_ID), "not an id").unwrap();
        assert_eq!(server_id(&RealDisk, &one).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
