use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::disk::RealDisk;
use crate::domain::{
    Action, EntityType, EventFields, EventFilter, Page, Points, Seq, SortOrder, Timestamp,
    TrackingEvent,
};
use crate::metrics::Counter;
use crate::store::StoredEvent;
use crate::store::json::state::Reversals;
use crate::store::json::tracking::index::Matches;
use crate::store::json::tracking::{self, Appender, Loaded, NewRow, event, load};

/// What distinguishes an event: its second, its account, its child, and whether it reverses the first event.
type Choice = (i64, u8, u8, bool);

/// A data directory with a tracking file.
struct Data {
    folder: tempfile::TempDir,
    disk: Arc<dyn Disk>,
    appender: Appender,
}

impl Data {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let path = folder.path().join(tracking::FILE);
        let (failures, visited) = (Counter::default(), Counter::default());
        let appender = Appender::create(Arc::clone(&disk), path, failures, visited).unwrap();
        Self { folder, disk, appender }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(tracking::FILE)
    }

    fn append(&mut self, choices: &[Choice]) {
        for choice in choices {
            let number = self.appender.tracking().last_row() + 1;
            let (json, personal) = event::encode(&made(number, *choice));
            let event = event::decode(&json).unwrap();
            let stored = Arc::new(StoredEvent { seq: Seq(number), event, json: json.into() });
            self.appender.append(&[NewRow { stored, personal }]);
        }
    }

    fn anonymize(&mut self, user: u8) {
        let user = user_id(user).as_str().into();
        let own = self.appender.tracking().rows_of(&user, 0, usize::MAX).unwrap();
        self.appender.anonymize(&own);
        self.appender.forget(&user);
    }

    fn save(&mut self) -> Extent {
        let mark = self.appender.mark().unwrap();
        let extent = self.appender.extent(mark);
        let mut reversals = Reversals::default();
        for (reversed, reversal) in self.load(None).reversals {
            reversals.insert(&reversed, &reversal);
        }
        let tracking = self.appender.tracking();
        SavedIndex::write(&*self.disk, self.folder.path(), tracking, extent, &reversals).unwrap();
        extent
    }

    fn saved(&self) -> Result<Option<SavedIndex>, Unusable> {
        self.saved_until(None, &[])
    }

    fn saved_until(
        &self,
        mark: Option<Mark>,
        patches: &[Patch],
    ) -> Result<Option<SavedIndex>, Unusable> {
        let path = self.path();
        let file = self.disk.open(&path, Open::Read).unwrap();
        let progress = Progress::silent();
        let of = Use { file: &*file, path: &path, mark, patches, progress: &progress };
        SavedIndex::read(&*self.disk, self.folder.path(), &of)
    }

    fn load(&self, saved: Option<SavedIndex>) -> Loaded {
        let file = self.disk.open(&self.path(), Open::Read).unwrap();
        load(&*file, &self.path(), None, &[], &Progress::silent(), saved).unwrap()
    }

    /// The results of the index that the appender uses.
    fn answers(&self) -> String {
        answers(&self.appender.tracking().inner.read().index)
    }

    fn index_file(&self) -> PathBuf {
        path(self.folder.path())
    }

    fn why(&self) -> String {
        self.saved().err().map(|why| why.to_string()).unwrap_or_default()
    }
}

fn user_id(user: u8) -> String {
    format!("account-{user}")
}

fn made(number: u64, (second, user, child, reverses): Choice) -> TrackingEvent {
    let moment = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let metadata = if reverses {
        json!({"actor": "parent", "reverses": "event-1"})
    } else {
        json!({"actor": "child", "note": format!("of {user}")})
    };
    let points = |points: i64| Points::ZERO.checked_add(points).unwrap();
    let fields = EventFields {
        id: format!("event-{number}").into(),
        user_id: (user > 0).then(|| user_id(user).as_str().into()),
        child_id: format!("child-{child}").as_str().into(),
        entity_type: EntityType::Task,
        entity_id: format!("task-{}", number % 3),
        action: if reverses { Action::Cancelled } else { Action::Activated },
        points_before: points(i64::from(reverses)),
        points_after: points(i64::from(!reverses)),
        delta: if reverses { -1 } else { 1 },
        occurred_at: moment(second),
        created_at: moment(second + i64::from(child % 2)),
        metadata: metadata.as_object().cloned(),
    };
    TrackingEvent::new(fields).unwrap()
}

