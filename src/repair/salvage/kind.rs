//! The kind of rows in each file.

use std::sync::Arc;

use crate::domain::badges::{Award, Badge};
use crate::domain::schedule::Mark;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    CalendarFeed, Child, EndedRequest, IdempotencyRecord, LogEntry, Member, Message, PendingReward,
    PendingTask, Reward, Session, Setting, Task, Timestamp, User,
};
use crate::store::json::tinydb::deletion;
use crate::store::json::tinydb::details::{ChildDetails, RewardDetails, TaskDetails, UserDetails};
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::pyjson;
use crate::store::json::tinydb::record::Record;
use crate::store::json::tinydb::requests::RequestDetails;
use crate::store::json::tracking;

/// The file of a table.
#[derive(Clone, Copy)]
pub(crate) struct TableKind {
    pub(crate) file: &'static str,
    /// The key of a row's record; `None` if the row is not a record of this kind.
    pub(crate) key: fn(&str) -> Option<Arc<str>>,
    /// The field with the id of the account that a row belongs to.
    pub(crate) owner: &'static str,
}

impl TableKind {
    /// The key of a row, even if it is not a record: rows with equal keys are one.
    pub(super) fn identity(self, row: &str) -> Option<Arc<str>> {
        (self.key)(row).or_else(|| text_of(row, "id"))
    }
}

/// The small tables' files. The accounts come first, because the others depend on which accounts
/// are removed.
pub(crate) const TABLES: [TableKind; 24] = [
    table::<User>(),
    table::<Child>(),
    table::<Task>(),
    table::<Reward>(),
    table::<PendingReward>(),
    table::<Session>(),
    table::<IdempotencyRecord>(),
    table::<Setting>(),
    table::<UserDetails>(),
    table::<ChildDetails>(),
    table::<TaskDetails>(),
    table::<RewardDetails>(),
    table::<RequestDetails>(),
    table::<PendingTask>(),
    table::<EndedRequest>(),
    table::<Message>(),
    table::<LogEntry>(),
    table::<Badge>(),
    table::<Award>(),
    table::<Mark>(),
    table::<CalendarFeed>(),
    table::<Webhook>(),
    table::<Delivery>(),
    table::<Member>(),
];

/// The tracking file.
pub(crate) const TRACKING: TableKind =
    TableKind { file: tracking::FILE, key: event_id, owner: "user_id" };

const fn table<R: Record>() -> TableKind {
    TableKind { file: R::FILE, key: key_of::<R>, owner: R::OWNER }
}

fn key_of<R: Record>(row: &str) -> Option<Arc<str>> {
    Some(R::decode(&Fields::parse(row).ok()?).ok()?.key())
}

/// Events of older files may lack fields.
fn event_id(row: &str) -> Option<Arc<str>> {
    let fields = Fields::parse(row).ok()?;
    let has_all = ["child_id", "entity_type", "action"].map(|field| fields.text(field).is_ok());
    let id = fields.text("id").ok()?;
    has_all.iter().all(|has| *has).then(|| Arc::from(&*id))
}

/// The id of a row in a report; never a secret.
pub(super) fn id_of(row: &str) -> Option<String> {
    let id = Fields::parse(row).ok()?.optional_text("id")?;
    Some((*id).to_owned())
}

/// The text of one of a row's fields.
pub(super) fn text_of(row: &str, field: &str) -> Option<Arc<str>> {
    Fields::parse(row).ok()?.optional_text(field)
}

/// The time of a row's last change, if it has one.
pub(super) fn changed_at(row: &str) -> Option<Timestamp> {
    Fields::parse(row).ok()?.optional_moment("updated_at")
}

/// The latest time in a row.
pub(super) fn latest_moment(row: &str) -> Option<Timestamp> {
    latest_of(&Fields::parse(row).ok()?)
}

/// The latest time in a row's fields.
pub(crate) fn latest_of(fields: &Fields<'_>) -> Option<Timestamp> {
    let moments = [
        "created_at",
        "updated_at",
        "last_used_at",
        "occurred_at",
        "ended_at",
        "earned_at",
        "revoked_at",
    ];
    moments.into_iter().filter_map(|field| fields.optional_moment(field)).max()
}

/// The names of the fields in which two rows differ, with both values as JSON text.
pub(super) fn differing(one: &str, other: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let (Ok(one), Ok(other)) = (Fields::parse(one), Fields::parse(other)) else {
        return Vec::new();
    };
    let only_there = other.names().filter(|name| one.raw(name).is_none());
    let names = one.names().chain(only_there);
    let differs = names.filter(|name| {
        let values = (one.raw(name), other.raw(name));
        values.0.map(pyjson::compact) != values.1.map(pyjson::compact)
    });
    let owned = |value: Option<&str>| value.map(str::to_owned);
    let values = |name: &str| (owned(one.raw(name)), owned(other.raw(name)));
    let differs = differs.map(|name| (values(&name), name.into_owned()));
    differs.map(|((one, other), name)| (name, one, other)).collect()
}

/// Whether an account is marked for deletion.
pub(super) fn is_marked(row: &str) -> bool {
    Fields::parse(row).is_ok_and(|fields| deletion::is_marked(&fields))
}
