//! Loads the families of a scope with all their records.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::connect::{On, rows};
use super::copy::storable;
use super::error::Failure;
use super::marks::WantedMarks;
use super::sql;
use crate::domain::badges::{Award, Badge};
use crate::domain::schedule::Mark;
use crate::domain::webhooks::Webhook;
use crate::domain::{
    CalendarFeed, Child, EndedRequest, Id, IdempotencyRecord, KeyLife, Member, PendingReward,
    PendingTask, Reward, Session, Setting, Task, Timestamp, User, UserId,
};
use crate::store::Scope;
use crate::store::json::tinydb::badges::awards_of;
use crate::store::json::tinydb::details::Extended;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::Record;
use crate::store::records::Records;

/// The key of what all families share.
pub(super) const SHARED: i64 = 0;

/// The name of a kind of record.
pub(super) type Kind = &'static str;

/// The name of a record's kind.
pub(super) fn kind_of<R: Record>() -> Kind {
    R::FILE.strip_suffix(".json").unwrap_or(R::FILE)
}

/// The kind, the key and the text of a row.
type LoadedRow = (Kind, Arc<str>, Arc<str>);

/// What is to be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) accounts: BTreeSet<UserIdText>,
    emails: BTreeSet<Arc<str>>,
    pub(super) tokens: BTreeSet<Arc<str>>,
    /// The events whose reversals are needed.
    pub(super) reversed: BTreeSet<Arc<str>>,
    /// The children whose awards are needed.
    pub(super) awarded: BTreeSet<Arc<str>>,
    pub(super) marks: WantedMarks,
    /// Whether the number of administrators is needed.
    pub(super) admins: bool,
}

type UserIdText = Arc<str>;

impl Wanted {
    pub(super) fn add_scope(&mut self, scope: &Scope) {
        match scope {
            Scope::Family(id) => _ = self.accounts.insert(id.shared()),
            Scope::Event(id, event) => {
                self.accounts.insert(id.shared());
                self.reversed.insert(event.shared());
            }
            Scope::Awards(id, child) => {
                self.accounts.insert(id.shared());
                self.awarded.insert(child.shared());
            }
            Scope::Marks(id, since) => {
                self.accounts.insert(id.shared());
                self.marks.add_since(*since);
            }
            Scope::Families(ids) => self.accounts.extend(ids.iter().map(Id::shared)),
            Scope::Email(email) => _ = self.emails.insert(Arc::clone(email.folded())),
            Scope::Session(token_hash) | Scope::CalendarFeed(token_hash) => {
                _ = self.tokens.insert(Arc::clone(&token_hash.0));
            }
            Scope::Server => {}
        }
    }

    /// The account or the session, if nothing else is wanted.
    fn one(&self) -> Option<(Option<&str>, Option<&str>)> {
        let number = self.accounts.len() + self.tokens.len();
        if number > 1 || !self.emails.is_empty() || self.admins {
            return None;
        }
        Some((self.accounts.first().map(|it| &**it), self.tokens.first().map(|it| &**it)))
    }

    /// The account, if only the records of its family are wanted.
    pub(super) fn account(&self) -> Option<&str> {
        let is_all = self.reversed.is_empty() && self.awarded.is_empty() && self.marks.is_empty();
        if is_all { self.one()?.0 } else { None }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.emails.extend(other.emails);
        self.tokens.extend(other.tokens);
        self.reversed.extend(other.reversed);
        self.awarded.extend(other.awarded);
        self.marks.add(other.marks);
        self.admins |= other.admins;
    }
}

/// A family as it was loaded, or a new one.
#[derive(Default)]
pub(super) struct Family {
    pub(super) key: i64,
    /// `None` if the family is new.
    pub(super) version: Option<i64>,
    pub(super) seq: i64,
    pub(super) last_occurred_at: Option<Timestamp>,
    /// `None` for what all families share.
    pub(super) account: Option<UserId>,
    /// The ids of the last commits, the newest first, if they were loaded.
    pub(super) commits: Vec<Uuid>,
    /// The text of each record.
    pub(super) rows: HashMap<(Kind, Arc<str>), Arc<str>>,
}

/// Families at one moment.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) families: Vec<Family>,
    /// The records of all of them.
    pub(super) records: Records,
    /// The number of administrators that are not marked for deletion, if it was loaded.
    pub(super) admins: Option<i64>,
}

impl Loaded {
    /// Sets the number of the state, which grows with each commit.
    fn number(&mut self) {
        let versions = self.families.iter().filter_map(|family| family.version);
        self.records.version = versions.map(i64::cast_unsigned).fold(0, u64::wrapping_add);
    }

    /// Makes it the state after a commit of the families with these keys.
    pub(super) fn after_commit(mut self, changed: impl Fn(i64) -> bool) -> Self {
        for family in self.families.iter_mut().filter(|family| changed(family.key)) {
            family.version = family.version.map(|version| version + 1);
        }
        self.number();
        self
    }

