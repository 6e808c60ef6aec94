//! `goldstar check --database-url`: family by family, so that the memory is that of the largest one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt as _;

use super::columns::{Numbers, of_record};
use super::events::Events;
use super::family::{Family, name_of};
use super::marked::marked;
use super::tables::{Places, Tables, named_accounts};
use super::{CheckReport, Finding, FindingKind, TableReport, TableState};
use crate::domain::{CalendarFeed, IdempotencyRecord, Session, Timestamp, UserId};
use crate::repair::salvage::kind::TABLES;
use crate::store::json::damage::DamageKind;
use crate::store::json::progress::Progress;
use crate::store::json::state::State;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::record::Record as _;
use crate::store::json::tracking;
use crate::store::postgres::bulk::Bulk;
use crate::store::postgres::sql::{Sql, bulk as sql};
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
    inspection.look_at_ids(&sql::CHECK_EVENT_IDS).await?;
    inspection.look_at_ids(&sql::CHECK_RECORD_IDS).await?;
    inspection.look_at_tokens().await?;
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
        let (state, is_empty) = self.records(family, &mut found).await?;
        let places: HashMap<&'static str, Places> = HashMap::new();
        let accounts = self.accounts_named_in(&state).await?;
        let tables = Tables {
            state: &state,
            places: &places,
            is_whole: &|_| true,
            is_elsewhere: &|id| accounts.contains(id),
            now: self.now,
        };
        tables.inspect(&mut found);
        found.retain(|finding| finding.row.is_none_or(|row| !self.shared_rows.contains(&row)));
        found.iter_mut().for_each(unreadable_is_damage);
        found.extend(family.look_up(&state, is_empty));
        let bytes = self.events(family, &state, &mut found).await?;
        let marked = marked(&state, false);
        if family.key == 0 {
            self.report.marked = marked;
            self.shared_rows = rows_of(&state);
            self.shared = state;
        } else {
            self.report.marked.accounts.extend(marked.accounts);
        }
        let name = format!("{}: ", family.name());
        for finding in &mut found {
            finding.message.insert_str(0, &name);
        }
        self.report.findings.append(&mut found);
        Ok(bytes)
    }

    /// The records of a family, with those that all share, and whether it has none of its own.
    async fn records(
        &mut self,
        family: &Family,
        found: &mut Vec<Finding>,
    ) -> Result<(State, bool), Failure> {
        let (mut state, mut is_empty) = (self.shared.clone(), true);
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
            is_empty = false;
            found.extend(of_record(*table, family, number, &row)?);
            state.set(&RowImage { file: table.file, number, text: Some(Arc::from(text)) });
        }
        state.join();
        Ok((state, is_empty))
    }

    /// The existing accounts that the records of a family name.
    async fn accounts_named_in(&self, state: &State) -> Result<HashSet<String>, Failure> {
        let named: Vec<&str> = named_accounts(state).map(UserId::as_str).collect();
        if named.is_empty() {
            return Ok(HashSet::new());
        }
        let found = self.bulk.rows(&sql::CHECK_ACCOUNTS, &[&named]).await?;
        found.iter().map(|row| Ok(row.try_get("id")?)).collect()
    }

    async fn events(
        &mut self,
        family: &Family,
        state: &State,
        found: &mut Vec<Finding>,
    ) -> Result<u64, Failure> {
        let mut bytes = 0;
        let (mut events, mut numbers) =
            (Events::new(state, self.now, true, true), Numbers::default());
        let remembered = state.remembered.numbered();
        let mut missing: HashMap<_, _> =
            remembered.filter_map(|(row, record)| Some((record.event()?.0, row))).collect();
        let mut rows = self.bulk.stream(&sql::CHECK_EVENTS, &[&family.key]).await?;
        while let Some(row) = rows.try_next().await? {
            let json: &str = row.try_get("json")?;
            let seq = row.try_get::<_, i64>("seq")?.unsigned_abs();
            bytes += json.len() as u64;
            events.add(seq, None, json);
            numbers.add(family, &row)?;
            missing.remove(&seq);
        }
        *self.rows.entry(tracking::FILE).or_default() += events.len();
        found.extend(events.finish(true));
        numbers.finish(family, found);
        found.extend(missing.into_iter().map(|(event, row)| {
            let message =
                format!("it names event {event} of the family, which doesn't exist: delete it");
            let kind = FindingKind::BrokenReference;
            Finding::of_row(kind, IdempotencyRecord::FILE, row, None, message)
        }));
        Ok(bytes)
    }

    /// Reports ids that occur in several families.
    async fn look_at_ids(&mut self, sql: &Sql) -> Result<(), Failure> {
        let mut first: Option<(String, String, i64, String)> = None;
        let mut rows = self.bulk.stream(sql, &[]).await?;
        while let Some(row) = rows.try_next().await? {
            let (kind, id): (&str, &str) = (row.try_get("kind")?, row.try_get("id")?);
            let (key, number): (i64, i64) = (row.try_get("family_id")?, row.try_get("number")?);
            let name = name_of(key, row.try_get("account_id")?);
            match &first {
                Some((of_kind, same, earlier, other)) if (&**of_kind, &**same) == (kind, id) => {
                    let message = format!(
                        "{name}: it has the id of row {earlier} of {other}: compare both, and delete the \
                         wrong one"
                    );
                    let (file, number) = (format!("{kind}.json"), number.unsigned_abs());
                    let kind = FindingKind::DuplicateId;
                    let finding = Finding::of_row(kind, &file, number, None, message);
                    self.report.findings.push(finding);
                }
                _ => first = Some((kind.to_owned(), id.to_owned(), number, name)),
            }
        }
        Ok(())
    }

    /// Reports differences between the sessions and calendar feeds and their look-up table.
    async fn look_at_tokens(&mut self) -> Result<(), Failure> {
        let mut rows = self.bulk.stream(&sql::CHECK_TOKENS, &[]).await?;
        while let Some(found) = rows.try_next().await? {
            let name = name_of(found.try_get("family_id")?, found.try_get("account_id")?);
            let kind: Option<&str> = found.try_get("kind")?;
            let row = found.try_get::<_, Option<i64>>("position")?.map(i64::unsigned_abs);
            let (file, what) = match kind {
                Some("calendar_feeds") => (
                    CalendarFeed::FILE,
                    "the table `tokens` has no row of this calendar feed, which cannot be used: delete it",
                ),
                Some(_) => (
                    Session::FILE,
                    "the table `tokens` has no row of this session, which cannot be used: delete it",
                ),
                None => (
                    Session::FILE,
                    "the table `tokens` has a row without a session or calendar feed: delete it",
                ),
            };
            let kind = FindingKind::WrongColumn;
            let found = Finding::of_file(kind, file, format!("{name}: {what}"));
            self.report.findings.push(Finding { row, ..found });
        }
        Ok(())
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
