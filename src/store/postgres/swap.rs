//! One commit: a statement that compares the versions of families, and writes everything.

use tokio_postgres::GenericClient;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::{On, rows};
use super::copy::storable;
use super::draft::Draft;
use super::error::Failure;
use super::load::SHARED;
use super::sql;
use crate::domain::Timestamp;

/// The parameters of [`sql::SWAP_ONE`] and [`sql::SWAP_MANY`]: a column each.
#[derive(Default)]
pub(super) struct Swap {
    commit_id: Uuid,
    shared_version: i64,
    families: Families,
    new_families: Families,
    records: Records,
    removed: Removed,
    events: Events,
    accounts: Accounts,
    /// Whether the look-up tables of accounts and tokens change.
    changes_lookups: bool,
}

#[derive(Default)]
struct Families {
    key: Vec<i64>,
    version: Vec<i64>,
    seq: Vec<i64>,
    last_occurred_at: Vec<Option<i64>>,
}

#[derive(Default)]
struct Records {
    key: Vec<i64>,
    kind: Vec<&'static str>,
    id: Vec<String>,
    expires_at: Vec<Option<i64>>,
    row: Vec<String>,
}

#[derive(Default)]
struct Removed {
    key: Vec<i64>,
    kind: Vec<&'static str>,
    id: Vec<String>,
}

#[derive(Default)]
struct Events {
    key: Vec<i64>,
    seq: Vec<i64>,
    place: Vec<i32>,
    id: Vec<String>,
    child_id: Vec<String>,
    entity_type: Vec<&'static str>,
    entity_id: Vec<String>,
    action: Vec<&'static str>,
    occurred_at: Vec<i64>,
    created_at: Vec<i64>,
    json: Vec<String>,
    reverses: Vec<Option<String>>,
}

#[derive(Default)]
struct Accounts {
    id: Vec<String>,
    key: Vec<i64>,
    email: Vec<Option<String>>,
    is_active_admin: Vec<bool>,
    is_marked: Vec<bool>,
    deletion_has_started: Vec<bool>,
    schedule_at: Vec<Option<i64>>,
}

impl Swap {
    /// The commit of a draft. The first version of a new family is greater than that of an earlier
    /// family of the same account.
    pub(super) fn new(draft: &Draft, commit_id: Uuid, now: Timestamp) -> Self {
        let mut swap = Self { commit_id, ..Self::default() };
        for family in &draft.families {
            if family.key == SHARED {
                swap.shared_version = family.version.unwrap_or_default();
                if !draft.changes_shared {
                    continue;
                }
            }
            let last = family.last_occurred_at.map(Timestamp::as_micros);
            let (families, version) = match family.version {
                Some(version) => (&mut swap.families, version),
                None => (&mut swap.new_families, now.as_micros().max(1)),
            };
            families.key.push(family.key);
            families.version.push(version);
            families.seq.push(family.seq);
            families.last_occurred_at.push(last);
        }
        swap.add_records(draft);
        swap.add_events(draft);
        swap.add_accounts(draft);
        swap
    }

    fn add_records(&mut self, draft: &Draft) {
        let mut writes: Vec<_> = draft.writes.iter().collect();
        writes.sort_unstable_by_key(|(_, write)| write.number);
        for ((key, kind, id), write) in writes {
            self.changes_lookups |= ["sessions", "calendar_feeds"].contains(kind);
            if let Some(row) = &write.text {
                self.records.key.push(*key);
                self.records.kind.push(kind);
                self.records.id.push(column(id));
                self.records.expires_at.push(write.expires_at.map(Timestamp::as_micros));
                self.records.row.push(row.to_string());
            } else {
                self.removed.key.push(*key);
                self.removed.kind.push(kind);
                self.removed.id.push(column(id));
            }
        }
    }

    fn add_events(&mut self, draft: &Draft) {
        let events = &mut self.events;
        for ((key, stored), place) in draft.events.iter().zip(1..) {
            let event = &stored.event;
            events.key.push(*key);
            events.seq.push(stored.seq.0.cast_signed());
            events.place.push(place);
            events.id.push(event.id.to_string());
            events.child_id.push(column(event.child_id.as_str()));
            events.entity_type.push(event.entity_type.as_str());
            events.entity_id.push(column(&event.entity_id));
            events.action.push(event.action.as_str());
            events.occurred_at.push(event.occurred_at.as_micros());
            events.created_at.push(event.created_at.as_micros());
            events.json.push(stored.json.to_string());
            events.reverses.push(event.reverses().map(column));
        }
    }

    fn add_accounts(&mut self, draft: &Draft) {
        for (key, account) in &draft.accounts {
            self.changes_lookups = true;
            self.accounts.id.push(account.id.to_string());
            self.accounts.key.push(*key);
            self.accounts.email.push(account.email.as_deref().map(column));
            self.accounts.is_active_admin.push(account.is_active_admin);
            self.accounts.is_marked.push(account.is_marked);
            self.accounts.deletion_has_started.push(account.deletion_has_started);
            self.accounts.schedule_at.push(account.schedule_at.map(Timestamp::as_micros));
        }
    }

    fn is_of_one_family(&self) -> bool {
        !self.changes_lookups
            && self.new_families.key.is_empty()
            && self.families.key.len() == 1
            && self.families.key[0] != SHARED
    }

    /// Commits it. Returns false after a conflict: then nothing has changed.
    pub(super) async fn execute(&self, on: &On<'_, impl GenericClient>) -> Result<bool, Failure> {
        let Self { families, new_families: new, records, removed, events, accounts, .. } = self;
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![
            &families.key,
            &families.version,
            &families.seq,
            &families.last_occurred_at,
            &self.shared_version,
            &self.commit_id,
            &records.key,
            &records.kind,
            &records.id,
            &records.expires_at,
            &records.row,
            &removed.key,
            &removed.kind,
            &removed.id,
            &events.key,
            &events.seq,
            &events.place,
            &events.id,
            &events.child_id,
            &events.entity_type,
            &events.entity_id,
            &events.action,
            &events.occurred_at,
            &events.created_at,
            &events.json,
            &events.reverses,
        ];
        if self.is_of_one_family() {
            return Ok(!on.rows(&sql::SWAP_ONE, &values).await?.is_empty());
        }
        let more: [&(dyn ToSql + Sync); 11] = [
            &new.key,
            &new.version,
            &new.seq,
            &new.last_occurred_at,
            &accounts.id,
            &accounts.key,
            &accounts.email,
            &accounts.is_active_admin,
            &accounts.is_marked,
            &accounts.deletion_has_started,
            &accounts.schedule_at,
        ];
        values.extend(more);
        Ok(!rows(on.client, &sql::SWAP_MANY, &values).await?.is_empty())
    }
}

/// A text in a column. Ids and email addresses of older files may contain any character.
fn column(text: &str) -> String {
    storable(text.into()).into_owned()
}
