//! The families that were loaded or committed within the last second. A transaction begins with these
//! records instead of loading them again: its commit compares the versions, so that no change of another
//! server is lost.
//!
//! A standby that becomes the primary may lack the last commits, and then gives their versions to other
//! ones. Therefore no family is kept for long, and none after the database has failed.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::load::Loaded;

/// How long a family is used.
const LIFETIME: Duration = Duration::from_secs(1);
/// The number of records in each half.
const FULL: usize = 5_000;

#[derive(Default)]
pub(super) struct Recent(Mutex<Halves>);

/// When the newer half is full, it becomes the older one.
#[derive(Default)]
struct Halves {
    newer: HashMap<Arc<str>, Kept>,
    older: HashMap<Arc<str>, Kept>,
    /// The number of records in the newer half.
    records: usize,
}

struct Kept {
    loaded: Loaded,
    since: Instant,
}

impl Recent {
    /// Keeps a family, unless a later state of it is kept.
    pub(super) fn put(&self, loaded: Loaded) {
        let Some(account) = loaded.account() else { return };
        let loaded = loaded.without_awards_and_marks();
        let new = Kept { loaded, since: Instant::now() };
        let mut halves = self.0.lock();
        let (kept, replaced) = match halves.remove(&account) {
            Some(old) if old.is_newer_than(&new) => (old, Some(new)),
            old => (new, old),
        };
        halves.records += kept.size();
        halves.newer.insert(account, kept);
        let mut removed = HashMap::new();
        if halves.records > FULL {
            halves.records = 0;
            let newer = mem::take(&mut halves.newer);
            removed = mem::replace(&mut halves.older, newer);
        }
        // To free the memory takes time.
        drop(halves);
        drop((replaced, removed));
    }

    /// The family of an account. A transaction that changes it puts it back.
    pub(super) fn take(&self, account: &str) -> Option<Loaded> {
        let kept = self.0.lock().remove(account)?;
        kept.is_usable().then_some(kept.loaded)
    }

    pub(super) fn clear(&self) {
        drop(mem::take(&mut *self.0.lock()));
    }
}

impl Halves {
    fn remove(&mut self, account: &str) -> Option<Kept> {
        let Some(removed) = self.newer.remove(account) else { return self.older.remove(account) };
        self.records -= removed.size();
        Some(removed)
    }
}

impl Kept {
    fn is_usable(&self) -> bool {
        self.since.elapsed() < LIFETIME
    }

    fn is_newer_than(&self, other: &Self) -> bool {
        self.is_usable() && self.loaded.records.version > other.loaded.records.version
    }

    /// The number of records; a family without any counts too.
    fn size(&self) -> usize {
        1 + self.loaded.families.iter().map(|family| family.rows.len()).sum::<usize>()
    }
}