/// The results of queries for everything, and for each account, child and task.
fn answers(index: &Index) -> String {
    let names = (0..5).flat_map(|n| {
        let filter = EventFilter::default;
        [
            EventFilter { user_id: Some(user_id(n).as_str().into()), ..filter() },
            EventFilter { child_id: Some(format!("child-{n}").as_str().into()), ..filter() },
            EventFilter { entity_id: Some(format!("task-{n}")), ..filter() },
        ]
    });
    let filters = names.chain([EventFilter::default()]);
    let answers = filters.map(|filter| {
        let all = Page { limit: usize::MAX, offset: 0 };
        let Matches { found, total, .. } = index.query(&filter, SortOrder::Ascending, all);
        let hashes: Vec<u32> = found.iter().map(|found| index.hash_of(found)).collect();
        let last = (0..5).map(|n| index.last_of(&user_id(n))).collect::<Vec<_>>();
        let after = index.after(1, &filter, usize::MAX);
        format!("{found:?} {total} {hashes:?} {last:?} {after:?}")
    });
    let all: Vec<_> = answers.collect();
    format!("{all:?} {:?} {} {}", index.newest(), index.last_row(), index.rows_ascend())
}

fn assert_same(one: &Loaded, other: &Loaded) {
    assert_eq!(answers(&one.index), answers(&other.index));
    assert_eq!((one.end, one.appendable), (other.end, other.appendable));
    assert_eq!(one.crc.clone().finalize(), other.crc.clone().finalize());
    assert_eq!(one.whole.crc(), other.whole.crc());
    let reversals = |loaded: &Loaded| {
        let mut reversals = Reversals::default();
        loaded.reversals.iter().for_each(|(reversed, by)| reversals.insert(reversed, by));
        reversals.iter().map(|(one, by)| (one.to_owned(), by.clone())).collect::<Vec<_>>()
    };
    assert_eq!(reversals(one), reversals(other));
}

