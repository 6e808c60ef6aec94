//! `goldstar export`

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tokio_postgres::Row;

use super::directory::{NewDirectory, NewTable};
use super::erasures::{self, begin_erasures};
use super::error::TransferError;
use crate::disk::UnnamedFiles;
use crate::domain::{ErasureList, IdempotencyRecord, KeyResult, Seq, Session, Setting, Timestamp};
use crate::repair::salvage::kind::TABLES;
use crate::repair::salvage::new_epoch;
use crate::store::json::progress::Progress;
use crate::store::json::state::EPOCH;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::{Record, merge, new_row};
use crate::store::json::tracking;
use crate::store::postgres::bulk::Bulk;
use crate::store::postgres::sql::bulk as sql;
use crate::store::postgres::{DatabaseUrl, Failure};

/// What was exported.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// The number of rows of each file.
    pub rows: BTreeMap<String, u64>,
    /// The other files, as they were imported.
    pub files: Vec<String>,
}

/// The idempotency keys: the family and the text of each, and the rows of their events.
#[derive(Default)]
struct Keys {
    texts: Vec<(i64, String)>,
    rows: HashMap<(i64, Seq), Option<RowNumber>>,
}

struct Export<'a> {
    bulk: &'a Bulk,
    directory: NewDirectory,
    exported: Exported,
    /// The families that are left out, and whose events are anonymised.
    erased: HashSet<i64>,
}

/// Like [`export`], to files without names, without accounts whose deletion has started, and with an erasure
/// list.
pub(in crate::repair) async fn export_for_backup(
    url: &DatabaseUrl,
    to: Arc<UnnamedFiles>,
    now: Timestamp,
    progress: &Progress,
) -> Result<(), TransferError> {
    begin_erasures(url, now).await?;
    let (bulk, to) = (Bulk::reading(url).await?, NewDirectory::unnamed(to));
    let started = bulk.rows(&sql::STARTED_DELETIONS, &[]).await?;
    let erased = started.iter().map(|row| row.get("family_id")).collect();
    export_to(to, &bulk, erased, now, progress).await?;
    Ok(bulk.commit().await?)
}

/// Writes everything that is in a database at one moment into the directory `to`, which must not
/// exist or be empty. When this returns, the directory is durable. Needs some hundred bytes of memory
/// for each idempotency key, and some megabytes.
pub async fn export(
    url: &DatabaseUrl,
    to: &Path,
    now: Timestamp,
    progress: &Progress,
) -> Result<Exported, TransferError> {
    let (bulk, to) = (Bulk::reading(url).await?, NewDirectory::begin(to)?);
    let Export { directory, exported, .. } =
        export_to(to, &bulk, HashSet::new(), now, progress).await?;
    directory.finish()?;
    bulk.commit().await?;
    Ok(exported)
}

async fn export_to<'a>(
    directory: NewDirectory,
    bulk: &'a Bulk,
    erased: HashSet<i64>,
    now: Timestamp,
    progress: &Progress,
) -> Result<Export<'a>, TransferError> {
    let mut export = Export { bulk, directory, exported: Exported::default(), erased };
    let mut keys = export.keys().await?;
    export.events(&mut keys, progress).await?;
    for kind in TABLES {
        let mut table = export.begin(kind.file).await?;
        match kind.file {
            Session::FILE => {}
            IdempotencyRecord::FILE => keys.write(&mut table)?,
            file => export.records(file, &mut table).await?,
        }
        if kind.file == Setting::FILE {
            let value = new_epoch().into();
            table.push(&new_row(&Setting { name: EPOCH.into(), value }))?;
        }
        export.finish(kind.file, table).await?;
    }
    export.other_files().await?;
    export.erasures(now).await?;
    Ok(export)
}

