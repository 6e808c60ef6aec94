//! Starts, checkpoints and stops that are interrupted at each change of the disk, followed by a
//! start that is interrupted at each of its own changes, by a kill or a power failure each time:
//! the next complete start finds the same bytes, and continues from there.
//!
//! A round interrupts the second start at every fourth change; four rounds cover all changes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use goldstar::domain::{Action, Child, EntityType, EventFields, IdempotencyKey, TrackingEvent};
use goldstar::followers::audit_log::Settings;
use goldstar::store::json::JsonStore;
use goldstar::store::{Change, Changes, Context, KeyUse, Scope, Snapshot, Store};

use crate::budget::{Rounds, Run};
use crate::lossy_disk::{End, LossyDisk, Plan};
use crate::power::open;
use crate::random::Random;
use crate::store::{give_point, give_point_of, put};

const ROUNDS: Rounds = Rounds { short: 1, long: 10 * SPREAD };
/// The number of changes between two at which the second start is interrupted.
const SPREAD: usize = 4;
const LEAVER: &str = "the-leaver";
/// One file per account, which can be compared as a whole.
const LOGS: Settings = Settings { max_bytes: 0, backups: 1 };

/// The work that is interrupted first.
#[derive(Clone, Copy, Debug)]
enum Work {
    Start,
    Checkpoint,
    Stop,
}

/// Every file except the journal's.
type Files = BTreeMap<PathBuf, String>;

struct Round {
    folder: tempfile::TempDir,
    random: Random,
    number: usize,
    /// For each work, the number of changes at which it was interrupted.
    steps: [usize; 3],
    pairs: usize,
    power_cuts: usize,
}

#[tokio::test]
async fn work_that_is_interrupted_twice_is_completed() {
    let mut run = Run::of("recovery", &ROUNDS);
    let (mut steps, mut pairs, mut power_cuts, mut number) = ([0; 3], 0, 0, 0);
    while let Some(random) = run.next() {
        let folder = tempfile::tempdir().unwrap();
        let mut round = Round { folder, random, number, steps: [0; 3], pairs: 0, power_cuts: 0 };
        round.run().await;
        (steps, pairs, power_cuts) =
            (round.steps, pairs + round.pairs, power_cuts + round.power_cuts);
        number += 1;
    }
    let [start, checkpoint, stop] = steps;
    run.report(&format!(
        "a start broken off at each of {start} changes, a checkpoint at {checkpoint}, a stop at \
         {stop}, and the next start again: {pairs} pairs, {power_cuts} power cuts; the same state \
         each time"
    ));
}

impl Round {
    async fn run(&mut self) {
        let base = self.killed().await;
        for (position, work) in [Work::Start, Work::Checkpoint, Work::Stop].into_iter().enumerate()
        {
            let whole = base.after(End::Kill, Plan::default(), self.random.fork());
            assert!(self.begin(work, &whole, usize::MAX).await, "{work:?}");
            let whole = whole.after(End::Kill, Plan::default(), self.random.fork());
            let expected = self.settled(&whole).await;
            for first in 0.. {
                let disk = self.next(&base, Plan::default());
                let is_over = self.begin(work, &disk, first).await;
                self.break_starts_off(&disk, &expected, &format!("{work:?} at {first}")).await;
                if is_over {
                    self.steps[position] = first;
                    break;
                }
            }
        }
    }

    /// Interrupts starts on a disk, and then completes each.
    async fn break_starts_off(&mut self, disk: &LossyDisk, expected: &Files, first: &str) {
        for second in (self.number % SPREAD..).step_by(SPREAD) {
            let plan = Plan { killed_after: Some(second), ..Plan::default() };
            let again = self.next(disk, plan);
            let opened = open(&again, self.folder.path(), LOGS);
            let is_whole = opened.is_ok();
            assert!(is_whole || again.was_killed(), "{first}, then {second}: {opened:?}");
            again.kill();
            drop(opened);
            let last = self.next(&again, Plan::default());
            let found = self.settled(&last).await;
            assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
            for (path, text) in found {
                assert_eq!(text, expected[&path], "{first}, then {second}: {}", path.display());
            }
            self.pairs += 1;
            if is_whole {
                return;
            }
        }
    }

