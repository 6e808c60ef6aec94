use std::borrow::Cow;
use std::sync::Arc;

use super::forms::{Form, Forms};
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::{Record, is_new_row, merge, new_row, new_text, text_of};

/// A row: its text, and its record if it is one. The text is not kept if it can be written from the record.
pub(super) enum Row<R> {
    /// It equals the [`new_row`] of its record, as most do.
    New(Arc<R>),
    /// It has another form.
    Other(Arc<Other<R>>),
    /// It is not a record of this kind.
    Unreadable(Arc<str>),
}

/// A row of another form.
pub(super) struct Other<R> {
    record: Arc<R>,
    text: Text,
}

#[derive(Clone)]
enum Text {
    /// That of the record with these fields.
    Of(Form),
    /// Some value has a form that its record does not write.
    Kept(Box<str>),
}

/// Copies a pointer, whatever the kind of record.
impl<R> Clone for Row<R> {
    fn clone(&self) -> Self {
        match self {
            Self::New(record) => Self::New(Arc::clone(record)),
            Self::Other(row) => Self::Other(Arc::clone(row)),
            Self::Unreadable(text) => Self::Unreadable(Arc::clone(text)),
        }
    }
}

impl<R> Row<R> {
    pub(super) fn record(&self) -> Option<&Arc<R>> {
        match self {
            Self::New(record) => Some(record),
            Self::Other(row) => Some(&row.record),
            Self::Unreadable(_) => None,
        }
    }
}

impl<R: Record> Row<R> {
    /// Reads a row. `prepare` may change how its record is kept, but not its values.
    pub(super) fn parse(text: &str, forms: &mut Forms, prepare: impl FnOnce(&mut R)) -> Self {
        let fields = Fields::parse(text).ok();
        let Some(mut record) = fields.and_then(|fields| R::decode(&fields).ok()) else {
            return Self::Unreadable(text.into());
        };
        prepare(&mut record);
        Self::of(text, record, forms)
    }

    fn of(text: &str, record: R, forms: &mut Forms) -> Self {
        if is_new_row(text, &record) {
            return Self::New(Arc::new(record));
        }
        let form = forms.find(text, &record);
        let text = form.map_or_else(|| Text::Kept(text.into()), Text::Of);
        Self::Other(Arc::new(Other { record: Arc::new(record), text }))
    }

    /// The row after a change of its record, and its text.
    pub(super) fn change(&self, record: R, forms: &mut Forms) -> (Self, Arc<str>) {
        match self {
            Self::Other(row) => {
                let text = merge(&self.text(), &*row.record, &record);
                (Self::of(&text, record, forms), text)
            }
            Self::New(_) | Self::Unreadable(_) => {
                let text = new_row(&record);
                (Self::New(Arc::new(record)), text)
            }
        }
    }

    /// The row with another record, which writes the same text.
    pub(super) fn with(&self, record: R) -> Self {
        let row = match self {
            Self::New(_) => Self::New(Arc::new(record)),
            Self::Other(row) => {
                let text = row.text.clone();
                Self::Other(Arc::new(Other { record: Arc::new(record), text }))
            }
            Self::Unreadable(text) => Self::Unreadable(Arc::clone(text)),
        };
        debug_assert_eq!(row.text(), self.text(), "only fields of other files change");
        row
    }

    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::New(record) => Cow::Owned(new_text(&**record)),
            Self::Other(row) => match &row.text {
                Text::Of(form) => Cow::Owned(text_of(&*row.record, form)),
                Text::Kept(text) => Cow::Borrowed(text),
            },
            Self::Unreadable(text) => Cow::Borrowed(text),
        }
    }
}
