//! The lines of a history.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::moments::{Moment, Moments};
use super::{sign_class, signed};
use crate::domain::{Member, Timestamp};
use crate::http::language::PageLanguage;
use crate::service::ServiceError;
use crate::store::FoundEvents;
use crate::web::texts::{Texts, fill};

/// An event, as a page shows it.
#[derive(Clone, Debug)]
pub(in crate::web) struct EventLine {
    pub(in crate::web) id: String,
    pub(in crate::web) child_id: String,
    pub(in crate::web) moment: Moment,
    pub(in crate::web) icon: &'static str,
    /// What happened.
    pub(in crate::web) text: String,
    pub(in crate::web) note: Option<String>,
    /// Who did it.
    pub(in crate::web) by: String,
    /// The change of the points; empty if they did not change.
    pub(in crate::web) delta: String,
    pub(in crate::web) delta_class: &'static str,
    /// The event that reverses this one.
    pub(in crate::web) reversed_by: Option<String>,
    /// The event that this one reverses.
    pub(in crate::web) reverses: Option<String>,
    /// Whether a parent can undo it.
    pub(in crate::web) can_undo: bool,
}

/// The fields of an event that a page shows.
#[derive(Deserialize)]
struct Row {
    id: String,
    child_id: String,
    entity_type: String,
    action: String,
    delta: i64,
    occurred_at: String,
    metadata: Option<Metadata>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    name: Option<String>,
    note: Option<String>,
    actor: Option<String>,
    actor_id: Option<String>,
    reverses: Option<String>,
    adjustment: Option<bool>,
    is_good: Option<bool>,
}

/// How a page shows events.
pub(in crate::web) struct Lines {
    pub(in crate::web) moments: Moments,
    pub(in crate::web) language: PageLanguage,
    /// The first names of the adults, by the ids of the members.
    names: HashMap<String, String>,
}

impl Lines {
    pub(in crate::web) fn new(
        moments: Moments,
        language: PageLanguage,
        members: &[Arc<Member>],
    ) -> Self {
        let name = |member: &Arc<Member>| {
            (member.id.as_str().to_owned(), member.first_name.as_str().to_owned())
        };
        Self { moments, language, names: members.iter().map(name).collect() }
    }

    /// The events of a page. Rows that another program has damaged are left out.
    pub(in crate::web) async fn read(
        &self,
        found: &FoundEvents,
    ) -> Result<Vec<EventLine>, ServiceError> {
        let rows = found.rows.read(0..found.rows.count()).await?;
        let reversals: HashMap<&str, &str> =
            found.reversals.iter().map(|(event, by)| (&**event, &**by)).collect();
        let line = |row: &Arc<str>| {
            let mut line = self.line(row)?;
            line.reversed_by = reversals.get(line.id.as_str()).map(|it| (*it).to_owned());
            line.can_undo &= line.reversed_by.is_none();
            Some(line)
        };
        Ok(rows.iter().filter_map(line).collect())
    }

    /// One event; `None` if its row is damaged.
    pub(in crate::web) fn line(&self, json: &str) -> Option<EventLine> {
        let row: Row = serde_json::from_str(json).ok()?;
        let occurred_at = Timestamp::parse_iso(&row.occurred_at)?;
        let metadata = row.metadata.unwrap_or_default();
        let (text, icon) = self.text(&row.entity_type, &row.action, &metadata);
        let is_reversal = row.action == "cancelled" && metadata.reverses.is_some();
        Some(EventLine {
            moment: self.moments.of_moment(occurred_at),
            icon,
            text,
            by: self.by(&metadata),
            note: metadata.note,
            delta: if row.delta == 0 { String::new() } else { signed(row.delta, self.language) },
            delta_class: sign_class(row.delta),
            reversed_by: None,
            reverses: metadata.reverses.filter(|_| is_reversal),
            can_undo: matches!(row.action.as_str(), "activated" | "redeemed"),
            id: row.id,
            child_id: row.child_id,
        })
    }

    fn text(&self, entity: &str, action: &str, metadata: &Metadata) -> (String, &'static str) {
        let texts = &Texts::of(self.language).events;
        let is_penalty = entity == "penalty" || metadata.is_good == Some(false);
        let (text, icon) = match (action, entity) {
            ("cancelled", _) if metadata.reverses.is_some() => (texts.undone, "ui-undo"),
            ("activated", _) if metadata.adjustment == Some(true) => {
                return (texts.adjusted.to_owned(), "ui-edit");
            }
            ("activated", _) if is_penalty => (texts.penalty, "warning"),
            ("activated", _) => (texts.done, "ui-check"),
            ("requested", "reward") => (texts.wished, "gift"),
            ("requested", _) => (texts.reported, "ui-inbox"),
            ("redeemed", _) => (texts.redeemed, "gift"),
            _ if metadata.actor.as_deref() == Some("child") => (texts.withdrawn, "ui-close"),
            _ => (texts.rejected, "ui-close"),
        };
        (fill(text, &[&metadata.name.as_deref().unwrap_or(texts.unnamed)]), icon)
    }

    fn by(&self, metadata: &Metadata) -> String {
        let texts = &Texts::of(self.language).events;
        let name = metadata.actor_id.as_ref().and_then(|id| self.names.get(id));
        let kind = match metadata.actor.as_deref() {
            Some("child") => texts.by_child,
            Some("system") => texts.by_schedule,
            _ => texts.by_parent,
        };
        name.cloned().unwrap_or_else(|| kind.to_owned())
    }
}
