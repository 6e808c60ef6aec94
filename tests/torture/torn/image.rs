//! Data directories in memory: copied from a running store, damaged, and opened.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use futures_util::FutureExt;
use goldstar::disk::Disk;
use goldstar::domain::{Child, Name, Position, Timestamp};
use goldstar::metrics;
use goldstar::store::json::{CHECKPOINT_BYTES, Damage, JsonStore, OpenError, Options, Progress};
use goldstar::store::{Change, Store};

use crate::lossy_disk::LossyDisk;
use crate::requests::{Requests, answer};
use crate::store::{START, backlog, child_of, put, until};

pub(crate) const EVENTS: &str = "tracking_events.json";
pub(crate) const CHILDREN: &str = "children.json";
pub(crate) const MESSAGES: &str = "messages.json";
/// The number of commits before the checkpoint, and after it. Each is a batch of its own.
const SYNCED: usize = 3;
pub(crate) const LAST: usize = 3;

/// The files of a data directory, by their relative paths.
#[derive(Clone)]
pub(crate) struct Image(BTreeMap<PathBuf, Vec<u8>>);

/// The contents of a store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contents {
    points: i64,
    name: String,
    events: Vec<String>,
    requests: Requests,
}

/// A directory that was killed after some commits.
pub(crate) struct Killed {
    pub(crate) image: Image,
    /// The same with the tracking file from before the last commits.
    pub(crate) unwritten: Image,
    /// The contents of the store before the last commits, and after each of them.
    pub(crate) contents: Vec<Contents>,
}

fn open_on(disk: LossyDisk, folder: &Path) -> Result<JsonStore, OpenError> {
    let options = Options {
        data_dir: folder.to_owned(),
        disk: Arc::new(disk) as Arc<dyn Disk>,
        metrics: metrics::Store::default(),
        now: Arc::new(|| Timestamp::from_micros(START)),
        checkpoint_bytes: CHECKPOINT_BYTES,
        index_events: 1,
        progress: Progress::silent(),
    };
    JsonStore::open(options)
}

async fn rename(store: &JsonStore) {
    let child = Child::clone(&child_of(store, "family", "a").await.unwrap());
    let renamed = Child { name: Name::from_stored("Renamed"), ..child };
    put(store, [Change::PutChild(renamed)]).await.unwrap();
}

/// The result of opening a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Refused,
    /// Everything that was confirmed and can exist does exist.
    Opened,
    /// An event has another account or note.
    Changed,
}

/// The number of times of each outcome.
pub(crate) type Outcomes = BTreeMap<Outcome, usize>;

impl Contents {
    pub(crate) fn of(store: &JsonStore) -> Self {
        // The embedded store never waits when it reads records.
        let child = child_of(store, "family", "a").now_or_never().unwrap().unwrap();
        let events = store.following().events_since(Position::START, None, usize::MAX).unwrap();
        let events = events.events.iter().map(|(_, stored)| stored.json.to_string()).collect();
        let requests = Requests::of(store, "family", "a").now_or_never().unwrap();
        let (points, name) = (child.points.get(), child.name.as_str().to_owned());
        Self { points, name, events, requests }
    }

    pub(crate) fn events(&self) -> usize {
        self.events.len()
    }

    /// Whether the contents are equal except for the accounts and the notes of events.
    pub(crate) fn is_but_for_personal_data(&self, other: &Self) -> bool {
        let without = |event: &String| {
            let mut event: serde_json::Value = serde_json::from_str(event).unwrap();
            event["user_id"].take();
            event["metadata"]["note"].take();
            event
        };
        let mut pairs = self.events.iter().zip(&other.events);
        (self.points, self.events(), &self.requests)
            == (other.points, other.events(), &other.requests)
            && pairs.all(|(one, other)| without(one) == without(other))
    }
}

impl Image {
    fn of(disk: &LossyDisk, folder: &Path) -> Self {
        let inside = |path: PathBuf| path.strip_prefix(folder).unwrap().to_owned();
        Self(disk.files().into_iter().map(|(path, bytes)| (inside(path), bytes)).collect())
    }

    /// Opens it as the directory `folder`, without writing its files there.
    pub(crate) fn open(&self, folder: &Path) -> Result<JsonStore, OpenError> {
        open_on(self.disk(folder), folder)
    }

    fn disk(&self, folder: &Path) -> LossyDisk {
        let files = self.0.iter().map(|(path, bytes)| (folder.join(path), bytes.clone()));
        LossyDisk::with(&files.collect())
    }

    /// The same after a start and a clean stop.
    pub(crate) async fn stopped(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = self.disk(folder.path());
        open_on(disk.clone(), folder.path()).unwrap().close().await.unwrap();
        Self::of(&disk, folder.path())
    }

    /// The same after a start, a change of a record, and a kill; and what the store held.
    pub(crate) async fn renamed(&self) -> (Self, Contents) {
        let folder = tempfile::tempdir().unwrap();
        let disk = self.disk(folder.path());
        let store = open_on(disk.clone(), folder.path()).unwrap();
        rename(&store).await;
        (Self::of(&disk, folder.path()), Contents::of(&store))
    }

