//! `goldstar check --database-url`: family by family, so that the memory is that of the largest one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tokio_postgres::Row;

use super::events::Events;
use super::marked::marked;
use super::tables::{Places, Tables};
use super::{CheckReport, Finding, FindingKind, TableReport, TableState};
use crate::domain::{Timestamp, User, UserId};
use crate::repair::salvage::kind::TABLES;
use crate::store::json::damage::DamageKind;
use crate::store::json::progress::Progress;
use crate::store::json::state::State;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::record::Record as _;
use crate::store::json::tracking;
use crate::store::postgres::bulk::Bulk;
use crate::store::postgres::sql::bulk as sql;
use crate::store::postgres::{DatabaseUrl, Failure, OpenError};

/// The state of a check.
struct Inspection<'a> {
    bulk: &'a Bulk,
    now: Timestamp,
    /// What all families share, and the numbers of those rows.
    shared: State,
    shared_rows: HashSet<RowNumber>,
    rows: BTreeMap<&'static str, usize>,
    report: CheckReport,
}

/// A family with its row in the look-up table of accounts.
struct Family {
    key: i64,
    seq: i64,
    account: Option<UserId>,
    email: Option<String>,
    is_active_admin: bool,
    is_marked: bool,
}

/// Examines a database at one moment, and changes nothing. Returns the report and the hosts of the
/// database. A finding's row is the record's position, or the event's sequence number in its family.
pub async fn inspect_database(
    url: &DatabaseUrl,
    now: Timestamp,
    progress: &Progress,
) -> Result<(CheckReport, String), OpenError> {
    let bulk = Bulk::reading(url).await?;
    let mut inspection = Inspection {
        bulk: &bulk,
        now,
        shared: State::default(),
        shared_rows: HashSet::new(),
        rows: BTreeMap::new(),
        report: CheckReport::default(),
    };
    inspection.look_at_families(progress).await?;
    let Inspection { rows, mut report, .. } = inspection;
    for file in TABLES.iter().map(|kind| kind.file).chain([tracking::FILE]) {
        let rows = Some(rows.get(file).copied().unwrap_or_default());
        report.tables.push(TableReport { file, state: TableState::Present, rows });
    }
    report.findings.sort_by_key(|finding| Reverse(finding.kind.severity()));
    let hosts = bulk.hosts.clone();
    bulk.commit().await?;
    Ok((report, hosts))
}

