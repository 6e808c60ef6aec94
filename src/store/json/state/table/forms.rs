use std::sync::Arc;

use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::{Record, text_of};

/// The names of a row's fields as JSON text, in their order.
pub(super) type Form = Arc<[Box<str>]>;

/// The forms of a table's rows, apart from that of a new row. The rows of one program have few.
#[derive(Clone, Default)]
pub(super) struct Forms(Arc<Vec<Form>>);

impl Forms {
    /// More are not looked for, so that a table with a form for each row is read in time.
    const MOST: usize = 32;

    /// The form of a row, if the row's text can be written from the form and the record.
    pub(super) fn find<R: Record>(&mut self, text: &str, record: &R) -> Option<Form> {
        let fields = Fields::parse(text).ok()?;
        let is_its = |form: &&Form| fields.raw_names().eq(form.iter().map(|name| &**name));
        let known = self.0.iter().find(is_its).cloned();
        let is_new = known.is_none();
        if is_new && self.0.len() == Self::MOST {
            return None;
        }
        let form = known.unwrap_or_else(|| fields.raw_names().map(Box::from).collect());
        if text_of(record, &form) != text {
            return None;
        }
        if is_new {
            Arc::make_mut(&mut self.0).push(Arc::clone(&form));
        }
        Some(form)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