impl Export<'_> {
    /// Starts a table's file.
    async fn begin(&self, file: &str) -> Result<NewTable, TransferError> {
        let before = self.kept(file, "before").await?;
        NewTable::begin(self.directory.create(file)?, &before)
    }

    /// Adds the kept rows, and ends the file.
    async fn finish(&mut self, file: &str, mut table: NewTable) -> Result<(), TransferError> {
        let mut rows = self.bulk.stream(&sql::EXPORT_KEPT, &[&file, &"row"]).await?;
        while let Some(row) = next(&mut rows).await? {
            let family: i64 = row.try_get("family_id").map_err(Failure::from)?;
            if !self.erased.contains(&family) {
                table.push(text(&row, "text")?)?;
            }
        }
        self.exported.rows.insert(file.to_owned(), table.rows);
        let after = self.kept(file, "after").await?;
        table.finish(&after)
    }

    async fn kept(&self, file: &str, part: &str) -> Result<String, TransferError> {
        let rows = self.bulk.rows(&sql::EXPORT_KEPT, &[&file, &part]).await?;
        rows.iter().map(|row| Ok(text(row, "text")?)).collect()
    }

    async fn records(&self, file: &str, table: &mut NewTable) -> Result<(), TransferError> {
        let kind = file.strip_suffix(".json").unwrap_or(file);
        let mut rows = self.bulk.stream(&sql::EXPORT_RECORDS, &[&kind]).await?;
        while let Some(row) = next(&mut rows).await? {
            let family: i64 = row.try_get("family_id").map_err(Failure::from)?;
            if !self.erased.contains(&family) {
                table.push(text(&row, "row")?)?;
            }
        }
        Ok(())
    }

    async fn keys(&self) -> Result<Keys, TransferError> {
        let mut keys = Keys::default();
        let mut rows = self.bulk.stream(&sql::EXPORT_RECORDS, &[&"idempotency_keys"]).await?;
        while let Some(row) = next(&mut rows).await? {
            let family: i64 = row.try_get("family_id").map_err(Failure::from)?;
            let text = text(&row, "row")?.to_owned();
            if let Some(event) = decode(&text)?.event() {
                keys.rows.insert((family, event), None);
            }
            keys.texts.push((family, text));
        }
        Ok(keys)
    }

    async fn events(&mut self, keys: &mut Keys, progress: &Progress) -> Result<(), TransferError> {
        let size = self.bulk.rows(&sql::EVENTS_SIZE, &[]).await?;
        let total: i64 = size.first().map_or(0, |row| row.get("bytes"));
        let (mut done, total) = (0, total.unsigned_abs());
        let mut table = self.begin(tracking::FILE).await?;
        let mut rows = self.bulk.stream(&sql::EXPORT_EVENTS, &[]).await?;
        while let Some(row) = next(&mut rows).await? {
            let json = text(&row, "json")?;
            let family: i64 = row.try_get("family_id").map_err(Failure::from)?;
            let number = if self.erased.contains(&family) {
                table.push(&tracking::without_personal(json.to_owned()))?
            } else {
                table.push(json)?
            };
            let seq: i64 = row.try_get("seq").map_err(Failure::from)?;
            if let Some(named) = keys.rows.get_mut(&(family, Seq(seq.unsigned_abs()))) {
                *named = Some(number);
            }
            done += json.len() as u64;
            progress.report(Path::new(tracking::FILE), done, total.max(done + 1));
        }
        progress.report(Path::new(tracking::FILE), total, total);
        self.finish(tracking::FILE, table).await
    }

    async fn erasures(&self, now: Timestamp) -> Result<(), TransferError> {
        let Some(list) = erasures::read(self.bulk, now).await? else { return Ok(()) };
        let mut file = self.directory.create(ErasureList::FILE)?;
        file.push(&list.text())?;
        file.finish()
    }

    async fn other_files(&mut self) -> Result<(), TransferError> {
        let mut rows = self.bulk.stream(&sql::EXPORT_FILES, &[]).await?;
        while let Some(row) = next(&mut rows).await? {
            let name = text(&row, "file")?;
            let mut file = self.directory.create(name)?;
            file.push(text(&row, "text")?)?;
            file.finish()?;
            self.exported.files.push(name.to_owned());
        }
        Ok(())
    }
}

impl Keys {
    /// Writes the keys, each with the row of its event. A key whose event does not exist is useless.
    fn write(&self, table: &mut NewTable) -> Result<(), TransferError> {
        for (family, text) in &self.texts {
            let old = decode(text)?;
            let Some(event) = old.event() else {
                table.push(text)?;
                continue;
            };
            let Some(Some(row)) = self.rows.get(&(*family, event)) else { continue };
            let new = IdempotencyRecord { result: KeyResult::Event(Seq(*row)), ..old.clone() };
            table.push(&merge(text, &old, &new))?;
        }
        Ok(())
    }
}

fn decode(text: &str) -> Result<IdempotencyRecord, TransferError> {
    let malformed = |fault: &dyn std::fmt::Display| TransferError::Malformed(fault.to_string());
    let fields = Fields::parse(text).map_err(|fault| malformed(&fault))?;
    IdempotencyRecord::decode(&fields).map_err(|fault| malformed(&fault))
}

async fn next(
    rows: &mut std::pin::Pin<Box<tokio_postgres::RowStream>>,
) -> Result<Option<Row>, Failure> {
    Ok(rows.try_next().await?)
}

fn text<'a>(row: &'a Row, column: &str) -> Result<&'a str, Failure> {
    Ok(row.try_get(column)?)
}