impl Inspection<'_> {
    async fn look_at_families(&mut self, progress: &Progress) -> Result<(), Failure> {
        let size = self.bulk.rows(&sql::EVENTS_SIZE, &[]).await?;
        let total: i64 = size.first().map_or(0, |row| row.get("bytes"));
        let (mut done, total) = (0, total.unsigned_abs());
        let mut last = -1_i64;
        loop {
            // The family of what all share has the smallest key.
            let found = self.bulk.rows(&sql::CHECK_FAMILIES, &[&last]).await?;
            for row in &found {
                let family = Family::read(row)?;
                last = family.key;
                done += self.look_at_family(&family).await?;
                progress.report(Path::new(tracking::FILE), done, total.max(done + 1));
            }
            if found.is_empty() {
                progress.report(Path::new(tracking::FILE), total, total);
                return Ok(());
            }
        }
    }

    /// Returns the bytes of the family's events.
    async fn look_at_family(&mut self, family: &Family) -> Result<u64, Failure> {
        let mut found = Vec::new();
        let state = self.records(family, &mut found).await?;
        let places: HashMap<&'static str, Places> = HashMap::new();
        let tables = Tables { state: &state, places: &places, is_whole: &|_| true, now: self.now };
        tables.inspect(&mut found);
        found.retain(|finding| finding.row.is_none_or(|row| !self.shared_rows.contains(&row)));
        found.iter_mut().for_each(unreadable_is_damage);
        found.extend(family.look_up(&state));
        let bytes = self.events(family, &state, &mut found).await?;
        let marked = marked(&state, false);
        if family.key == 0 {
            self.report.marked = marked;
            self.shared_rows = rows_of(&state);
            self.shared = state;
        } else {
            self.report.marked.accounts.extend(marked.accounts);
        }
        let who = family.account.as_ref().map(|id| format!("account {id}: ")).unwrap_or_default();
        for finding in &mut found {
            finding.message.insert_str(0, &who);
        }
        self.report.findings.append(&mut found);
        Ok(bytes)
    }

    /// The records of a family, with those that all share.
    async fn records(
        &mut self,
        family: &Family,
        found: &mut Vec<Finding>,
    ) -> Result<State, Failure> {
        let mut state = self.shared.clone();
        let mut rows = self.bulk.stream(&sql::CHECK_RECORDS, &[&family.key]).await?;
        while let Some(row) = rows.try_next().await? {
            let (kind, text): (&str, &str) = (row.try_get("kind")?, row.try_get("row")?);
            let number = row.try_get::<_, i64>("position")?.unsigned_abs();
            let of_kind = |file: &str| file.strip_suffix(".json") == Some(kind);
            let Some(table) = TABLES.iter().find(|table| of_kind(table.file)) else {
                let message = "no server can load it: its kind is unknown".to_owned();
                let damage = FindingKind::Damage(DamageKind::NoObject);
                found.push(Finding::of_row(damage, kind, number, None, message));
                continue;
            };
            *self.rows.entry(table.file).or_default() += 1;
            state.set(&RowImage { file: table.file, number, text: Some(Arc::from(text)) });
        }
        Ok(state)
    }

    async fn events(
        &mut self,
        family: &Family,
        state: &State,
        found: &mut Vec<Finding>,
    ) -> Result<u64, Failure> {
        let (mut bytes, mut last) = (0, 0_i64);
        let mut events = Events::new(state, self.now, true);
        let mut rows = self.bulk.stream(&sql::CHECK_EVENTS, &[&family.key]).await?;
        while let Some(row) = rows.try_next().await? {
            let json: &str = row.try_get("json")?;
            last = row.try_get("seq")?;
            bytes += json.len() as u64;
            events.add(last.unsigned_abs(), None, json);
        }
        *self.rows.entry(tracking::FILE).or_default() += events.len();
        found.extend(events.finish(true));
        if last > family.seq {
            let message = format!(
                "no server can commit an event of this family: the next one would have the number \
                 {} again",
                family.seq + 1
            );
            let damage = FindingKind::Damage(DamageKind::NoObject);
            found.push(Finding::of_row(damage, tracking::FILE, last.unsigned_abs(), None, message));
        }
        Ok(bytes)
    }
}

impl Family {
    fn read(row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            key: row.try_get("id")?,
            seq: row.try_get("seq")?,
            account: row.try_get::<_, Option<&str>>("account_id")?.map(UserId::from),
            email: row.try_get("email")?,
            is_active_admin: row.try_get("is_active_admin")?,
            is_marked: row.try_get("is_marked")?,
        })
    }

    /// The finding about a row of the look-up table that does not match the account.
    fn look_up(&self, state: &State) -> Option<Finding> {
        let account = |row: RowNumber, message: &str| {
            let kind = FindingKind::BrokenReference;
            Finding::of_row(kind, User::FILE, row, None, message.to_owned())
        };
        let mut users = state.users.numbered();
        let (row, user) = users.next()?;
        if self.account.as_ref() != Some(&user.id) || users.next().is_some() {
            return Some(account(row, "the table `accounts` does not lead to this account"));
        }
        let is_right = self.email.as_deref() == Some(&**user.email.folded())
            && self.is_active_admin == user.is_active_admin()
            && self.is_marked == user.deletion.is_some();
        let message = "the table `accounts` has another email address or state of this account";
        (!is_right).then(|| account(row, message))
    }
}

/// A server ignores an unreadable row of a file, and cannot load a family with an unreadable record.
fn unreadable_is_damage(finding: &mut Finding) {
    if finding.kind == FindingKind::UnreadableRow {
        finding.kind = FindingKind::Damage(DamageKind::NoObject);
        let message = "no server can load it: it is no record of this table";
        message.clone_into(&mut finding.message);
    }
}

fn rows_of(state: &State) -> HashSet<RowNumber> {
    let tables = state.tables();
    tables.iter().flat_map(|table| table.texts().map(|(row, _)| row)).collect()
}
