//! Compares the annotated frame in docs/storage.md with the frame of a real commit.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use goldstar::disk::RealDisk;
use goldstar::domain::ledger::{self, Actor, Answer, EventOrigin};
use goldstar::domain::{
    Child, ChildId, IdempotencyKey, Mutation, MutationDetails, Operation, Points, TaskId,
    Timestamp, TrackingEvent,
};
use goldstar::metrics::Metrics;
use goldstar::store::json::{CHECKPOINT_BYTES, INDEX_EVENTS, JsonStore, Options, Progress};
use goldstar::store::{Change, Changes, Context, KeyUse, Scope, Snapshot, Store};
use tempfile::TempDir;
use uuid::Uuid;

use crate::markdown::Document;

const USER: &str = "68d1b1f0-6c3e-4a54-9c1d-0f4b7c1c2d3e";
const CHILD: &str = "9f29a7c4-1b9e-4d0a-8a57-5f3c2e1d0b9a";
const TASK: &str = "fd16c2d8-7e4f-4b3a-9d2c-1a0b9c8d7e6f";
const EVENT: &str = "7568e3b2-0d1c-4f5e-8b7a-6c5d4e3f2a1b";

/// The time of the commit, in microseconds.
const NOW: i64 = 1_795_866_104_448_532;

const HEADER_LEN: usize = 44;

/// A directory with the child and the task.
fn directory() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, row: String| {
        fs::write(folder.path().join(name), format!(r#"{{"_default": {{"1": {row}}}}}"#)).unwrap();
    };
    let of_user = format!(
        r#""image_id": null, "user_id": "{USER}", "created_at": 1795866104.428192, "updated_at": null"#
    );
    put(
        "children.json",
        format!(
            r#"{{"id": "{CHILD}", "name": "Mia", "age": null, "points": 10, "tasks": [], "rewards": [], {of_user}}}"#
        ),
    );
    put(
        "tasks.json",
        format!(
            r#"{{"id": "{TASK}", "name": "Make the bed", "points": 5, "is_good": true, {of_user}}}"#
        ),
    );
    folder
}

/// The changes of `POST /children/{id}/tasks/{id}/activate` with the key `click-1`.
fn activation(records: &dyn Snapshot, context: &Context) -> Changes {
    let (child, task) = (ChildId::from(CHILD), TaskId::from(TASK));
    let operation = Operation::Activate(task.clone());
    let details = MutationDetails::default();
    let mutation = Mutation { child: child.clone(), operation, details };
    let (child, task) = (records.child(&child).unwrap(), records.task(&task).unwrap());
    let now = context.now();
    let origin =
        EventOrigin { event_id: EVENT.into(), actor: Actor::Parent, member: None, now, note: None };
    let answer = Answer::default();
    let event = ledger::activate(&child, &task, answer, Points::ZERO, origin).unwrap();
    let event = TrackingEvent::new(event).unwrap();
    let (points, updated_at) = (event.points_after, Some(now));
    let child = Child { points, updated_at, ..(*child).clone() };
    let remember = Some(KeyUse {
        user_id: child.user_id.clone(),
        key: IdempotencyKey::parse("click-1").unwrap(),
        fingerprint: mutation.fingerprint().into(),
        record: None,
        at: now,
    });
    Changes { records: vec![Change::PutChild(child)], event: Some(event), remember, lease: None }
}

/// The segment of the write-ahead log after the commit.
async fn segment() -> Vec<u8> {
    let folder = directory();
    let now = Timestamp::from_micros(NOW);
    let options = Options {
        data_dir: folder.path().to_owned(),
        disk: Arc::new(RealDisk),
        now: Arc::new(move || now),
        metrics: Metrics::new(now).store,
        checkpoint_bytes: CHECKPOINT_BYTES,
        index_events: INDEX_EVENTS,
        progress: Progress::silent(),
    };
    let store = JsonStore::open(options).unwrap();
    let decide =
        |records: &dyn Snapshot, context: &mut Context| Ok((activation(records, context), ()));
    store.transact(Scope::Family(USER.into()), decide).await.unwrap();
    let files = fs::read_dir(folder.path().join("journal")).unwrap();
    let mut paths = files.map(|file| file.unwrap().path());
    let path = paths.find(|path| path.extension() == Some("journal".as_ref())).unwrap();
    fs::read(path).unwrap()
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The bytes of the frame at the start.
fn frame(segment: &[u8]) -> &[u8] {
    &segment[..HEADER_LEN + usize::try_from(number(&segment[4..8])).unwrap()]
}

/// The header of a frame as the document shows it.
fn annotated(header: &[u8]) -> String {
    let fields = [
        (0..4, "the mark, \"GSJ1\"".to_owned()),
        (4..8, format!("the length of the entries: {} bytes", number(&header[4..8]))),
        (8..16, format!("the epoch of the segment: {}", number(&header[8..16]))),
        (16..24, format!("the sequence number of the frame: {}", number(&header[16..24]))),
        (24..28, "the checksum of the previous frame".to_owned()),
        (28..32, "no frame of this batch precedes it".to_owned()),
        (32..36, "no frame of this batch follows it".to_owned()),
        (36..40, "zero".to_owned()),
        (40..44, "CRC-32 of the 40 bytes above and the entries".to_owned()),
    ];
    let lines = fields.map(|(bytes, meaning)| {
        let hex: Vec<_> = header[bytes].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{:<25} {meaning}\n", hex.join(" "))
    });
    lines.concat()
}

/// A text in which each UUID has only its first four characters.
fn with_short_ids(text: &str) -> String {
    let mut short = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let id = rest.get(..36).filter(|id| Uuid::try_parse(id).is_ok());
        match id {
            Some(id) => short.extend([&id[..4], "…"]),
            None => short.push(next),
        }
        rest = &rest[id.map_or(next.len_utf8(), str::len)..];
    }
    short
}

/// The documented entries without annotations and line breaks.
fn documented_entries(block: &str) -> String {
    let lines = block.lines().map(|line| line.trim().split("   ").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_documented_frame_is_what_a_commit_writes() {
    let document = Document::read(&Path::new("docs").join("storage.md").display().to_string());
    let blocks: Vec<_> = document.blocks().filter(|block| block.language == "text").collect();
    let [header, entries] = blocks[..] else { panic!("{} text blocks", blocks.len()) };

    let segment = segment().await;
    let first = frame(&segment);
    let frame = frame(&segment[first.len()..]);
    assert_eq!(&frame[..4], b"GSJ1");
    assert_eq!(frame[24..28], first[40..44], "the checksum of the previous frame");
    assert_eq!(frame[28..40], [0; 12], "the only frame of its batch");
    let crc = crc32fast::hash(&[&frame[..40], &frame[HEADER_LEN..]].concat());
    assert_eq!(frame[40..44], crc.to_le_bytes());
    assert_eq!(header.text, annotated(&frame[..HEADER_LEN]));

    let payload = str::from_utf8(&frame[HEADER_LEN..]).unwrap();
    let written: Vec<_> = payload.lines().collect();
    assert_eq!(documented_entries(&entries.text), with_short_ids(&written.join(" ")));
}
