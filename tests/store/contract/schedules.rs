//! Marks of occurrences, and the families whose schedules are due.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use goldstar::domain::calendar::Day;
use goldstar::domain::schedule::{Mark, MarkKey, MarkKind};
use goldstar::domain::{KeyTime, Note, RuleViolation, Timestamp};
use goldstar::store::{Change, Changes, CommitError, Context, Expiry, Scope, Snapshot, Store};

use super::bench::{Bench, START, activation, child, family, task, user};
use super::over_each;

pub(super) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// The mark of the task `good` and the child `c1`.
fn mark(on: &str, kind: MarkKind) -> Mark {
    of(("c1", "good"), on, kind)
}

fn of((child, task): (&str, &str), on: &str, kind: MarkKind) -> Mark {
    Mark {
        user_id: "u".into(),
        key: MarkKey { day: day(on), child_id: child.into(), task_id: task.into(), kind },
        note: None,
        created_at: Timestamp::from_micros(START),
    }
}

fn scope(since: &str) -> Scope {
    Scope::Marks("u".into(), day(since))
}

/// The marks of the family `u` from a day on.
async fn marks(bench: &Bench, since: &str) -> Vec<Mark> {
    let found = bench.store.marks_of(&"u".into(), day(since)).await.unwrap();
    found.iter().map(|mark| Mark::clone(mark)).collect()
}

/// The children and tasks of all marks of a family, sorted.
async fn marked(bench: &Bench, user: &str) -> Vec<(String, String)> {
    let found = bench.store.marks_of(&user.into(), Day::FIRST).await.unwrap();
    let names = |mark: &Arc<Mark>| (mark.key.child_id.to_string(), mark.key.task_id.to_string());
    let mut found: Vec<_> = found.iter().map(names).collect();
    found.sort();
    found
}

fn two_families() -> Vec<Change> {
    let other = [
        Change::PutUser(user("other-family", "other@example.org")),
        Change::PutChild(child("c3", "other-family")),
        Change::PutTask(task("t3", Some("other-family"), 1, true)),
    ];
    family().into_iter().chain(other).collect()
}

#[tokio::test]
async fn the_marks_since_a_day_are_listed_in_the_order_of_the_days() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let note = Some(Note::from_stored("On holiday \u{1f3d6}".into()));
        let skipped = Mark { note, ..mark("2026-02-10", MarkKind::Skipped) };
        let expected = [
            mark("2026-01-31", MarkKind::Due),
            mark("2026-02-09", MarkKind::Missed),
            skipped.clone(),
            mark("2026-12-01", MarkKind::Done),
        ];
        let other = Mark {
            user_id: "other-family".into(),
            ..of(("c3", "t3"), "2026-02-09", MarkKind::Due)
        };
        let stored = [3, 1, 0, 2].map(|place: usize| expected[place].clone());
        bench.put(stored.into_iter().chain([other.clone()]).map(Change::PutMark)).await;
        let bench = bench.reopen().await;
        for (since, first) in
            [("0000-01-01", 0), ("2026-01-31", 0), ("2026-02-01", 1), ("2026-02-10", 2)]
        {
            assert_eq!(marks(&bench, since).await, expected[first..], "{since}");
        }
        assert!(marks(&bench, "2026-12-02").await.is_empty());

        let records = bench.read(scope("2026-02-10")).await;
        let found = |of: &Mark| records.mark(&of.key).map(|mark| Mark::clone(&mark));
        assert_eq!(found(&skipped), Some(skipped.clone()));
        assert_eq!(found(&mark("2026-02-10", MarkKind::Due)), None);
        assert_eq!(found(&expected[1]), None, "an earlier day");
        assert_eq!(found(&other), None);
        assert!(records.marks_of(&"other-family".into()).is_empty());
        assert!(records.child(&"c2".into()).is_some());
    })
    .await;
}

