use std::sync::Arc;

use imbl::OrdMap;

use crate::domain::{EventId, TrackingEvent};
use crate::store::json::tracking::id_hash;

/// The reversals of events. Clones are cheap: they share what is equal.
///
/// The index of the history knows only the hashes of ids, so the hash is the first part of the key.
#[derive(Clone, Default)]
pub(crate) struct Reversals(OrdMap<(u32, Arc<str>), EventId>);

impl Reversals {
    /// Adds a reversal by the id of the event that it reverses. The first one counts.
    pub(crate) fn insert(&mut self, reversed: &str, reversal: &EventId) {
        self.0.entry((id_hash(reversed), reversed.into())).or_insert_with(|| reversal.clone());
    }

    /// Adds an event, if it is a reversal.
    pub(crate) fn note(&mut self, event: &TrackingEvent) {
        if let Some(reversed) = event.reverses() {
            self.insert(reversed, &event.id);
        }
    }

    /// The reversal of the event with that id.
    pub(crate) fn get(&self, reversed: &str) -> Option<&EventId> {
        self.0.get(&(id_hash(reversed), reversed.into()))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The id of each reversed event, and that of its reversal.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &EventId)> {
        self.0.iter().map(|((_, reversed), reversal)| (&**reversed, reversal))
    }

    /// Whether an event whose id has that hash is reversed.
    pub(crate) fn has_hash(&self, hash: u32) -> bool {
        let first = self.0.range((hash, Arc::from(""))..).next();
        first.is_some_and(|((found, _), _)| *found == hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversals_are_found_by_the_id_or_its_hash() {
        let mut reversals = Reversals::default();
        reversals.insert("one", &"first".into());
        reversals.insert("one", &"second".into());
        assert_eq!(reversals.get("one"), Some(&"first".into()));
        assert_eq!(reversals.get("two"), None);
        assert!(reversals.has_hash(id_hash("one")));
        assert!(!reversals.has_hash(id_hash("two")));
        assert!(!reversals.has_hash(id_hash("one").wrapping_sub(1)));
    }
}
