use std::path::PathBuf;

use crate::disk::Disk;
use crate::domain::ErasureList;
use crate::repair::erase::Erased;
use crate::repair::inspect::{CheckReport, Examined};

/// What is imported.
pub(crate) struct ImportSource {
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) data: PathBuf,
    pub(crate) report: CheckReport,
    pub(crate) examined: Examined,
    pub(crate) list: Option<ErasureList>,
    /// The accounts whose events lose their personal parts; their records are removed already.
    pub(crate) erased: Option<Erased>,
}
