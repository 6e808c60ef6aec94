//! Faults of events.

use std::collections::HashMap;

use uuid::Uuid;

use crate::store::json::tinydb::fields::{Fields, Unreadable};

use super::chains::{Chains, End, Moved};
use super::reversals::{Compared, Digest, Reversals};
use super::rows::ahead_of;
use super::{Finding, FindingKind};
use crate::domain::{
    Action, EntityType, Points, Timestamp, check_action, check_delta, is_usual_delta,
};
use crate::store::json::state::State;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tracking::{self, FileRow};

/// The fields of every event, some of which may be null.
const REQUIRED: [&str; 12] = [
    "id",
    "user_id",
    "child_id",
    "entity_type",
    "entity_id",
    "action",
    "points_before",
    "points_after",
    "delta",
    "occurred_at",
    "created_at",
    "metadata",
];

/// Examines the tracking table, event by event.
pub(super) struct Events<'a> {
    state: &'a State,
    now: Timestamp,
    /// Whether the accounts are known, so that a missing one does not exist.
    knows_accounts: bool,
    findings: Vec<Finding>,
    /// `None` if the points are not compared, which needs half of the memory.
    chains: Option<Chains>,
    /// The ids so far with their rows: 32 bytes each, because most are UUIDs.
    ids: Vec<([u64; 2], RowNumber, Digest)>,
    other_ids: HashMap<Box<str>, (RowNumber, Digest)>,
    rows: Vec<RowNumber>,
    reversals: Reversals,
}

/// One event and its findings.
struct Judged<'a> {
    fields: Fields<'a>,
    row: RowNumber,
    byte: Option<u64>,
    findings: &'a mut Vec<Finding>,
    is_reversal: bool,
}

impl<'a> Events<'a> {
    pub(super) fn new(
        state: &'a State,
        now: Timestamp,
        knows_accounts: bool,
        compares_points: bool,
    ) -> Self {
        Self {
            state,
            now,
            knows_accounts,
            findings: Vec::new(),
            chains: compares_points.then(Chains::default),
            ids: Vec::new(),
            other_ids: HashMap::new(),
            rows: Vec::new(),
            reversals: Reversals::default(),
        }
    }

    /// The number of rows so far.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Examines a row of the file.
    pub(super) fn add_from_file(&mut self, row: FileRow<'_>) {
        self.add(row.number, Some(row.byte), row.text);
    }

    /// Examines the next row; `byte` is its offset if it is in the file.
    pub(super) fn add(&mut self, row: RowNumber, byte: Option<u64>, text: &str) {
        self.rows.push(row);
        // It was parsed before, or comes from the log.
        let Ok(fields) = Fields::parse(text) else { return };
        let action = fields.text("action").unwrap_or_default();
        let metadata = fields.raw("metadata").unwrap_or_default();
        let reversed = tracking::event::reverses(&action, metadata);
        let is_reversal = reversed.is_some();
        let mut judged = Judged { fields, row, byte, findings: &mut self.findings, is_reversal };
        judged.fields_are_there();
        let id = judged.text("id");
        let child_id = judged.text("child_id");
        judged.text("entity_id");
        judged.metadata();
        let kind = judged.kind();
        let points = judged.points(kind);
        let moments = judged.moments(self.now);
        judged.account(self.state, self.knows_accounts);
        if let (Some(chains), Some(child_id), Some(occurred_at)) =
            (&mut self.chains, &child_id, moments)
        {
            let moved = Moved { occurred_at, points };
            if let Some((earlier, at)) = chains.add(child_id, row, &moved) {
                let message = format!(
                    "it occurred at {occurred_at}, but row {earlier} of the same child, which \
                     was written before it, occurred at {at}: the clock was set back in between"
                );
                judged.say(FindingKind::WrongOrder, message);
            }
        }
        let compared = child_id.as_deref().zip(kind);
        let compared =
            compared.map(|(child_id, kind)| Compared { child_id, kind, fields: &judged.fields });
        if let (Some(reversed), Some(compared)) = (reversed, &compared) {
            self.reversals.add(&reversed, compared, row, byte);
        }
        let digest = compared.and_then(|event| event.digest());
        if let Some(id) = id {
            self.remember(&id, (row, digest), byte);
        }
    }

