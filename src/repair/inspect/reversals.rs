//! Compares reversals with the events that they reverse.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::{Finding, FindingKind};
use crate::domain::{Action, EntityType};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tracking;

/// A hash of what an event and its reversal have in common; `None` for an event that cannot be reversed.
pub(super) type Digest = Option<u32>;

/// The part of an event that a reversal repeats.
pub(super) struct Compared<'a> {
    pub(super) child_id: &'a str,
    pub(super) kind: (EntityType, Action),
    pub(super) fields: &'a Fields<'a>,
}

/// The reversals of a history, in its order.
#[derive(Default)]
pub(super) struct Reversals(Vec<Reversal>);

struct Reversal {
    row: RowNumber,
    byte: Option<u64>,
    /// The id of the reversed event.
    reversed: Box<str>,
    /// That of the reversed event.
    digest: Digest,
}

impl Compared<'_> {
    /// The digest of an event that can be reversed.
    pub(super) fn digest(&self) -> Digest {
        let is_reversible = matches!(self.kind.1, Action::Activated | Action::Redeemed);
        let delta = self.fields.integer("delta").ok().filter(|_| is_reversible)?;
        Some(self.digest_with(delta))
    }

    /// The digest of the event that this one reverses. `None` if its delta is not a part of the opposite one.
    fn reversed_digest(&self) -> Digest {
        let delta = self.fields.integer("delta").ok()?;
        let metadata = Fields::parse(self.fields.raw("metadata")?).ok()?;
        let whole = metadata.optional_integer("requested_delta").unwrap_or(delta);
        let is_part = delta.signum() * whole.signum() >= 0 && delta.abs() <= whole.abs();
        is_part.then(|| self.digest_with(whole.saturating_neg()))
    }

    fn digest_with(&self, delta: i64) -> u32 {
        let mut hasher = DefaultHasher::new();
        let entity_id = self.fields.text("entity_id").unwrap_or_default();
        (self.child_id, self.kind.0, &*entity_id, delta).hash(&mut hasher);
        (hasher.finish() >> 32) as u32
    }
}

impl Reversals {
    pub(super) fn add(
        &mut self,
        reversed: &str,
        event: &Compared<'_>,
        row: RowNumber,
        byte: Option<u64>,
    ) {
        let digest = event.reversed_digest();
        self.0.push(Reversal { row, byte, reversed: reversed.into(), digest });
    }

    /// Reports the wrong ones. `find` returns the row and the digest of the event with an id; `knows_events`
    /// is true if a missing event does not exist.
    pub(super) fn finish(
        self,
        find: impl Fn(&str) -> Option<(RowNumber, Digest)>,
        knows_events: bool,
        findings: &mut Vec<Finding>,
    ) {
        let mut first: HashMap<&str, RowNumber> = HashMap::new();
        for Reversal { row, byte, reversed, digest } in &self.0 {
            let earlier = *first.entry(reversed).or_insert(*row);
            let message = match find(reversed) {
                None if !knows_events => continue,
                None => format!("it reverses the event {reversed}, which doesn't exist"),
                Some((of, _)) if of >= *row => {
                    format!("it reverses row {of}, which was written after it")
                }
                Some((of, _)) if earlier != *row => {
                    format!("it reverses row {of}, which row {earlier} has reversed already")
                }
                Some((of, found)) if found.is_none() || found != *digest => format!(
                    "it reverses row {of}, and does not have the same child, the same task or reward and \
                     the opposite delta"
                ),
                Some(_) => continue,
            };
            let kind = FindingKind::WrongReversal;
            findings.push(Finding::of_row(kind, tracking::FILE, *row, *byte, message));
        }
    }
}
