//! A start: what the last run left behind is brought together, or refused where that can't be
//! right. Until the new checkpoint is written nothing is lost by a crash: the next start does the
//! same again.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::damage::{Damage, OpenError};
use super::frame::{Entry, Print};
use super::journal::{self, Journal};
use super::maintenance::TableFile;
use super::pyjson;
use super::segment::Link;
use super::state::{State, TABLE_FILES};
use super::table::{AnyTable, parse_file, row_name};
use super::tracking::{self, Appender, Mark, NewRow, event};
use crate::disk::{Disk, Open, read_if_exists, replace};
use crate::domain::{RowNumber, Timestamp};
use crate::store::{EventSink, History, Resume};

/// What a start found, ready to go on from.
pub(super) struct Recovered {
    pub(super) state: State,
    pub(super) appender: Appender,
    pub(super) journal: Journal,
    pub(super) files: BTreeMap<&'static str, TableFile>,
    pub(super) sinks: BTreeMap<String, String>,
    pub(super) checkpoint: Checkpoint,
}

/// A start on one directory.
pub(super) struct Recovery<'a> {
    pub(super) disk: &'a Arc<dyn Disk>,
    /// The data directory, and the journal's folder in it.
    pub(super) data: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) now: Timestamp,
}

type Rows = Vec<(RowNumber, Arc<str>)>;

