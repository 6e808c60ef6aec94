//! The lines of a history.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use super::face::Face;
use super::moments::{Moment, Moments};
use super::{sign_class, signed};
use crate::domain::{Member, Timestamp};
use crate::http::language::PageLanguage;
use crate::service::ServiceError;
use crate::store::FoundEvents;
use crate::web::texts::{Events, Texts, fill};

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
    /// The points afterwards.
    pub(in crate::web) balance: String,
    /// The child, on a page with the events of several children.
    pub(in crate::web) face: Option<Face>,
    pub(in crate::web) is_reversed: bool,
    /// The address of the event that reverses this one, or that this one reverses.
    pub(in crate::web) other: Option<String>,
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
    points_after: i64,
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

impl Row {
    /// The event that this one reverses.
    fn reverses(&self) -> Option<String> {
        let reversed = self.metadata.as_ref()?.reverses.clone();
        reversed.filter(|_| self.action == "cancelled")
    }
}

/// How a page shows events.
pub(in crate::web) struct Lines {
    pub(in crate::web) moments: Moments,
    pub(in crate::web) language: PageLanguage,
    /// The first names of the adults, by the ids of the members.
    names: HashMap<String, String>,
    /// The children to name, by their ids.
    faces: HashMap<String, Face>,
    /// Whether the child itself reads the page.
    is_own: bool,
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
        let names = members.iter().map(name).collect();
        Self { moments, language, names, faces: HashMap::new(), is_own: false }
    }

    /// Names the child of each event.
    pub(in crate::web) fn with_faces(self, faces: impl IntoIterator<Item = Face>) -> Self {
        Self { faces: faces.into_iter().map(|face| (face.id.clone(), face)).collect(), ..self }
    }

    /// In the words of the child, which undoes nothing.
    pub(in crate::web) fn of_own_child(self) -> Self {
        Self { is_own: true, ..self }
    }

    fn texts(&self) -> &'static Events {
        let texts = Texts::of(self.language);
        if self.is_own { &texts.own_events } else { &texts.events }
    }

    /// The events of a page. Rows that another program has damaged are left out.
    pub(in crate::web) async fn read(
        &self,
        found: &FoundEvents,
    ) -> Result<Vec<EventLine>, ServiceError> {
        let rows = found.rows.read(0..found.rows.count()).await?;
        let reversals: HashMap<&str, &str> =
            found.reversals.iter().map(|(event, by)| (&**event, &**by)).collect();
        let read: Vec<Row> =
            rows.iter().filter_map(|json| serde_json::from_str(json).ok()).collect();
        let shown: HashSet<String> = read.iter().map(|row| row.id.clone()).collect();
        let line = |row: Row| {
            let reversal = reversals.get(row.id.as_str()).map(|it| (*it).to_owned());
            let other = reversal.clone().or_else(|| row.reverses());
            let address = other.and_then(|id| {
                let here = format!("#event-{id}");
                let child = &row.child_id;
                let there = || format!("/app/children/{child}/history?event={id}");
                if shown.contains(&id) { Some(here) } else { (!self.is_own).then(there) }
            });
            let mut line = self.line_of(row)?;
            line.is_reversed = reversal.is_some();
            line.can_undo &= reversal.is_none();
            line.other = address;
            Some(line)
        };
        Ok(read.into_iter().filter_map(line).collect())
    }

    /// One event; `None` if its row is damaged.
    pub(in crate::web) fn line(&self, json: &str) -> Option<EventLine> {
        self.line_of(serde_json::from_str(json).ok()?)
    }

    fn line_of(&self, row: Row) -> Option<EventLine> {
        let occurred_at = Timestamp::parse_iso(&row.occurred_at)?;
        let metadata = row.metadata.unwrap_or_default();
        let (text, icon) = self.text(&row.entity_type, &row.action, &metadata);
        let is_undoable = matches!(row.action.as_str(), "activated" | "redeemed");
        Some(EventLine {
            moment: self.moments.of_moment(occurred_at),
            icon,
            text,
            by: self.by(&metadata),
            note: metadata.note,
            delta: if row.delta == 0 { String::new() } else { signed(row.delta, self.language) },
            delta_class: sign_class(row.delta),
            balance: self.language.number(row.points_after),
            face: self.faces.get(&row.child_id).cloned(),
            is_reversed: false,
            other: None,
            can_undo: is_undoable && !self.is_own,
            id: row.id,
            child_id: row.child_id,
        })
    }

    fn text(&self, entity: &str, action: &str, metadata: &Metadata) -> (String, &'static str) {
        let texts = self.texts();
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
        let texts = self.texts();
        let name = metadata.actor_id.as_ref().and_then(|id| self.names.get(id));
        let kind = match metadata.actor.as_deref() {
            Some("child") => texts.by_child,
            Some("system") => texts.by_schedule,
            _ => texts.by_parent,
        };
        name.cloned().unwrap_or_else(|| kind.to_owned())
    }
}
