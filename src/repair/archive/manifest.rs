use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The format of an archive that this version writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// The first entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of Goldstar that wrote it.
    pub goldstar: String,
    /// The archive contains what was committed then.
    pub created_at: String,
    /// The epoch of the events' numbers. A restore begins a new one.
    pub epoch: Option<String>,
    /// The number of rows of each file.
    pub rows: BTreeMap<String, u64>,
    /// The id of the last event.
    pub last_event: Option<String>,
}

impl Manifest {
    /// The manifest of a new archive.
    pub(super) fn new(
        created_at: String,
        epoch: Option<String>,
        rows: BTreeMap<String, u64>,
        last_event: Option<String>,
    ) -> Self {
        let goldstar = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, goldstar, created_at, epoch, rows, last_event }
    }

    /// Reads the entry. The error describes why this version cannot read the archive.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if manifest.format > FORMAT {
            let (format, version) = (manifest.format, &manifest.goldstar);
            return Err(format!("it has format {format} of Goldstar {version}, which is newer"));
        }
        Ok(manifest)
    }
}