#[tokio::test]
async fn only_their_scope_contains_marks() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let stored = mark("2026-02-09", MarkKind::Skipped);
        bench.put([Change::PutMark(stored.clone())]).await;
        for scope in [
            Scope::Family("u".into()),
            Scope::Awards("u".into(), "c1".into()),
            Scope::of_families(["u".into(), "other-family".into()]),
            Scope::Marks("other-family".into(), Day::FIRST),
            Scope::Server,
        ] {
            let records = bench.read(scope.clone()).await;
            assert!(records.mark(&stored.key).is_none(), "{scope:?}");
            assert!(records.marks_of(&"u".into()).is_empty(), "{scope:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_mark_is_replaced_and_removed_in_any_scope() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let first = mark("2026-02-09", MarkKind::Skipped);
        let second = Mark { note: Some(Note::from_stored("Ill".into())), ..first.clone() };
        for scope in [Scope::Family("u".into()), scope("2026-02-09"), scope("2026-02-10")] {
            let changes = [
                Change::PutMark(first.clone()),
                Change::PutMark(second.clone()),
                Change::RemoveMark("u".into(), first.key.clone()),
            ];
            for (change, expected) in changes.into_iter().zip([Some(&first), Some(&second), None]) {
                let put = move |_: &dyn Snapshot, _: &mut Context| {
                    Ok((Changes::of([change.clone()]), ()))
                };
                bench.store.transact(scope.clone(), put).await.unwrap();
                assert_eq!(marks(&bench, "2026-02-09").await.first(), expected, "{scope:?}");
            }
        }
        bench.put([Change::PutMark(first.clone())]).await;
        bench.put([Change::RemoveMark("other-family".into(), first.key.clone())]).await;
        assert_eq!(marks(&bench.reopen().await, "2026-02-09").await, [first]);
    })
    .await;
}

