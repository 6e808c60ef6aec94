//! What the forms of records have in common.

use serde::Deserialize;

use crate::domain::Icon;

/// The part of an address that belongs to a form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wanted {
    /// Where to go afterwards.
    pub(in crate::web) next: Option<String>,
    /// Whether something was saved just now.
    saved: Option<String>,
}

impl Wanted {
    pub(in crate::web) fn is_saved(&self) -> bool {
        self.saved.is_some()
    }
}

/// A record that a family can create with one tap.
#[derive(Clone, Debug)]
pub(in crate::web) struct Suggestion {
    pub(in crate::web) name: &'static str,
    pub(in crate::web) icon: &'static str,
    /// The points that it gives, takes or costs.
    pub(in crate::web) points: i64,
    /// With the sign.
    pub(in crate::web) shown: String,
    pub(in crate::web) class: &'static str,
    /// Whether the family has one with this name.
    pub(in crate::web) is_there: bool,
    pub(in crate::web) key: String,
}

/// The name of an icon; empty for none.
pub(in crate::web) fn icon_name(icon: Option<Icon>) -> String {
    icon.map_or("", Icon::as_str).to_owned()
}
