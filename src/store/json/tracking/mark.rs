use crate::store::json::tinydb::RowNumber;

/// The synced part of a tracking file, in a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The offset of the end of its last row.
    pub(crate) len: u64,
    /// CRC-32 of those bytes without the personal parts of each row, so that an anonymisation does not
    /// change it.
    pub(crate) crc: u32,
    /// The number of rows.
    pub(crate) rows: u64,
    /// The largest row number; 0 if there are no rows.
    pub(crate) last_row: RowNumber,
}

/// The part of the tracking file that an index describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) mark: Mark,
    /// The [`WholeChecksum`](super::whole::WholeChecksum) up to there.
    pub(crate) whole: u32,
}