    /// The file and the byte of the damage that is reported.
    pub(crate) fn refused(&self, folder: &Path) -> Option<(PathBuf, u64)> {
        match self.open(folder) {
            Ok(_) => None,
            Err(OpenError::Damaged(Damage { file, byte, .. })) => {
                Some((file.strip_prefix(folder).unwrap().to_owned(), byte))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The journal's one file.
    pub(crate) fn journal(&self) -> &Path {
        let mut paths = self.0.keys().filter(|path| path.extension().unwrap() == "journal");
        let journal = paths.next().unwrap();
        assert_eq!(paths.next(), None);
        journal
    }

    pub(crate) fn bytes(&self, file: impl AsRef<Path>) -> &[u8] {
        &self.0[file.as_ref()]
    }

    pub(crate) fn with(&self, file: impl AsRef<Path>, bytes: Vec<u8>) -> Self {
        let mut image = self.clone();
        image.0.insert(file.as_ref().to_owned(), bytes).unwrap();
        image
    }

    pub(crate) fn cut(&self, file: impl AsRef<Path>, len: usize) -> Self {
        self.with(&file, self.bytes(&file)[..len].to_vec())
    }

    /// With zeros from `from` on, like an interrupted write that did not change the file's length.
    pub(crate) fn zeroed(&self, file: impl AsRef<Path>, from: usize) -> Self {
        let mut bytes = self.bytes(&file).to_vec();
        bytes[from..].fill(0);
        self.with(file, bytes)
    }

    pub(crate) fn flipped(&self, file: impl AsRef<Path>, bit: usize) -> Self {
        let mut bytes = self.bytes(&file).to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        self.with(file, bytes)
    }

    /// The frames of the journal.
    pub(crate) fn frames(&self) -> Vec<Range<usize>> {
        let bytes = self.bytes(self.journal());
        let (mut frames, mut at) = (Vec::new(), 0);
        while bytes[at..].starts_with(b"GSJ1") {
            let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap());
            let end = at + 44 + usize::try_from(len).unwrap();
            frames.push(at..end);
            at = end;
        }
        frames
    }

    /// The last frames, each a batch of its own.
    pub(crate) fn last_frames(&self) -> Vec<Range<usize>> {
        let mut frames = self.frames();
        frames.split_off(frames.len() - LAST)
    }

    /// The last rows of the tracking file, each with its name and the separator before it.
    pub(crate) fn last_rows(&self) -> Vec<Range<usize>> {
        let bytes = self.bytes(EVENTS);
        let starts: Vec<_> = memchr::memmem::find_iter(bytes, b"}, \"").map(|at| at + 1).collect();
        let starts = &starts[starts.len() - LAST..];
        let ends = starts[1..].iter().copied().chain([bytes.len() - 2]);
        starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
    }
}

impl Killed {
    /// A directory whose last commits add points, except that the very last one may change only a
    /// record.
    pub(crate) async fn after_commits(last_is_an_event: bool) -> Self {
        loop {
            let killed = Self::try_commits(last_is_an_event).await;
            let journal = killed.image.bytes(killed.image.journal());
            let mut frames = killed.image.last_frames().into_iter();
            // The maintenance thread may have written a `flush` entry between them.
            if frames.all(|frame| !journal[frame].windows(7).any(|word| word == b"\"flush\"")) {
                return killed;
            }
        }
    }

    async fn try_commits(last_is_an_event: bool) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        let disk = LossyDisk::new();
        let store = open_on(disk.clone(), folder).unwrap();
        for _ in 0..SYNCED {
            answer(&store, "family", "a").await.unwrap();
        }
        store.close().await.unwrap();
        let store = open_on(disk.clone(), folder).unwrap();
        answer(&store, "family", "a").await.unwrap();
        let flushed = format!("\"points\": {}", SYNCED + 1);
        until("the first flush", || {
            let image = Image::of(&disk, folder);
            let is_flushed = memchr::memmem::find(image.bytes(CHILDREN), flushed.as_bytes());
            is_flushed.is_some() && backlog(&store) == 0
        })
        .await;
        let mut contents = vec![Contents::of(&store)];
        let before = Image::of(&disk, folder).bytes(EVENTS).to_vec();
        for number in 1..=LAST {
            if number == LAST && !last_is_an_event {
                rename(&store).await;
            } else {
                answer(&store, "family", "a").await.unwrap();
            }
            contents.push(Contents::of(&store));
        }
        let image = Image::of(&disk, folder);
        Self { unwritten: image.with(EVENTS, before), image, contents }
    }
}

/// Checks each case on all cores. Each case has a folder in which no other store is open.
pub(crate) fn each<T: Send>(
    cases: impl IntoIterator<Item = T>,
    check: impl Fn(&Path, T) -> Outcome + Sync,
) -> Outcomes {
    let cases: Vec<T> = cases.into_iter().collect();
    let cases = Mutex::new(cases.into_iter());
    let outcomes = Mutex::new(Outcomes::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                let folder = tempfile::tempdir().unwrap();
                let next = || cases.lock().unwrap().next();
                while let Some(case) = next() {
                    let outcome = check(folder.path(), case);
                    *outcomes.lock().unwrap().entry(outcome).or_insert(0) += 1;
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}

/// Compares the contents of a store with the expected ones, and checks that it accepts changes.
pub(crate) fn check_store(store: &JsonStore, expected: &Contents) -> Outcome {
    assert_eq!(&Contents::of(store), expected);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let next = runtime.block_on(answer(store, "family", "a")).unwrap().event.unwrap();
    assert_eq!(next.seq.0, 1 + expected.events() as u64);
    Outcome::Opened
}
