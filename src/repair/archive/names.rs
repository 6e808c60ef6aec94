//! The names of the entries.

use std::path::{Component, Path};

/// The entry with the description of the archive, which is the first.
pub(super) const MANIFEST: &str = "manifest.json";
/// The entry with the checksums, which is the last.
pub(super) const CHECKSUMS: &str = "SHA256SUMS";
/// The folder of the data files.
pub(super) const DATA: &str = "data";
/// The folder of the logs.
pub(super) const LOGS: &str = "logs";

/// Whether a file in the log directory is a log of an account or of account deletion, or a rotated one.
pub(super) fn is_log(name: &str) -> bool {
    name.starts_with("tracking_user_") || name.starts_with("account_deletion.log")
}

/// Whether an archive may contain an entry with that name.
pub(super) fn is_expected(name: &Path) -> bool {
    let parts: Option<Vec<&str>> = name
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    match parts.as_deref() {
        Some([MANIFEST | CHECKSUMS]) => true,
        Some([DATA, name]) => Path::new(name).extension() == Some("json".as_ref()),
        Some([LOGS, name]) => is_log(name),
        _ => false,
    }
}
