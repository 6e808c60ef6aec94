//! Further faults of damaged files, besides the one that a start reports.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::faults;
use super::tables::{Places, Tables};
use super::{Finding, Inspection};
use crate::disk::read_if_exists;
use crate::repair::salvage;
use crate::repair::salvage::kind::{TABLES, TRACKING, TableKind};
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::state::State;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tracking;
use crate::store::json::wal;

impl Inspection<'_> {
    /// Adds the further faults of the damaged files, and the faults of the rows that can still be
    /// read.
    pub(super) fn look_at_damaged_files(&mut self) -> Result<(), OpenError> {
        let mut rest = State::default();
        let mut places: HashMap<&'static str, Places> = HashMap::new();
        for kind in TABLES {
            for (number, byte, text) in self.look_at_faults(kind)? {
                places.entry(kind.file).or_default().insert(number, byte);
                rest.set(&RowImage { file: kind.file, number, text: Some(text) });
            }
        }
        // Events are not examined: missing ones between them would look like faults.
        self.look_at_faults(TRACKING)?;
        self.look_at_journal()?;
        let tables = Tables {
            state: &rest,
            places: &places,
            is_whole: &|_| false,
            is_elsewhere: &|_| false,
            now: self.now,
        };
        tables.rows(&mut self.report.findings);
        Ok(())
    }

    /// Adds the faults of a damaged file; returns the rows that can be read.
    fn look_at_faults(&mut self, kind: TableKind) -> Result<Vec<(u64, u64, Arc<str>)>, OpenError> {
        let path = self.data.join(kind.file);
        let Some(known) = self.damaged.get(&path).filter(|damage| !damage.is_foreign()) else {
            return Ok(Vec::new());
        };
        let bytes = read_if_exists(self.disk, &path).map_err(OpenError::io(&path))?;
        let mut bytes = bytes.unwrap_or_default();
        if kind.file == tracking::FILE {
            // Rows after the checkpoint are in the log, and may be torn.
            bytes.truncate(usize::try_from(self.end).unwrap_or(usize::MAX));
            let patches = self.journal.as_ref().map(|replay| &*replay.past.patches);
            tracking::overlay(&mut bytes, 0, patches.unwrap_or_default());
        }
        let is_cut = bytes.len() as u64 == self.end;
        let faults = faults::find(&path, &bytes, kind, known);
        let is_new = |damage: &Damage| {
            damage.byte != known.byte && !(is_cut && damage.byte == bytes.len() as u64)
        };
        let found = faults.damage.into_iter().filter(is_new);
        let found = found.map(|damage| Finding::of_damage(damage, self.data));
        self.report.findings.extend(found);
        let owned = |(number, byte, text): (_, _, &str)| (number, byte, Arc::from(text));
        Ok(faults.rows.into_iter().map(owned).collect())
    }

    /// Adds the unreadable parts of the log after the place where a start stops.
    fn look_at_journal(&mut self) -> Result<(), OpenError> {
        let mut of_journal = self.damaged.values();
        let Some(known) = of_journal.find(|damage| damage.kind == DamageKind::Journal) else {
            return Ok(());
        };
        let folder = self.data.join(wal::FOLDER);
        let (_, report) = salvage::journal::read(self.disk, &folder)?;
        let losses = report.into_iter().flat_map(|report| report.lost);
        // A crash may have interrupted the last batch: that is not damage.
        let mut seen = HashSet::new();
        for lost in losses.filter(|lost| !lost.at_end) {
            let (file, byte) = (folder.join(&lost.file), lost.from as u64);
            let is_behind = (&file, byte) > (&known.file, known.byte);
            if !is_behind || !seen.insert((file.clone(), byte)) {
                continue;
            }
            let cause = format!("the bytes up to {} are not a complete batch of changes", lost.to);
            let damage = Damage::new(DamageKind::Journal, file, byte, cause);
            self.report.findings.push(Finding::of_damage(damage, self.data));
        }
        Ok(())
    }
}