    /// Loads the awards of children. As with reversals, they may be of a later moment.
    async fn add_awards(
        &mut self,
        client: &impl GenericClient,
        wanted: &Wanted,
    ) -> Result<(), Failure> {
        let (mut keys, mut first, mut end) = (Vec::new(), Vec::new(), Vec::new());
        for family in &self.families {
            for child in &wanted.awarded {
                let start = storable(awards_of(child).into()).into_owned();
                keys.push(family.key);
                // The character after the colon at the end.
                end.push(format!("{};", &start[..start.len() - 1]));
                first.push(start);
            }
        }
        let found = rows(client, &sql::AWARDS, &[&keys, &first, &end]).await?;
        self.add_rows(kind_of::<Award>(), &found)
    }

    /// Adds the records of rows with the columns `family_id` and `row`.
    fn add_rows(&mut self, kind: Kind, found: &[Row]) -> Result<(), Failure> {
        for row in found {
            let added = self.records.add(kind, row.try_get("row")?, true)?;
            let key: i64 = row.try_get("family_id")?;
            let family = self.families.iter_mut().find(|family| family.key == key);
            if let (Some((kind, id, text)), Some(family)) = (added, family) {
                family.rows.insert((kind, id), text);
            }
        }
        Ok(())
    }

    /// Without the awards and marks: only few transactions need them.
    pub(super) fn without_awards_and_marks(mut self) -> Self {
        if !self.records.awards.is_empty() || !self.records.marks.is_empty() {
            self.records.awards = Vec::new();
            self.records.marks = BTreeMap::new();
            let removed = [kind_of::<Award>(), kind_of::<Mark>()];
            self.families
                .iter_mut()
                .for_each(|it| it.rows.retain(|(kind, _), _| !removed.contains(kind)));
        }
        self
    }

    /// The account, if it is one family with what all families share.
    pub(super) fn account(&self) -> Option<Arc<str>> {
        let [one, other] = &self.families[..] else { return None };
        let own = if one.key == SHARED { other } else { one };
        own.account.as_ref().filter(|_| own.version.is_some()).map(UserId::shared)
    }
}

/// Loads families in one statement, so that all is of one moment.
///
/// Reversals that are committed after that moment may be found as well: then the families have changed, and
/// a commit conflicts.
pub(super) async fn load(
    on: &On<'_, impl GenericClient>,
    wanted: &Wanted,
    with_commits: bool,
) -> Result<Loaded, Failure> {
    let text = |text: &Arc<str>| storable((&**text).into()).into_owned();
    let found = if let Some((account, token)) = wanted.one().filter(|_| !with_commits) {
        let (account, token) =
            (account.map(|it| storable(it.into())), token.map(|it| storable(it.into())));
        on.rows(&sql::LOAD_ONE, &[&account, &token]).await?
    } else {
        let texts = |set: &BTreeSet<Arc<str>>| set.iter().map(text).collect::<Vec<_>>();
        let (accounts, emails) = (texts(&wanted.accounts), texts(&wanted.emails));
        let tokens = texts(&wanted.tokens);
        let values: [&(dyn ToSql + Sync); 5] =
            [&accounts, &emails, &tokens, &with_commits, &wanted.admins];
        rows(on.client, &sql::LOAD, &values).await?
    };
    let mut loaded = Loaded::default();
    let mut places = HashMap::new();
    for row in &found {
        let key: i64 = row.try_get("id")?;
        let place = *places.entry(key).or_insert(loaded.families.len());
        if place == loaded.families.len() {
            if wanted.admins {
                loaded.admins = row.try_get("admins")?;
            }
            loaded.families.push(family(key, row, with_commits)?);
        }
        let Some(kind) = row.try_get::<_, Option<&str>>("kind")? else { continue };
        let is_live = row.try_get::<_, Option<bool>>("is_expired")? != Some(true);
        let added = loaded.records.add(kind, row.try_get("row")?, is_live)?;
        if let Some((kind, id, text)) = added {
            loaded.families[place].rows.insert((kind, id), text);
        }
    }
    loaded.number();
    if !wanted.reversed.is_empty() {
        let keys = loaded.families.iter().map(|family| family.key);
        let each = |key| wanted.reversed.iter().map(move |id| (key, text(id)));
        let (keys, ids): (Vec<i64>, Vec<String>) = keys.flat_map(each).unzip();
        for row in rows(on.client, &sql::REVERSALS, &[&keys, &ids]).await? {
            let (reversed, id): (&str, &str) = (row.try_get("reverses")?, row.try_get("id")?);
            loaded.records.reversals.insert(reversed.into(), id.into());
        }
    }
    if !wanted.awarded.is_empty() {
        loaded.add_awards(on.client, wanted).await?;
    }
    if !wanted.marks.is_empty() {
        let keys: Vec<i64> = loaded.families.iter().map(|family| family.key).collect();
        let found = wanted.marks.load(on.client, &keys).await?;
        loaded.add_rows(kind_of::<Mark>(), &found)?;
    }
    Ok(loaded)
}