    /// The disk of the next process, after a kill or a power failure.
    fn next(&mut self, disk: &LossyDisk, plan: Plan) -> LossyDisk {
        let end = if self.random.coin() { End::Kill } else { End::PowerCut };
        self.power_cuts += usize::from(end == End::PowerCut);
        disk.after(end, plan, self.random.fork())
    }

    /// Does some work, and is killed after this many changes; returns true if it completed.
    async fn begin(&mut self, work: Work, disk: &LossyDisk, changes: usize) -> bool {
        if let Work::Start = work {
            disk.kill_after(changes);
        }
        let opened = open(disk, self.folder.path(), LOGS);
        let done = match (&opened, work) {
            (Ok(_), Work::Start) => true,
            (Ok(store), _) => {
                give_point(store, "a").await.unwrap();
                store.follow();
                disk.kill_after(changes);
                let done =
                    if let Work::Stop = work { store.close().await } else { store.purge().await };
                done.is_ok()
            }
            (Err(error), _) => {
                assert!(disk.was_killed() && !error.is_damage(), "{error}");
                false
            }
        };
        disk.kill();
        drop(opened);
        done
    }

    /// The files after a complete start, one more point and a stop.
    async fn settled(&self, disk: &LossyDisk) -> Files {
        let store = open(disk, self.folder.path(), LOGS).unwrap();
        let last = store.head(&"family".into()).await.unwrap();
        let next = give_point(&store, "a").await.unwrap().event.unwrap();
        assert_eq!(next.seq.0, last.0 + 1);
        store.close().await.unwrap();
        let journal = self.folder.path().join("journal");
        let files = disk.files().into_iter().filter(|(path, _)| !path.starts_with(&journal));
        files.map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
    }

    /// A disk with a store that was killed: its journal contains events, a key, changes of records,
    /// and the anonymisation of an account.
    async fn killed(&mut self) -> LossyDisk {
        let folder = self.folder.path();
        let disk = LossyDisk::new();
        let store = open(&disk, folder, LOGS).unwrap();
        for child in ["b", "c"] {
            give_point(&store, "a").await.unwrap();
            give_point_of(&store, LEAVER, child).await.unwrap();
        }
        store.close().await.unwrap();
        let store = open(&disk, folder, LOGS).unwrap();
        give_point(&store, "a").await.unwrap();
        give_point_of(&store, LEAVER, "b").await.unwrap();
        give_a_point_with_a_key(&store).await;
        put(&store, [Change::RemoveChild("b".into())]).await.unwrap();
        assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 3);
        store.forget(&LEAVER.into()).unwrap();
        give_point(&store, "a").await.unwrap();
        store.follow();
        let killed = disk.after(End::Kill, Plan::default(), self.random.fork());
        disk.kill();
        killed
    }
}

async fn give_a_point_with_a_key(store: &JsonStore) {
    let decide = |records: &dyn Snapshot, context: &mut Context| {
        let now = context.now();
        let child = Child::clone(&records.child(&"a".into()).unwrap());
        let after = child.points.checked_add(1).unwrap();
        let event = TrackingEvent::new(EventFields {
            id: "with-a-key".into(),
            user_id: Some(child.user_id.clone()),
            child_id: child.id.clone(),
            entity_type: EntityType::Task,
            entity_id: "task".to_owned(),
            action: Action::Activated,
            points_before: child.points,
            points_after: after,
            delta: 1,
            occurred_at: now,
            created_at: now,
            metadata: None,
        });
        let remember = Some(KeyUse {
            user_id: child.user_id.clone(),
            key: IdempotencyKey::parse("a-key").unwrap(),
            fingerprint: "activate".into(),
            record: None,
            at: now,
        });
        let records = vec![Change::PutChild(Child { points: after, ..child })];
        Ok((Changes { records, event: Some(event.unwrap()), remember, lease: None }, ()))
    };
    store.transact(Scope::Family("family".into()), decide).await.unwrap();
}