    fn remember(&mut self, id: &str, (row, digest): (RowNumber, Digest), byte: Option<u64>) {
        match uuid_of(id) {
            Some(uuid) => self.ids.push((uuid, row, digest)),
            None => match self.other_ids.get(id) {
                Some((first, _)) => self.findings.push(same_id(*first, row, byte)),
                None => _ = self.other_ids.insert(id.into(), (row, digest)),
            },
        }
    }

    /// Reports faults between events. `knows_points` is true if neither the events nor the
    /// children's points are damaged, so that they must agree.
    pub(super) fn finish(mut self, knows_points: bool) -> Vec<Finding> {
        let mut findings = self.findings;
        // Stable, so that the first of two equal ones was written first.
        self.ids.sort_by_key(|(id, ..)| *id);
        let same = self.ids.chunk_by(|one, other| one.0 == other.0);
        for ids in same.filter(|ids| ids.len() > 1) {
            findings.extend(ids[1..].iter().map(|(_, row, _)| same_id(ids[0].1, *row, None)));
        }
        let (ids, other_ids) = (self.ids, self.other_ids);
        let find = |id: &str| {
            let Some(uuid) = uuid_of(id) else { return other_ids.get(id).copied() };
            let first = ids.get(ids.partition_point(|(other, ..)| *other < uuid));
            first.filter(|(found, ..)| *found == uuid).map(|(_, row, digest)| (*row, *digest))
        };
        self.reversals.finish(find, knows_points, &mut findings);
        self.rows.sort_unstable();
        for rows in self.rows.chunk_by(PartialEq::eq).filter(|rows| rows.len() > 1) {
            let message = format!("{} rows have this number", rows.len());
            let kind = FindingKind::DuplicateRow;
            findings.push(Finding::of_row(kind, tracking::FILE, rows[0], None, message));
        }
        let mut children = HashMap::new();
        if knows_points {
            let numbered = self.state.children.numbered();
            children.extend(numbered.map(|(row, child)| (child.id.as_str(), (row, child.points))));
        }
        self.chains.unwrap_or_default().follow(&mut findings, |end, findings| {
            let End { child_id, row, points: Some(points) } = end else { return };
            // A deleted child has events, and no points.
            let Some((child_row, found)) = children.get(child_id) else { return };
            if *found != points {
                let message = format!(
                    "child {child_id} has {found} points, but its last event, row {row} of {}, \
                     ends with {points}",
                    tracking::FILE
                );
                let kind = FindingKind::ChildPoints;
                findings.push(Finding::of_row(kind, "children.json", *child_row, None, message));
            }
        });
        findings
    }
}

/// An id as two numbers; `None` unless it is a UUID in its usual form.
fn uuid_of(id: &str) -> Option<[u64; 2]> {
    let uuid = Uuid::try_parse(id).ok()?;
    let is_usual = *uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *id;
    is_usual.then(|| <[u64; 2]>::from(uuid.as_u64_pair()))
}

fn same_id(first: RowNumber, row: RowNumber, byte: Option<u64>) -> Finding {
    let message = format!("it has the id of row {first}");
    Finding::of_row(FindingKind::DuplicateId, tracking::FILE, row, byte, message)
}

