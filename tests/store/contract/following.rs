//! Followers: they read every event after a cursor in the store's order, and each lease has one
//! holder.

use std::collections::HashSet;
use std::sync::Arc;

use goldstar::domain::{Deletion, Position, Timestamp, User, UserId};
use goldstar::store::{Change, Followed, Following, Purpose, Store, StoredEvent};

use super::bench::{Bench, START, family, user};
use super::{IMPLEMENTATIONS, over_each};

/// Reads the events after a position, `limit` at a time: those of one family, or all. Returns the last
/// position, too.
pub(crate) fn read_since(
    history: &dyn Following,
    mut after: Position,
    family: Option<&UserId>,
    limit: usize,
) -> (Vec<Arc<StoredEvent>>, Position) {
    let mut found = Vec::new();
    loop {
        let Followed { events, through, has_more } =
            history.events_since(after, family, limit).unwrap();
        assert!(events.len() <= limit);
        assert!(events.iter().all(|(position, _)| after < *position && *position <= through));
        found.extend(events.into_iter().map(|(_, stored)| stored));
        after = through;
        if !has_more {
            return (found, after);
        }
    }
}

/// The ids of the events after a position, read two at a time.
fn ids_since(history: &dyn Following, after: Position) -> Vec<String> {
    let (events, end) = read_since(history, after, None, 2);
    assert_eq!(end, history.end());
    events.iter().map(|stored| stored.event.id.to_string()).collect()
}

#[tokio::test]
async fn every_event_is_read_once_in_the_order_of_commits() {
    over_each(async |bench| {
        let history = bench.store.following();
        assert_eq!(history.end(), Position::START);
        bench.put(family()).await;
        let mut expected = Vec::new();
        for number in 0..7 {
            let child = if number % 2 == 0 { "c1" } else { "c2" };
            expected.push(bench.activate(child, "good").await.event.id.to_string());
            assert_eq!(ids_since(&*history, Position::START), expected);
        }
        assert_eq!(history.count_since(Position::START), 7);
        let position = history.end();
        assert_eq!(history.count_since(position), 0);
        let bench = bench.reopen().await;
        let history = bench.store.following();
        assert_eq!(ids_since(&*history, Position::START), expected);
        let next = bench.activate("c1", "good").await.event.id.to_string();
        assert_eq!(ids_since(&*history, position), [next]);
    })
    .await;
}

#[tokio::test]
async fn commits_at_the_same_time_are_read_once() {
    over_each(async |bench| {
        bench.put(family()).await;
        let history = bench.store.following();
        let all = (0..32).map(|_| bench.activate("c2", "good"));
        let committed = futures_util::future::join_all(all).await;
        let expected: HashSet<_> =
            committed.iter().map(|stored| stored.event.id.to_string()).collect();
        let found = ids_since(&*history, Position::START);
        assert_eq!(found.len(), 32);
        assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
    })
    .await;
}

#[tokio::test]
async fn the_events_of_one_family_can_be_read() {
    over_each(async |bench| {
        bench.put(family()).await;
        let event = bench.activate("c1", "good").await;
        let history = bench.store.following();
        for (family, count) in [("u", 1), ("v", 0)] {
            let (found, end) = read_since(&*history, Position::START, Some(&family.into()), 9);
            assert_eq!(found.len(), count);
            assert_eq!(end, history.end());
            assert!(found.iter().all(|stored| stored.json == event.json));
        }
    })
    .await;
}

#[tokio::test]
async fn a_commit_with_an_event_wakes_and_a_cursor_needs_no_wakeup() {
    over_each(async |bench| {
        let history = bench.store.following();
        let mut wakeups = history.wakeups();
        bench.put(family()).await;
        bench.activate("c1", "good").await;
        wakeups.changed().await.unwrap();
        // Several commits may cause one wake-up. A wake-up that nobody waits for is lost.
        bench.activate("c1", "good").await;
        bench.activate("c1", "good").await;
        wakeups.mark_unchanged();
        assert_eq!(ids_since(&*history, Position::START).len(), 3);
    })
    .await;
}

/// The account `u` after its deletion has started.
fn being_deleted() -> User {
    let now = Timestamp::from_micros(START);
    let deletion = Deletion::marked(now).started(now);
    User { deletion: Some(deletion), ..user("u", "parent@example.org") }
}

#[tokio::test]
async fn a_follower_that_is_late_gets_nothing_of_an_account_whose_deletion_has_started() {
    over_each(async |bench| {
        bench.put(family()).await;
        for _ in 0..5 {
            bench.activate("c1", "good").await;
        }
        let history = bench.store.following();
        bench.put([Change::PutUser(being_deleted())]).await;
        assert_eq!(ids_since(&*history, Position::START), [""; 0]);
        let (own, _) = read_since(&*history, Position::START, Some(&"u".into()), 9);
        assert!(own.is_empty());
        let bench = bench.reopen().await;
        assert_eq!(ids_since(&*bench.store.following(), Position::START), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_kept_with_the_data() {
    over_each(async |bench| {
        let history = bench.store.following();
        assert_eq!(history.cursor("one").unwrap().saved, None);
        let lease = bench.store.lease(Purpose::AuditLog).await.expect("it is free");
        for (follower, cursor) in [("one", "before"), ("one", "here"), ("other", "there")] {
            history.save_cursor(follower, cursor.to_owned(), &lease.fence());
        }
        drop((history, lease));
        let bench = bench.reopen().await;
        let history = bench.store.following();
        assert_eq!(history.cursor("one").unwrap().saved.as_deref(), Some("here"));
        assert_eq!(history.cursor("other").unwrap().saved.as_deref(), Some("there"));
        assert_eq!(history.cursor("one").unwrap().noted, None, "it was closed");
    })
    .await;
}

#[tokio::test]
async fn a_lease_has_one_holder_and_changes_hands() {
    for medium in IMPLEMENTATIONS {
        let bench = Bench::new(medium());
        let purposes =
            [Purpose::AuditLog, Purpose::DeletionSchedule, Purpose::Expiry, Purpose::Backups];
        for purpose in purposes {
            let first = bench.store.lease(purpose).await.expect("it is free");
            assert!(first.is_held());
            assert!(bench.store.lease(purpose).await.is_none(), "{purpose:?} has a holder");
            let others = purposes.into_iter().filter(|other| *other != purpose);
            for other in others {
                assert!(bench.store.lease(other).await.is_some(), "{other:?} is another one");
            }
            drop(first);
            let second = bench.store.lease(purpose).await;
            assert!(second.is_some_and(|lease| lease.is_held()));
        }
    }
}