/// Activates the penalty of the task `good` for a missed occurrence, if the decision sees no mark of it.
async fn penalise(bench: &Bench, scope: Scope, on: &str) -> Result<bool, RuleViolation> {
    let new = mark(on, MarkKind::Penalty);
    let decide = move |records: &dyn Snapshot, context: &mut Context| {
        if records.mark(&new.key).is_some() {
            return Ok((Changes::none(), false));
        }
        let mut changes = activation(records, context, &"c1".into(), &"good".into(), None);
        changes.records.push(Change::PutMark(new.clone()));
        Ok((changes, true))
    };
    match bench.store.transact(scope, decide).await {
        Ok(committed) => Ok(committed.value),
        Err(CommitError::Refused(violation)) => Err(violation),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_penalty_is_activated_once_by_32_at_once_and_after_a_restart() {
    over_each(async |bench| {
        bench.put(family()).await;
        // Only the first of the scopes shows the mark. The constraint does not depend on it.
        let scopes = [scope("2026-02-09"), scope("2026-02-10"), Scope::Family("u".into())];
        let all = (0..32).map(|n| penalise(&bench, scopes[n % 3].clone(), "2026-02-09"));
        let results = join_all(all).await;
        assert_eq!(results.iter().filter(|it| **it == Ok(true)).count(), 1);
        for (result, place) in results.into_iter().zip(0..) {
            let seen =
                if place % 3 == 0 { Ok(false) } else { Err(RuleViolation::AlreadyPenalised) };
            assert!(result == Ok(true) || result == seen, "{place}: {result:?}");
        }
        assert_eq!(bench.points("c1").await, 5, "a refused transaction changes nothing");

        let bench = bench.reopen().await;
        let family = || Scope::Family("u".into());
        let refused = Err(RuleViolation::AlreadyPenalised);
        assert_eq!(penalise(&bench, family(), "2026-02-09").await, refused);
        assert_eq!(penalise(&bench, family(), "2026-02-10").await, Ok(true), "another day");
        bench
            .put(
                [MarkKind::Missed, MarkKind::Missed]
                    .map(|it| Change::PutMark(mark("2026-02-09", it))),
            )
            .await;
        let key = mark("2026-02-09", MarkKind::Penalty).key;
        bench.put([Change::RemoveMark("u".into(), key)]).await;
        assert_eq!(penalise(&bench, family(), "2026-02-09").await, Ok(true), "after its removal");
    })
    .await;
}

#[tokio::test]
async fn transactions_see_the_marks_of_those_before_them() {
    over_each(async |bench| {
        bench.put(family()).await;
        let notify = |records: &dyn Snapshot, _: &mut Context| {
            let new = mark("2026-02-09", MarkKind::Due);
            let missing = records.mark(&new.key).is_none();
            assert_eq!(records.marks_of(&"u".into()).is_empty(), missing);
            Ok((Changes::of(missing.then_some(Change::PutMark(new))), missing))
        };
        let all = (0..16).map(|_| bench.store.transact(scope("2026-02-09"), notify));
        let sent = join_all(all).await.into_iter().filter(|commit| commit.as_ref().unwrap().value);
        assert_eq!(sent.count(), 1);
    })
    .await;
}

/// Ids of older files may contain any text.
#[tokio::test]
async fn marks_end_with_their_child_and_with_their_task() {
    const IDS: [&str; 8] = ["c", "c/good", "1:c", "c%", "_", "é", "c\0", "1:c/good"];
    over_each(async |bench| {
        bench.put([Change::PutUser(user("u", "parent@example.org"))]).await;
        bench.put(IDS.map(|id| Change::PutChild(child(id, "u")))).await;
        bench.put(IDS.map(|id| Change::PutTask(task(id, Some("u"), 1, true)))).await;
        let pairs = || IDS.into_iter().flat_map(|child| IDS.map(|task| (child, task)));
        let all = pairs().flat_map(|pair| {
            ["2026-02-09", "2026-02-10"].map(|day| Change::PutMark(of(pair, day, MarkKind::Due)))
        });
        bench.put(all).await;
        let bench = bench.reopen().await;
        let expected = |gone: &[(Option<&str>, Option<&str>)]| {
            let remains = |(child, task): &(&str, &str)| {
                gone.iter().all(|(no, other)| Some(*child) != *no && Some(*task) != *other)
            };
            let mut left: Vec<_> = pairs()
                .filter(remains)
                .flat_map(|(child, task)| [(); 2].map(|()| (child.to_owned(), task.to_owned())))
                .collect();
            left.sort();
            left
        };
        assert_eq!(marked(&bench, "u").await, expected(&[]));
        let mut gone = Vec::new();
        for id in IDS.into_iter().take(4) {
            let change = Change::RemoveTask(id.into());
            let remove =
                move |_: &dyn Snapshot, _: &mut Context| Ok((Changes::of([change.clone()]), ()));
            bench.store.transact(Scope::Family("u".into()), remove).await.unwrap();
            gone.push((None, Some(id)));
            assert_eq!(marked(&bench, "u").await, expected(&gone), "{id}");
            bench.put([Change::RemoveChild(id.into())]).await;
            gone.push((Some(id), None));
            assert_eq!(marked(&bench, "u").await, expected(&gone), "{id}");
        }
        let bench = bench.reopen().await;
        assert_eq!(marked(&bench, "u").await, expected(&gone));
        // A new child with the same id has none.
        bench.put([Change::PutChild(child("c", "u"))]).await;
        assert_eq!(marked(&bench, "u").await, expected(&gone));
    })
    .await;
}

#[tokio::test]
async fn marks_end_with_their_account() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let other = Mark {
            user_id: "other-family".into(),
            ..of(("c3", "t3"), "2026-02-09", MarkKind::Due)
        };
        let stored = [mark("2026-02-09", MarkKind::Skipped), other];
        bench.put(stored.map(Change::PutMark)).await;
        // Also one that is put in the same transaction.
        let late = Change::PutMark(mark("2026-02-10", MarkKind::Skipped));
        bench.put([late, Change::RemoveUser("u".into())]).await;
        {
            let bench = bench.reopen().await;
            assert!(marked(&bench, "u").await.is_empty());
            assert_eq!(marked(&bench, "other-family").await.len(), 1);
            bench.put([Change::PutUser(user("u", "parent@example.org"))]).await;
            assert!(marked(&bench, "u").await.is_empty(), "of a new account with the same id");
        }
    })
    .await;
}

#[tokio::test]
async fn marks_expire_after_400_days() {
    over_each(async |bench| {
        bench.put(family()).await;
        let start = Timestamp::from_micros(START);
        let later = start.after(Duration::from_hours(1));
        let old = mark("2026-02-08", MarkKind::Skipped);
        let new = Mark { created_at: later, ..mark("2026-02-07", MarkKind::Skipped) };
        // A skip of a day far ahead is kept until after that day.
        let ahead = mark("2027-06-01", MarkKind::Skipped);
        bench.put([&old, &new, &ahead].map(|mark| Change::PutMark(mark.clone()))).await;
        let expire = async |now: Timestamp, sessions| {
            let expiry = Expiry { now, keys: KeyTime::at(now), sessions, lease: None };
            bench.store.remove_expired(expiry).await.unwrap();
            marks(&bench, "0000-01-01").await
        };
        let end = start.after(Mark::LIFETIME);
        let all = [new.clone(), old, ahead.clone()];
        assert_eq!(expire(end.before(Duration::from_secs(1)), true).await, all);
        // A clock that has just been set removes nothing.
        assert_eq!(expire(end, false).await, all);
        assert_eq!(expire(end, true).await, [new, ahead]);
    })
    .await;
}
