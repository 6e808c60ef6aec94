use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crate::domain::UserId;
use crate::store::json::damage::Damage;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::RowImage;

/// Returns an equal id of an account, whose text others use, too.
pub(super) type Owner<'a> = dyn Fn(&UserId) -> UserId + Sync + 'a;

/// A table for the log and the files, whatever its records are.
pub(crate) trait AnyTable: Send {
    /// The table's file.
    fn file(&self) -> &'static str;
    /// Reads the contents of the table's file; empty contents give an empty table. A damaged file changes
    /// nothing. `owner` returns an equal id, whose text the records share.
    fn read(&mut self, path: &Path, bytes: &[u8], owner: &Owner<'_>) -> Result<(), Damage>;
    /// Sets a row's text, or removes the row.
    fn set(&mut self, number: RowNumber, text: Option<Arc<str>>);
    /// Removes the rows of an account that no key finds.
    fn remove_strays_of(&mut self, user_id: &str) -> Vec<RowImage>;
    /// Grows with every change.
    fn version(&self) -> u64;
    /// The whole file.
    fn file_text(&self) -> String;
    /// The other tables of the file, as JSON members before and after this one.
    fn around(&self) -> (&str, &str);
    /// The number of rows that are not records of this kind.
    fn unreadable_rows(&self) -> usize;
    /// The number of rows.
    fn len(&self) -> usize;
    /// The text of each row, in the order of their numbers.
    fn texts(&self) -> Box<dyn Iterator<Item = (RowNumber, Cow<'_, str>)> + '_>;
    /// The rows that no key finds, and the reason.
    fn strays(&self) -> Vec<(RowNumber, Stray)>;
}

/// The reason why no key finds a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stray {
    /// It is not a record of this kind.
    Unreadable(String),
    /// An earlier row has its key.
    Repeated(RowNumber),
}