fn family(key: i64, row: &Row, with_commits: bool) -> Result<Family, Failure> {
    let account: Option<&str> = row.try_get("account_id")?;
    let commits: Option<Vec<Uuid>> = if with_commits { row.try_get("commits")? } else { None };
    let last_occurred_at: Option<i64> = row.try_get("last_occurred_at")?;
    Ok(Family {
        key,
        version: Some(row.try_get("version")?),
        seq: row.try_get("seq")?,
        last_occurred_at: last_occurred_at.map(Timestamp::from_micros),
        account: account.map(UserId::from),
        commits: commits.unwrap_or_default(),
        rows: HashMap::new(),
    })
}

impl Records {
    /// Adds the record of a row; `None` for a kind that this version does not know.
    fn add(&mut self, kind: &str, text: &str, is_live: bool) -> Result<Option<LoadedRow>, Failure> {
        let fields = Fields::parse(text).map_err(|fault| Failure::Malformed(fault.to_string()))?;
        let id = match kind {
            "users" => push::<User>(&mut self.users, &fields),
            "user_details" => join(&mut self.users, &fields),
            "child_details" => join(&mut self.children, &fields),
            "task_details" => join(&mut self.tasks, &fields),
            "reward_details" => join(&mut self.rewards, &fields),
            "request_details" => join(&mut self.pending, &fields),
            "children" => push::<Child>(&mut self.children, &fields),
            "tasks" => push::<Task>(&mut self.tasks, &fields),
            "rewards" => push::<Reward>(&mut self.rewards, &fields),
            "pending_rewards" => push::<PendingReward>(&mut self.pending, &fields),
            "pending_tasks" => push::<PendingTask>(&mut self.pending_tasks, &fields),
            "ended_requests" => push::<EndedRequest>(&mut self.ended, &fields),
            "badges" => push::<Badge>(&mut self.badges, &fields),
            "calendar_feeds" => push::<CalendarFeed>(&mut self.feeds, &fields),
            "webhooks" => push::<Webhook>(&mut self.webhooks, &fields),
            "members" => push::<Member>(&mut self.members, &fields),
            "awards" => push::<Award>(&mut self.awards, &fields),
            "schedule_marks" => {
                let mark = decode::<Mark>(&fields)?;
                let id = mark.key();
                self.marks.insert(Arc::clone(&id), Arc::new(mark));
                Ok((kind_of::<Mark>(), id))
            }
            "sessions" => push::<Session>(&mut self.sessions, &fields),
            "idempotency_keys" => {
                let added = push::<IdempotencyRecord>(&mut self.idempotency, &fields)?;
                if let Some(record) = self.idempotency.last_mut() {
                    Arc::make_mut(record).life = KeyLife::OfDatabase { is_live };
                }
                Ok(added)
            }
            "settings" => {
                let setting = decode::<Setting>(&fields)?;
                self.settings.insert(Arc::clone(&setting.name), setting.value.clone());
                Ok((kind_of::<Setting>(), setting.key()))
            }
            // A newer version wrote it.
            _ => return Ok(None),
        };
        let (kind, id) = id?;
        Ok(Some((kind, id, text.into())))
    }
}

fn push<R: Record>(
    records: &mut Vec<Arc<R>>,
    fields: &Fields<'_>,
) -> Result<(Kind, Arc<str>), Failure> {
    let record = decode::<R>(fields)?;
    let id = record.key();
    records.push(Arc::new(record));
    Ok((kind_of::<R>(), id))
}

/// Gives a record the fields of its details, which follow it.
fn join<R: Extended>(
    records: &mut [Arc<R>],
    fields: &Fields<'_>,
) -> Result<(Kind, Arc<str>), Failure> {
    let details = decode::<R::Details>(fields)?;
    let id = details.key();
    // Most details were created with their record, which is the last one then.
    if let Some(record) = records.iter_mut().rev().find(|record| record.key() == id) {
        Arc::make_mut(record).set_details(&details);
    }
    Ok((kind_of::<R::Details>(), id))
}

fn decode<R: Record>(fields: &Fields<'_>) -> Result<R, Failure> {
    R::decode(fields)
        .map_err(|unreadable| Failure::Malformed(format!("{}: {unreadable}", kind_of::<R>())))
}

/// The record of a row's text.
pub(super) fn parse<R: Record>(text: &str) -> Result<R, Failure> {
    let fields = Fields::parse(text).map_err(|fault| Failure::Malformed(fault.to_string()))?;
    decode(&fields)
}
