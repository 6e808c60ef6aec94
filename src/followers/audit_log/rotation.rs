/// Where the lines of the audit log go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditOutput {
    /// To a file of each account.
    #[default]
    Files,
    /// To the standard output, as JSON objects.
    Stdout,
    /// Nowhere.
    Off,
}

/// When a log is rotated, as by Python's `RotatingFileHandler`: never if either value is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A log is rotated before a line with which it would have this many bytes or more.
    pub max_bytes: u64,
    /// The number of rotated files per account (`.1` is the newest), at most [`Self::MAX_BACKUPS`].
    pub backups: u32,
}

impl Settings {
    /// The maximum number of rotated files per account: a rotation renames each of them.
    pub const MAX_BACKUPS: u32 = 1000;

    /// Like Python's `RotatingFileHandler.shouldRollover` since Python 3.13: an empty file is not
    /// rotated, even for a line longer than the limit.
    pub(super) fn rotates(self, end: u64, line_bytes: usize) -> bool {
        let Self { max_bytes, backups } = self;
        max_bytes > 0 && backups > 0 && end > 0 && end + line_bytes as u64 >= max_bytes
    }
}

impl Default for Settings {
    /// 10 MiB and five files.
    fn default() -> Self {
        Self { max_bytes: 10 << 20, backups: 5 }
    }
}
