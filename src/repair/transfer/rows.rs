//! Turns the rows of a directory into rows of the database.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use super::batch::Batch;
use super::error::TransferError;
use super::imported::{Imported, LastEvents};
use super::other_files::tinydb_text;
use super::source::ImportSource;
use crate::disk::{Disk, Open};
use crate::domain::deletion::FIRST_START;
use crate::domain::{
    Deletion, ErasureList, IdempotencyRecord, KeyResult, LogEntry, Seq, Session, Setting,
    Timestamp, User,
};
use crate::repair::erase::Erased;
use crate::repair::inspect::Examined;
use crate::repair::salvage::kind::{TABLES, TRACKING, TableKind};
use crate::store::json::damage::OpenError;
use crate::store::json::lock;
use crate::store::json::progress::Progress;
use crate::store::json::state::{EPOCH, LAST_MESSAGE};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::codecs::TABLE_FILES;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::pyjson;
use crate::store::json::tinydb::record::{Record, merge, new_row};
use crate::store::json::tracking::{self, FileRow};
use crate::store::postgres::administration::LOG;
use crate::store::postgres::columns::{EventColumns, expires_at};
use crate::store::postgres::new_key;
use crate::store::postgres::position::place_of;

/// The key of what all families share.
const SHARED: i64 = 0;

/// What a family is found by: its account, or a child whose events name no account.
#[derive(PartialEq, Eq, Hash)]
enum Owner {
    Account(Arc<str>),
    Child(Arc<str>),
}

struct Family {
    key: i64,
    seq: i64,
    last_occurred_at: Option<i64>,
}

/// Reads a directory, and sends its rows.
pub(super) struct Rows {
    disk: Box<dyn Disk>,
    data: PathBuf,
    examined: Examined,
    /// The accounts whose events lose their personal parts.
    erased: Option<Erased>,
    /// Whether no Goldstar has served the directory, and accounts are marked for deletion.
    holds_deletions: bool,
    /// The version of the families.
    version: i64,
    sender: mpsc::Sender<Batch>,
    batch: Batch,
    families: HashMap<Owner, Family>,
    /// The events that were reversed, with their families: the database accepts one reversal of each.
    reversed: HashSet<(i64, String)>,
    /// The events that idempotency keys name, with their families and numbers.
    remembered: HashMap<RowNumber, Option<(i64, Seq)>>,
    imported: Imported,
}

impl Rows {
    pub(super) fn new(source: ImportSource, now: Timestamp, sender: mpsc::Sender<Batch>) -> Self {
        let ImportSource { disk, data, report, examined, erased, .. } = source;
        let has_setting = examined.state.settings.get(FIRST_START).is_some();
        let marked = &report.marked;
        let holds_deletions = marked.is_first_start && !marked.accounts.is_empty() && !has_setting;
        let remembered = examined.state.remembered.records();
        let remembered = remembered.filter_map(|record| Some((record.event()?.0, None))).collect();
        Self {
            disk,
            data,
            examined,
            erased,
            holds_deletions,
            version: now.as_micros().max(1),
            sender,
            batch: Batch::default(),
            families: HashMap::new(),
            reversed: HashSet::new(),
            remembered,
            imported: Imported::default(),
        }
    }

    /// Reads everything.
    pub(super) fn read(
        mut self,
        progress: &Progress,
    ) -> Result<(Imported, LastEvents), TransferError> {
        for kind in TABLES {
            if kind.file != IdempotencyRecord::FILE {
                self.table(kind);
            }
        }
        self.hold_deletions();
        self.events(progress)?;
        for kind in TABLES.into_iter().filter(|kind| kind.file == IdempotencyRecord::FILE) {
            self.table(kind);
        }
        self.other_files()?;
        self.send();
        let mut last = LastEvents::default();
        for family in self.families.into_values().filter(|family| family.seq > 0) {
            last.keys.push(family.key);
            last.seqs.push(family.seq);
            last.times.push(family.last_occurred_at);
        }
        Ok((self.imported, last))
    }

    /// Sends the batch if it is large.
    fn send_if_full(&mut self) {
        if self.batch.is_full() {
            self.send();
        }
    }

    fn send(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        // If the receiver has failed, its error is reported.
        drop(self.sender.blocking_send(batch));
    }

    fn table(&mut self, kind: TableKind) {
        let state = self.examined.state.clone();
        let Some(table) = state.tables().into_iter().find(|it| it.file() == kind.file) else {
            return;
        };
        let (before, after) = table.around();
        self.keep_around(kind.file, "before", before);
        self.keep_around(kind.file, "after", after);
        if kind.file == Session::FILE {
            self.imported.sessions = table.len();
            return;
        }
        for (number, text) in table.texts() {
            self.record(kind, number, &text);
            self.send_if_full();
        }
    }