fn choices(most: usize) -> impl Strategy<Value = Vec<Choice>> {
    vec((0..9_i64, 0..4_u8, 0..3_u8, proptest::bool::weighted(0.2)), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_saved_index_is_that_of_the_rows(
        (first, second, third) in (choices(12), choices(12), choices(6)),
        (early, late) in (1..4_u8, 0..4_u8),
    ) {
        prop_assume!(first.len() + second.len() > 0);
        let mut data = Data::new();
        data.append(&first);
        data.anonymize(early);
        data.append(&second);
        let extent = data.save();
        let bytes = fs::read(data.path()).unwrap();
        let len = usize::try_from(extent.mark.len).unwrap();
        prop_assert_eq!(extent.whole, crc32fast::hash(&bytes[..len]));
        data.append(&third);
        let saved = data.saved().unwrap();
        prop_assert!(saved.is_some());
        let loaded = data.load(saved);
        prop_assert_eq!(loaded.saved, (first.len() + second.len()) as u64);
        assert_same(&loaded, &data.load(None));
        prop_assert_eq!(data.answers(), answers(&loaded.index));
        // An anonymisation of rows that it contains is noticed.
        let has_rows = data.appender.tracking().last_of(&user_id(late)).is_some();
        data.anonymize(late);
        let in_saved = first.iter().chain(&second).any(|(_, user, ..)| *user == late);
        if late > 0 && late != early && has_rows && in_saved {
            prop_assert_eq!(data.why(), "the tracking file was changed since it was written");
        } else if let Ok(saved) = data.saved() {
            assert_same(&data.load(saved), &data.load(None));
        }
    }
}

/// Twelve events of three accounts; those of one are anonymised.
fn typical() -> Data {
    let mut data = Data::new();
    let choices: Vec<Choice> = (1..=12).map(|n| (i64::from(n), n % 4, n % 3, n == 7)).collect();
    data.append(&choices);
    data.anonymize(2);
    data
}

#[test]
fn no_damage_is_overlooked() {
    let mut data = typical();
    data.save();
    let whole = fs::read(data.index_file()).unwrap();
    assert!(data.saved().is_ok_and(|saved| saved.is_some()));
    for len in 0..whole.len() {
        fs::write(data.index_file(), &whole[..len]).unwrap();
        assert!(data.saved().is_err(), "{len} of {} bytes", whole.len());
    }
    for at in 0..whole.len() {
        for bit in [1, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= bit;
            fs::write(data.index_file(), changed).unwrap();
            assert!(data.saved().is_err(), "byte {at}");
        }
    }
    for more in [&[0][..], &whole] {
        fs::write(data.index_file(), [&whole, more].concat()).unwrap();
        assert_eq!(data.why(), "it is damaged");
    }
    fs::write(data.index_file(), &whole).unwrap();
    assert!(data.saved().is_ok());
}

#[test]
fn every_change_of_the_indexed_part_is_noticed() {
    let mut data = typical();
    let extent = data.save();
    let whole = fs::read(data.path()).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(data.path(), changed).unwrap();
        assert_eq!(data.saved().is_ok(), at as u64 >= extent.mark.len, "byte {at}");
    }
    fs::write(data.path(), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(data.why(), "the tracking file is shorter than it was");
}

#[test]
fn an_index_of_another_state_is_not_used() {
    let (mut data, mut other) = (typical(), Data::new());
    assert!(data.saved().is_ok_and(|saved| saved.is_none()), "there is none");
    let extent = data.save();
    // Another directory's.
    other.append(&[(1, 1, 1, false); 12]);
    fs::copy(data.index_file(), other.index_file()).unwrap();
    assert!(other.saved().is_err());
    // A later state than that of the log, and one before an anonymisation in the log.
    let earlier = Mark { len: extent.mark.len - 1, ..extent.mark };
    assert!(data.saved_until(Some(earlier), &[]).is_err());
    assert!(data.saved_until(Some(extent.mark), &[]).is_ok());
    let patch = |offset| Patch { row: 1, offset, len: 4 };
    assert!(data.saved_until(Some(extent.mark), &[patch(20)]).is_err());
    assert!(data.saved_until(Some(extent.mark), &[patch(extent.mark.len)]).is_ok());
    // Another version's.
    fs::write(data.index_file(), "GSI9 and more").unwrap();
    assert_eq!(data.why(), "it has the format of another version");
}

#[test]
fn an_account_without_events_is_not_saved() {
    let mut data = Data::new();
    data.append(&[(1, 1, 1, false), (2, 2, 1, false)]);
    let contains = |data: &Data, user| {
        let bytes = fs::read(data.index_file()).unwrap();
        memchr::memmem::find(&bytes, user_id(user).as_bytes()).is_some()
    };
    data.save();
    assert!(contains(&data, 1) && contains(&data, 2));
    // All of its events are anonymised, and its name is still in the index.
    let user = user_id(1).as_str().into();
    let own = data.appender.tracking().rows_of(&user, 0, usize::MAX).unwrap();
    data.appender.anonymize(&own);
    data.save();
    assert!(!contains(&data, 1) && contains(&data, 2));
    SavedIndex::remove(&*data.disk, data.folder.path()).unwrap();
    assert!(!data.index_file().exists());
    SavedIndex::remove(&*data.disk, data.folder.path()).unwrap();
}
