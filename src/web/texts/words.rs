//! Texts with numbers and names in them.

use std::borrow::Borrow;
use std::fmt::Display;

use crate::http::language::PageLanguage;

/// The forms of a text for one and for several. `{0}` is replaced by the number.
#[derive(Clone, Copy)]
pub(in crate::web) struct Counted(pub(in crate::web) [&'static str; 2]);

impl Counted {
    /// Templates have references to their fields.
    pub(in crate::web) fn of(
        self,
        number: impl Borrow<i64>,
        language: impl Borrow<PageLanguage>,
    ) -> String {
        let (number, language) = (*number.borrow(), *language.borrow());
        fill(self.0[usize::from(number.unsigned_abs() != 1)], &[&language.number(number)])
    }
}

/// Replaces `{0}`, `{1}` and so on.
pub(in crate::web) fn fill(text: &str, values: &[&dyn Display]) -> String {
    let mut filled = text.to_owned();
    for (place, value) in values.iter().enumerate() {
        filled = filled.replace(&format!("{{{place}}}"), &value.to_string());
    }
    filled
}