impl Judged<'_> {
    fn say(&mut self, kind: FindingKind, message: String) {
        self.findings.push(Finding::of_row(kind, tracking::FILE, self.row, self.byte, message));
    }

    fn fields_are_there(&mut self) {
        for field in REQUIRED {
            if self.fields.raw(field).is_none() {
                self.say(FindingKind::MissingField, format!("`{field}` is missing"));
            }
        }
        if let Some(name) = self.fields.repeated() {
            let message = format!("the field `{name}` occurs twice; only the last one counts");
            self.say(FindingKind::DuplicateField, message);
        }
    }

    /// The value of a field. Reports an unreadable one, unless the field is missing.
    fn read<T>(&mut self, read: Result<T, Unreadable>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(unreadable) => {
                if self.fields.raw(unreadable.field).is_some() {
                    self.say(FindingKind::UnreadableField, unreadable.to_string());
                }
                None
            }
        }
    }

    fn text(&mut self, field: &'static str) -> Option<String> {
        let text = self.fields.text(field).map(std::borrow::Cow::into_owned);
        let text = self.read(text)?;
        if text.is_empty() {
            self.say(FindingKind::MissingField, format!("`{field}` is empty"));
            return None;
        }
        Some(text)
    }

    fn metadata(&mut self) {
        let is_right = |raw: &str| raw == "null" || raw.starts_with('{');
        if self.fields.raw("metadata").is_some_and(|raw| !is_right(raw)) {
            let message = "`metadata` is neither an object nor null".to_owned();
            self.say(FindingKind::UnreadableField, message);
        }
    }

    fn kind(&mut self) -> Option<(EntityType, Action)> {
        let entity_type = self.word("entity_type", EntityType::parse);
        let action = self.word("action", Action::parse);
        let (entity_type, action) = (entity_type?, action?);
        if let Err(error) = check_action(entity_type, action, self.is_reversal) {
            self.say(FindingKind::WrongAction, error.to_string());
            return None;
        }
        Some((entity_type, action))
    }

    fn word<T>(&mut self, field: &'static str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(field)?;
        let known = parse(&text);
        if known.is_none() {
            self.say(FindingKind::UnknownWord, format!("`{field}` is {text:?}, which is unknown"));
        }
        known
    }

    fn points(&mut self, kind: Option<(EntityType, Action)>) -> Option<(Points, Points)> {
        let before = self.number("points_before");
        let after = self.number("points_after");
        let delta = self.fields.integer("delta");
        let delta = self.read(delta);
        let (before, after) = (before?, after?);
        if let Some(delta) = delta {
            if let Err(error) = check_delta(before, after, delta) {
                self.say(FindingKind::WrongDelta, error.to_string());
            } else if let Some((entity_type, action)) = kind
                && !self.is_reversal
                && !is_usual_delta(entity_type, action, delta)
            {
                let message = format!("a {entity_type} that is {action} can't have delta {delta}");
                self.say(FindingKind::WrongDelta, message);
            }
        }
        Some((before, after))
    }

    fn number(&mut self, field: &'static str) -> Option<Points> {
        let points = self.fields.integer(field).and_then(|number| {
            Points::new(number).ok_or(Unreadable { field, expected: "within the limit" })
        });
        self.read(points)
    }

    fn moments(&mut self, now: Timestamp) -> Option<Timestamp> {
        let occurred_at = self.fields.moment("occurred_at");
        let created_at = self.fields.moment("created_at");
        let (occurred_at, created_at) = (self.read(occurred_at), self.read(created_at));
        let (occurred_at, created_at) = (occurred_at?, created_at?);
        if created_at < occurred_at {
            let message =
                format!("it was recorded at {created_at}, before it occurred at {occurred_at}");
            self.say(FindingKind::RecordedTooEarly, message);
        }
        if let Some(message) = ahead_of(now, occurred_at.max(created_at)) {
            self.say(FindingKind::TimeAhead, message);
        }
        Some(occurred_at)
    }

    fn account(&mut self, state: &State, knows_accounts: bool) {
        if self.fields.raw("user_id").is_none_or(|raw| raw == "null") {
            return;
        }
        let user_id = self.fields.text("user_id").map(std::borrow::Cow::into_owned);
        if let Some(id) = self.read(user_id)
            && knows_accounts
            && state.users.get(&id).is_none()
        {
            let message = format!("it names the account {id}, which doesn't exist");
            self.say(FindingKind::EventOfNoAccount, message);
        }
    }
}
