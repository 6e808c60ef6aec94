//! The marks of occurrences, of which a transaction loads only those that it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio_postgres::{GenericClient, Row};

use super::connect::rows;
use super::copy::storable;
use super::error::Failure;
use super::sql;
use crate::domain::calendar::Day;
use crate::domain::schedule::{Mark, MarkKey};
use crate::store::{Change, Changes};

/// The marks that are needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WantedMarks {
    /// All from this day on.
    since: Option<Day>,
    keys: BTreeSet<Arc<str>>,
    /// All whose keys contain one of these texts.
    parts: BTreeSet<Arc<str>>,
}

impl WantedMarks {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn add_since(&mut self, day: Day) {
        self.since = Some(self.since.map_or(day, |since| since.min(day)));
    }

    pub(super) fn add(&mut self, other: Self) {
        if let Some(day) = other.since {
            self.add_since(day);
        }
        self.keys.extend(other.keys);
        self.parts.extend(other.parts);
    }

    /// What changes need in addition.
    pub(super) fn missing_for(&self, changes: &Changes) -> Self {
        let mut missing = Self::default();
        for change in &changes.records {
            match change {
                Change::PutMark(Mark { key, .. }) | Change::RemoveMark(_, key) => {
                    missing.keys.extend(self.unknown(key));
                }
                Change::RemoveChild(id) => {
                    _ = missing.parts.insert(format!("/{}:{id}/", id.as_str().len()).into());
                }
                Change::RemoveTask(id) => _ = missing.parts.insert(format!("/{id}").into()),
                _ => {}
            }
        }
        missing.parts.retain(|part| !self.parts.contains(part));
        missing
    }

    fn unknown(&self, key: &MarkKey) -> Option<Arc<str>> {
        let is_known = self.since.is_some_and(|day| key.day >= day);
        let text = (!is_known).then(|| Arc::from(key.to_string()))?;
        Some(text).filter(|text| !self.keys.contains(text))
    }

    /// The rows of the marks of families. As with reversals, they may be of a later moment.
    pub(super) async fn load(
        &self,
        client: &impl GenericClient,
        families: &[i64],
    ) -> Result<Vec<Row>, Failure> {
        let texts = |set: &BTreeSet<Arc<str>>| -> Vec<String> {
            set.iter().map(|text| storable((&**text).into()).into_owned()).collect()
        };
        let since = self.since.map(|day| day.to_string());
        let (keys, parts) = (texts(&self.keys), texts(&self.parts));
        rows(client, &sql::MARKS, &[&families, &since, &keys, &parts]).await
    }
}