impl Recovery<'_> {
    /// Brings the directory into the form in which commits can begin.
    pub(super) fn run(self, sinks: &mut [Box<dyn EventSink>]) -> Result<Recovered, OpenError> {
        let saved = Checkpoint::load(&**self.disk, self.folder)?;
        let first =
            saved.as_ref().map_or(Link { epoch: 1, sequence: 1, previous: 0 }, Checkpoint::link);
        journal::secure(&**self.disk, self.folder, first.epoch)
            .map_err(OpenError::io(self.folder))?;
        let loaded = journal::load(&**self.disk, self.folder, first)?;
        if let Some((file, byte)) = &loaded.torn {
            let file = file.display();
            tracing::warn!(%file, byte, "the journal's last batch is torn: nobody had its answer");
        }
        let (state, mut files, rows) = self.replay_tables(saved.as_ref(), loaded.entries)?;
        let saved = saved.unwrap_or_default();
        let appender = if rows.replays {
            self.replay_tracking(saved.tracking(), &rows.events, loaded.torn.as_ref())?
        } else {
            self.load_tracking()?
        };
        let history = appender.tracking();
        let written = if rows.replays { history.last_row() } else { saved.tracking().last_row };
        for sink in &mut *sinks {
            let saved = saved.sinks.get(sink.name()).map(String::as_str);
            sink.resume(Resume { saved, written }, &**history);
        }
        let latest_event = self.latest_event(&saved, &rows.events, &appender);
        let link = Link { epoch: self.next_epoch(loaded.next.epoch)?, ..loaded.next };
        self.flush(&state, &mut files)?;
        let (checkpoint, sinks) = self.checkpoint(link, &appender, &files, sinks, latest_event)?;
        let io = OpenError::io(self.folder);
        let journal =
            journal::remove_before(&**self.disk, self.folder, link.epoch).and_then(|()| {
                Journal::create(Arc::clone(self.disk), self.folder.to_owned(), link, None)
            });
        let journal = journal.map_err(io)?;
        Ok(Recovered { state, appender, journal, files, sinks, checkpoint })
    }

    /// Reads the small tables, and sets each row to what the journal says.
    fn replay_tables(
        &self,
        saved: Option<&Checkpoint>,
        entries: Vec<Entry>,
    ) -> Result<(State, BTreeMap<&'static str, TableFile>, Replayed), OpenError> {
        let mut prints = HashMap::new();
        let mut state = State::parse(self.data, |file| {
            let path = self.data.join(file);
            let bytes = read_if_exists(&**self.disk, &path).map_err(OpenError::io(&path))?;
            prints.insert(file, bytes.as_deref().map(Print::of));
            Ok::<_, OpenError>(bytes.unwrap_or_default())
        })?;
        let mut replayed = Replayed { replays: false, events: Vec::new() };
        let mut announced: HashMap<&str, Vec<Print>> = HashMap::new();
        let mut files = BTreeMap::new();
        for file in TABLE_FILES {
            let print = prints.get(file).copied().flatten();
            files.insert(file, TableFile { version: 0, print });
        }
        for entry in entries {
            replayed.replays |= !matches!(entry, Entry::Segment { .. });
            match entry {
                Entry::Segment { .. } => {}
                Entry::Row(image) => state.set(&image),
                Entry::Event { number, text } => replayed.events.push((number, text)),
                Entry::Flush { file, print } => announced.entry(file).or_default().push(print),
            }
        }
        if replayed.replays {
            for table in state.tables() {
                let file = table.file();
                let found = prints.get(file).copied().flatten();
                let known = saved.and_then(|saved| saved.table(file));
                let announced = announced.get(file).map(Vec::as_slice).unwrap_or_default();
                self.check_own(table, found, known, announced)?;
            }
        }
        for table in state.tables() {
            if table.unreadable_rows() > 0 {
                let (file, rows) = (table.file(), table.unreadable_rows());
                tracing::warn!(
                    file,
                    rows,
                    "rows of this file can't be read; they are kept as they are"
                );
            }
        }
        Ok((state, files, replayed))
    }

    /// Refuses to replay over a file that another program has written since.
    fn check_own(
        &self,
        replayed: &dyn AnyTable,
        found: Option<Print>,
        known: Option<Print>,
        announced: &[Print],
    ) -> Result<(), Damage> {
        if found == known || found.is_some_and(|found| announced.contains(&found)) {
            return Ok(());
        }
        // A start that was cut off may have written it already: then the replay changes nothing.
        if found == Some(Print::of(replayed.file_text().as_bytes())) {
            return Ok(());
        }
        let cause = "another program has written this file after Goldstar had stopped without \
                     tidying up, and the journal still holds changes that belong into it";
        Err(Damage::new(self.data.join(replayed.file()), 0, cause))
    }

    /// Reads the tracking file as it lies there.
    fn load_tracking(&self) -> Result<Appender, OpenError> {
        let path = self.tracking_path();
        let io = || OpenError::io(&path);
        loop {
            let file = match self.disk.open(&path, Open::Write) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return self.create_tracking();
                }
                Err(error) => return Err(io()(error)),
            };
            if file.is_empty().map_err(io())? {
                return self.create_tracking();
            }
            let loaded = tracking::load(&*file, &path, None)?;
            if loaded.appendable {
                let disk = Arc::clone(self.disk);
                return Appender::open(disk, path.clone(), file, loaded).map_err(io());
            }
            self.reshape(&path)?;
        }
    }

    fn create_tracking(&self) -> Result<Appender, OpenError> {
        let path = self.tracking_path();
        Appender::create(Arc::clone(self.disk), path.clone()).map_err(OpenError::io(path))
    }

    /// Brings a tracking file into the shape that rows can be appended to: one line, the default
    /// table last.
    fn reshape(&self, path: &Path) -> Result<(), OpenError> {
        let bytes = read_if_exists(&**self.disk, path).map_err(OpenError::io(path))?;
        let bytes = bytes.unwrap_or_default();
        let file = parse_file(path, &bytes)?;
        let mut text = format!("{{{}", pyjson::compact(&file.before));
        if let Some(after) = file.after.strip_prefix(", ") {
            text.push_str(&pyjson::compact(after));
            text.push_str(", ");
        }
        text.push_str("\"_default\": {");
        for (position, (number, row)) in file.rows.iter().enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            text.push_str(comma);
            text.push_str(&row_name(*number));
            text.push_str(&pyjson::compact(row));
        }
        text.push_str("}}");
        tracing::info!(file = %path.display(), "brought into the shape that can be appended to");
        replace(&**self.disk, path, text.as_bytes()).map_err(OpenError::io(path))
    }

    /// Takes the tracking file back to its checkpoint, and appends what the journal holds since.
    fn replay_tracking(
        &self,
        mark: Mark,
        events: &[(RowNumber, Arc<str>)],
        torn: Option<&(PathBuf, u64)>,
    ) -> Result<Appender, OpenError> {
        let path = self.tracking_path();
        let io = || OpenError::io(&path);
        let file = self.disk.open(&path, Open::Write).map_err(io())?;
        let loaded = tracking::load(&*file, &path, Some(mark))?;
        check_tail(&path, mark, &loaded.tail, events, torn)?;
        let decoded = events.iter().map(|(number, text)| {
            event::decode(text).map_err(|why| {
                let cause = format!("event {number} of the journal is not well-formed: {why}");
                Damage::new(self.folder, 0, cause)
            })
        });
        let decoded = decoded.collect::<Result<Vec<_>, _>>()?;
        file.set_len(mark.len).map_err(io())?;
        let mut appender =
            Appender::open(Arc::clone(self.disk), path.clone(), file, loaded).map_err(io())?;
        let rows = events.iter().zip(&decoded);
        let rows: Vec<NewRow<'_>> =
            rows.map(|((number, text), event)| NewRow { number: *number, event, text }).collect();
        appender.append(&rows);
        match appender.last_error() {
            None => Ok(appender),
            Some(error) => Err(io()(std::io::Error::other(error.to_owned()))),
        }
    }

    /// The latest time that an event was given. A row of an older file that lies more than a day
    /// ahead of the clock doesn't count; what Goldstar gave itself does, wherever the clock is now.
    fn latest_event(
        &self,
        saved: &Checkpoint,
        events: &Rows,
        appender: &Appender,
    ) -> Option<Timestamp> {
        let own = events.iter().filter_map(|(_, text)| event::decode(text).ok());
        let own = own.map(|event| event.occurred_at).max();
        let day_ahead = Timestamp::from_micros(self.now.as_micros() + Timestamp::DAY_MICROS);
        let found = appender.tracking().latest_until(day_ahead);
        own.max(saved.latest_event()).max(found)
    }

    /// An epoch that no file of the folder has.
    fn next_epoch(&self, replayed: u64) -> Result<u64, OpenError> {
        let epochs = journal::epochs(&**self.disk, self.folder);
        let last = epochs.map_err(OpenError::io(self.folder))?.last().copied();
        Ok(last.unwrap_or_default().max(replayed) + 1)
    }

    /// Writes the file of each table that the journal has changed.
    fn flush(
        &self,
        state: &State,
        files: &mut BTreeMap<&'static str, TableFile>,
    ) -> Result<(), OpenError> {
        for table in state.tables() {
            let (file, version) = (table.file(), table.version());
            if version == 0 {
                continue;
            }
            let text = table.file_text();
            let path = self.data.join(file);
            replace(&**self.disk, &path, text.as_bytes()).map_err(OpenError::io(&path))?;
            let print = Some(Print::of(text.as_bytes()));
            files.insert(file, TableFile { version, print });
        }
        Ok(())
    }

    fn checkpoint(
        &self,
        link: Link,
        appender: &Appender,
        files: &BTreeMap<&'static str, TableFile>,
        sinks: &mut [Box<dyn EventSink>],
        latest_event: Option<Timestamp>,
    ) -> Result<(Checkpoint, BTreeMap<String, String>), OpenError> {
        let io = || OpenError::io(self.folder);
        appender.file().sync().map_err(OpenError::io(self.tracking_path()))?;
        let mark = appender.mark().unwrap_or_default();
        let mut checkpoint = Checkpoint::new(link, mark, latest_event);
        for (file, contents) in files {
            if let Some(print) = contents.print {
                checkpoint.set_table(file, print);
            }
        }
        for sink in sinks {
            let saved = (sink.checkpoint())().map_err(io())?;
            checkpoint.sinks.insert(sink.name().to_owned(), saved);
        }
        checkpoint.save(&**self.disk, self.folder).map_err(io())?;
        let sinks = checkpoint.sinks.clone();
        Ok((checkpoint, sinks))
    }

    fn tracking_path(&self) -> PathBuf {
        self.data.join(tracking::FILE)
    }
}

/// What a journal's entries bring back.
struct Replayed {
    /// Whether there is anything to replay: if not, the directory may be in any program's hands.
    replays: bool,
    /// The rows of the tracking table.
    events: Rows,
}

/// Rows behind the checkpoint must be the journal's: it was durable before they were written.
fn check_tail(
    path: &Path,
    mark: Mark,
    tail: &[(RowNumber, String)],
    events: &[(RowNumber, Arc<str>)],
    torn: Option<&(PathBuf, u64)>,
) -> Result<(), Damage> {
    for (position, (number, text)) in tail.iter().enumerate() {
        if events.get(position).is_some_and(|known| known.0 == *number && *known.1 == **text) {
            continue;
        }
        if let (Some((journal, byte)), true) = (torn, position >= events.len()) {
            let cause = format!(
                "the journal's last batch is not valid, though {} holds its row {number}: the disk \
                 has changed what was written",
                path.display()
            );
            return Err(Damage::new(journal, *byte, cause));
        }
        let cause = format!(
            "row {number}, behind the part that had been synced, is not in the journal: another \
             program wrote here after Goldstar had stopped without tidying up"
        );
        return Err(Damage::new(path, mark.len, cause));
    }
    Ok(())
}
