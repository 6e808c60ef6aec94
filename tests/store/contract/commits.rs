//! Commits: executed one after another, durable and visible when they return, or without any
//! effect.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use goldstar::domain::{RecordKind, RuleViolation, Seq, Timestamp};
use goldstar::store::{
    Change, Changes, CommitError, Context as Transaction, Scope, Snapshot, Store,
};

use super::bench::{START, activation, child, family, user};
use super::over_each;

#[tokio::test]
async fn a_decision_gets_the_newest_state_and_returns_a_value() {
    over_each(async |bench| {
        bench.put(family()).await;
        let decide = |records: &dyn Snapshot, _: &mut Transaction| {
            Ok((Changes::none(), records.children_of(&"u".into()).len()))
        };
        let committed = bench.store.transact(Scope::Family("u".into()), decide).await.unwrap();
        assert_eq!(committed.value, 2);
        assert!(committed.event.is_none());
    })
    .await;
}

#[tokio::test]
async fn an_error_changes_nothing() {
    over_each(async |bench| {
        bench.put(family()).await;
        let refused = bench.commit(|_, _| Err(RuleViolation::NotFound(RecordKind::Task))).await;
        assert!(matches!(
            refused.map(|_| ()),
            Err(CommitError::Refused(RuleViolation::NotFound(RecordKind::Task)))
        ));
        assert_eq!(bench.store.head(&"u".into()).await.unwrap(), Seq::START);
        bench.activate("c1", "good").await;
        assert_eq!(bench.points("c1").await, 5, "the store goes on");
    })
    .await;
}

#[tokio::test]
async fn a_decision_that_panics_changes_nothing_and_affects_no_other() {
    over_each(async |bench| {
        bench.put(family()).await;
        let panicked = bench.commit(|_, _| panic!("on purpose")).await;
        assert!(matches!(panicked.map(|_| ()), Err(CommitError::Panicked)));
        bench.activate("c1", "good").await;
        assert_eq!(bench.points("c1").await, 5);
    })
    .await;
}

#[tokio::test]
async fn simultaneous_commits_are_decided_one_after_the_other() {
    over_each(async |bench| {
        bench.put(family()).await;
        let all = (0..64).map(|_| bench.activate("c1", "good"));
        let mut events = futures_util::future::join_all(all).await;
        events.sort_by_key(|recorded| recorded.seq);
        let before: Vec<i64> =
            events.iter().map(|recorded| recorded.event.points_before.get()).collect();
        let expected: Vec<i64> = (0..64).map(|n| n * 5).collect();
        assert_eq!(before, expected);
        assert_eq!(bench.points("c1").await, 320);
    })
    .await;
}

#[tokio::test]
async fn a_commit_completes_if_nobody_waits_for_it() {
    over_each(async |bench| {
        bench.put(family()).await;
        {
            let abandoned = bench.commit(|records, context| {
                Ok(activation(records, context, &"c1".into(), &"good".into(), None))
            });
            let mut abandoned = pin!(abandoned);
            let mut context = Context::from_waker(Waker::noop());
            // A store may complete at once. Then nothing is abandoned.
            drop(abandoned.as_mut().poll(&mut context));
        }
        // Transactions are executed in order, so this one follows the abandoned one.
        let next = bench.activate("c1", "good").await;
        assert_eq!(next.event.points_before.get(), 5);
    })
    .await;
}

#[tokio::test]
async fn an_events_time_is_behind_the_familys_last_one_if_that_is_at_most_five_minutes_ahead() {
    const FIVE_MINUTES: i64 = 300_000_000;
    over_each(async |mut bench| {
        bench.put(family()).await;
        bench.put([Change::PutUser(user("other-family", "v@example.org"))]).await;
        bench.put([Change::PutChild(child("other", "other-family"))]).await;
        for (clock, expected) in [
            (0, 0),
            (50, 50),
            (50, 51),
            (20, 52),
            (52 - FIVE_MINUTES, 53),
            (52 - FIVE_MINUTES, 52 - FIVE_MINUTES),
            (60, 60),
            (3_600_000_000, 3_600_000_000),
            (70, 70),
            (70, 71),
        ] {
            // It makes no difference whether the last event is from the previous run.
            if expected % 2 == 0 {
                bench = bench.reopen().await;
            }
            bench.set_clock(clock);
            let event = &bench.activate("c1", "good").await.event;
            let times = [event.occurred_at, event.created_at].map(Timestamp::as_micros);
            assert_eq!(times, [START + expected; 2], "the clock shows {clock}");
        }
        // Events of another family do not move this one.
        bench.set_clock(10);
        let family = bench.activate("c1", "good").await;
        let other = bench.activate("other", "good").await;
        let times = [family, other].map(|it| it.event.occurred_at.as_micros() - START);
        assert_eq!(times, [72, 10]);
    })
    .await;
}

#[tokio::test]
async fn the_changes_of_one_decision_are_applied_in_order() {
    over_each(async |bench| {
        let mut older = child("c", "u");
        older.age = Some(1);
        bench
            .put([
                Change::PutUser(user("u", "a@example.org")),
                Change::PutChild(older),
                Change::RemoveChild("c".into()),
                Change::PutChild(child("c", "u")),
            ])
            .await;
        let bench = bench.reopen().await;
        assert_eq!(bench.families().await.child(&"c".into()).unwrap().age, Some(6));
        assert_eq!(bench.families().await.children_of(&"u".into()).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_takes_no_commits_and_closes_twice() {
    over_each(async |bench| {
        bench.put(family()).await;
        bench.store.close().await.unwrap();
        bench.store.close().await.unwrap();
        let refused = bench.commit(|_, _| Ok(Changes::none())).await;
        assert!(matches!(refused.map(|_| ()), Err(CommitError::Closed)));
        assert!(bench.families().await.user(&"u".into()).is_some(), "still readable");
    })
    .await;
}