    /// Keeps the other tables of a file.
    fn keep_around(&mut self, file: &str, part: &str, members: &str) {
        if !members.is_empty() {
            self.imported.kept.push(format!("other tables of {file}"));
            self.keep(SHARED, file, part, members);
        }
    }

    fn keep(&mut self, family: i64, file: &str, part: &str, text: &str) {
        self.batch.kept.row(4).bigint(family).text(file).text(part).text(text);
    }

    fn record(&mut self, kind: TableKind, number: RowNumber, text: &str) {
        let key = (kind.key)(text);
        let is_of_files = |key: &str| [EPOCH, LAST_MESSAGE].contains(&key);
        if kind.file == Setting::FILE && key.as_deref().is_some_and(is_of_files) {
            return;
        }
        let Ok(fields) = Fields::parse(text) else { return };
        let family = match fields.optional_text(kind.owner) {
            Some(owner) if kind.file == User::FILE && key.is_some() => {
                self.account(&owner, &fields)
            }
            Some(owner) => self.family_of(&owner),
            None if kind.file == LogEntry::FILE => LOG,
            None => SHARED,
        };
        let mut row = Arc::from(text);
        let mut expires_at = expires_at(kind.file, &fields);
        let mut is_record = key.is_some();
        if kind.file == IdempotencyRecord::FILE {
            match self.idempotency_record(&fields, family, text) {
                Some((new, expiry)) => (row, expires_at) = (new, Some(expiry)),
                None => is_record = false,
            }
        }
        let Some(key) = key.filter(|_| is_record) else {
            self.imported.kept.push(format!("row {number} of {}, which is no record", kind.file));
            self.keep(family, kind.file, "row", text);
            return;
        };
        *self.imported.records.entry(kind.file).or_default() += 1;
        let name = kind.file.strip_suffix(".json").unwrap_or(kind.file);
        let columns = self.batch.records.row(5).bigint(family).text(name).lookup(&key);
        match expires_at {
            Some(time) => columns.bigint(time.as_micros()),
            None => columns.null(),
        }
        .text(&row);
    }

    /// The row of an idempotency key and its expiry; `None` if it is no record. The number of its event is
    /// that in the database; `None` if that event does not exist.
    fn idempotency_record(
        &self,
        fields: &Fields<'_>,
        family: i64,
        text: &str,
    ) -> Option<(Arc<str>, Timestamp)> {
        let old = IdempotencyRecord::decode(fields).ok()?;
        let expires_at = old.created_at.after(IdempotencyRecord::LIFETIME);
        let Some(row) = old.event() else { return Some((text.into(), expires_at)) };
        let (of, event) = self.remembered.get(&row.0).copied().flatten()?;
        if of != family {
            return None;
        }
        let new = IdempotencyRecord { result: KeyResult::Event(event), ..old.clone() };
        Some((merge(text, &old, &new), expires_at))
    }

    /// Adds an account; returns its family.
    fn account(&mut self, id: &Arc<str>, fields: &Fields<'_>) -> i64 {
        let Ok(user) = User::decode(fields) else { return self.family_of(id) };
        let key = self.new_family(Owner::Account(Arc::clone(id)));
        let has_started = user.deletion.as_ref().is_some_and(Deletion::has_started);
        let accounts = self.batch.accounts.row(7).lookup(id).bigint(key);
        accounts.lookup(user.email.folded()).boolean(user.is_active_admin());
        accounts.boolean(user.deletion.is_some()).boolean(has_started);
        // The other file of the account has its time.
        let user = self.examined.state.users.get(id);
        match user.and_then(|user| user.schedules_due_at()) {
            Some(time) => accounts.bigint(time.as_micros()),
            None => accounts.null(),
        };
        key
    }

    /// The family of an account, which may have no record.
    fn family_of(&mut self, id: &Arc<str>) -> i64 {
        if let Some(family) = self.families.get(&Owner::Account(Arc::clone(id))) {
            return family.key;
        }
        let key = self.new_family(Owner::Account(Arc::clone(id)));
        let accounts = self.batch.accounts.row(7).lookup(id).bigint(key).null();
        accounts.boolean(false).boolean(false).boolean(false).null();
        key
    }

    fn new_family(&mut self, owner: Owner) -> i64 {
        let key = new_key();
        self.batch.families.row(2).bigint(key).bigint(self.version);
        self.families.insert(owner, Family { key, seq: 0, last_occurred_at: None });
        key
    }

    /// See [`crate::service::deletion`]: nothing is deleted on the first day.
    fn hold_deletions(&mut self) {
        if self.holds_deletions {
            let setting = Setting { name: FIRST_START.into(), value: Value::Null };
            let columns = self.batch.records.row(5).bigint(SHARED).text("settings");
            columns.text(FIRST_START).null().text(&new_row(&setting));
        }
    }

    fn events(&mut self, progress: &Progress) -> Result<(), TransferError> {
        let path = self.data.join(tracking::FILE);
        let file = match self.disk.open(&path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(OpenError::io(&path))?,
        };
        if file.is_empty().map_err(OpenError::io(&path))? {
            return Ok(());
        }
        let mut others = String::new();
        let other = &mut |name: &str, _, value: &str| others.extend([name, ": ", value, ", "]);
        let each = |row: FileRow<'_>| self.event(row);
        tracking::visit(&*file, &path, u64::MAX, &[], progress, each, other)?;
        self.keep_around(TRACKING.file, "before", &others);
        Ok(())
    }

    fn event(&mut self, row: FileRow<'_>) {
        // An event stream sends each event as one line.
        let has_breaks = row.text.contains(['\n', '\r']);
        let text = if has_breaks { pyjson::compact(row.text).into() } else { row.text.to_owned() };
        let mut text: String = tracking::trimmed(text);
        if self.erased.as_mut().is_some_and(|erased| erased.has_event(&text)) {
            text = tracking::without_personal(text);
        }
        let Ok(fields) = Fields::parse(&text) else { return };
        let user_id = fields.optional_text("user_id");
        let columns = EventColumns::of(&fields);
        let owner = user_id.map_or_else(|| self.owner_of_child(&fields), Owner::Account);
        let (key, seq) = self.next_seq(&owner, columns.occurred_at);
        if let Some(event) = self.remembered.get_mut(&row.number) {
            *event = Some((key, Seq(seq.unsigned_abs())));
        }
        let (xid, place) = place_of(self.imported.events);
        self.imported.events += 1;
        let copy = self.batch.events.row(14).bigint(key).bigint(seq);
        copy.bigint(xid.cast_signed()).integer(place.into()).boolean(columns.is_anonymous);
        match &*columns.id {
            "" => copy.text(&format!("\u{fffd}{}", row.number)),
            id => copy.text(id),
        };
        for (_, column) in &columns.texts {
            copy.text(column);
        }
        copy.bigint(columns.occurred_at.as_micros()).bigint(columns.created_at.as_micros());
        let copy = copy.text(&text);
        match columns.reverses.filter(|id| self.reversed.insert((key, id.clone()))) {
            Some(id) => copy.text(&id),
            None => copy.null(),
        };
        self.send_if_full();
    }

    /// An event that names no account belongs to the family of its child, if that exists.
    fn owner_of_child(&self, fields: &Fields<'_>) -> Owner {
        let child_id = fields.text("child_id").unwrap_or_default();
        match self.examined.state.children.get(&child_id) {
            Some(child) => Owner::Account(child.user_id.shared()),
            None => Owner::Child(child_id.into()),
        }
    }

    /// The family's key, and the number of its next event.
    fn next_seq(&mut self, owner: &Owner, occurred_at: Timestamp) -> (i64, i64) {
        if !self.families.contains_key(owner) {
            match owner {
                Owner::Account(id) => _ = self.family_of(id),
                Owner::Child(id) => _ = self.new_family(Owner::Child(Arc::clone(id))),
            }
        }
        let family = self.families.get_mut(owner);
        family.map_or((SHARED, 0), |family| {
            family.seq += 1;
            family.last_occurred_at = Some(occurred_at.as_micros());
            (family.key, family.seq)
        })
    }

    /// Keeps other TinyDB files.
    fn other_files(&mut self) -> Result<(), TransferError> {
        let own: HashSet<&str> = TABLE_FILES
            .into_iter()
            .chain([tracking::FILE, lock::NAME, ErasureList::FILE])
            .collect();
        let names = std::mem::take(&mut self.examined.names);
        for name in names.into_iter().filter(|name| !own.contains(&**name)) {
            match tinydb_text(&*self.disk, &self.data, &name)? {
                Some(text) => {
                    self.keep(SHARED, &name, "file", &text);
                    self.imported.kept.push(format!("the file {name}"));
                    self.send_if_full();
                }
                None => self.imported.left_out.push(name),
            }
        }
        Ok(())
    }
}
