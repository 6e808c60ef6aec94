//! All events that match a filter, in parts: the same as the pages of a query, up to the moment of the start.

use std::sync::Arc;

use goldstar::domain::{
    Amount, Ending, EntityType, EventFilter, Name, Note, Page, PendingReward, PendingTask,
    SortOrder, Timestamp,
};
use goldstar::store::{AnyStore, Change, EventScan, Store};

use super::bench::{Bench, START, child, ended, family, pending, session, used_key, user};
use super::over_each;

const ALL: Page = Page { limit: 500, offset: 0 };
const ORDERS: [SortOrder; 2] = [SortOrder::Ascending, SortOrder::Descending];

/// The rest of a scan, in parts of this size.
async fn rest(mut scan: Box<dyn EventScan>, limit: usize) -> Vec<Arc<str>> {
    let mut texts = Vec::new();
    loop {
        let rows = scan.next(limit).await.unwrap();
        assert!(rows.count() <= limit);
        if rows.count() == 0 {
            assert_eq!(scan.next(limit).await.unwrap().count(), 0, "after the end");
            return texts;
        }
        texts.extend(rows.read(0..rows.count()).await.unwrap());
    }
}

async fn page(store: &AnyStore, filter: &EventFilter, order: SortOrder) -> Vec<Arc<str>> {
    store.events(filter, order, ALL).await.unwrap().events
}

/// Events of two families. Some have the same time, and the clock is set back once.
async fn history(bench: &Bench) {
    bench.put(family()).await;
    let other = [
        Change::PutUser(user("other-family", "other@example.org")),
        Change::PutChild(child("c3", "other-family")),
    ];
    bench.put(other).await;
    for (n, moment) in [0, 10, 20, 20, 20, 5, 30, 30, 15, 40, 50, 50].into_iter().enumerate() {
        bench.set_clock(moment);
        let task = if n % 4 == 2 { "bad" } else { "good" };
        bench.activate(["c1", "c3", "c2"][n % 3], task).await;
    }
}

fn filters() -> Vec<EventFilter> {
    let any = EventFilter::default;
    let moment = |micros| Some(Timestamp::from_micros(START + micros));
    vec![
        any(),
        EventFilter { child_id: Some("c1".into()), ..any() },
        EventFilter { user_id: Some("u".into()), ..any() },
        EventFilter { user_id: Some("nobody".into()), ..any() },
        EventFilter { entity_type: Some(EntityType::Penalty), ..any() },
        EventFilter { entity_id: Some("good".to_owned()), from: moment(20), ..any() },
        EventFilter { from: moment(20), to: moment(31), ..any() },
        EventFilter { user_id: Some("u".into()), to: moment(20), ..any() },
    ]
}

#[tokio::test]
async fn parts_are_the_pages_of_a_query() {
    over_each(async |bench| {
        history(&bench).await;
        for filter in filters() {
            for order in ORDERS {
                let expected = page(&bench.store, &filter, order).await;
                for limit in [1, 3, 100] {
                    let scan = bench.store.scan_events(&filter, order).await.unwrap();
                    assert_eq!(rest(scan, limit).await, expected, "{filter:?} {order:?} {limit}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_after_the_start_is_not_found() {
    over_each(async |bench| {
        history(&bench).await;
        for filter in filters() {
            for order in ORDERS {
                let expected = page(&bench.store, &filter, order).await;
                let mut scan = bench.store.scan_events(&filter, order).await.unwrap();
                let first = scan.next(2).await.unwrap();
                let mut found = first.read(0..first.count()).await.unwrap();
                bench.activate("c1", "good").await;
                bench.activate("c3", "bad").await;
                found.extend(rest(scan, 2).await);
                assert_eq!(found, expected, "{filter:?} {order:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_that_is_anonymised_meanwhile_is_not_named() {
    over_each(async |bench| {
        history(&bench).await;
        let all = EventFilter::default();
        let of_family = EventFilter::of_family(&"u".into(), None);
        let mut every = bench.store.scan_events(&all, SortOrder::Ascending).await.unwrap();
        let mut own = bench.store.scan_events(&of_family, SortOrder::Ascending).await.unwrap();
        assert_eq!(every.next(3).await.unwrap().count(), 3);
        assert_eq!(own.next(3).await.unwrap().count(), 3);
        bench.store.anonymize(&"u".into()).await.unwrap();
        let texts = rest(every, 3).await;
        assert_eq!(texts, page(&bench.store, &all, SortOrder::Ascending).await[3..]);
        let is_owned = |text: &&Arc<str>| text.contains("other-family");
        assert_eq!(texts.iter().filter(is_owned).count(), 3);
        assert_eq!(texts.iter().filter(|text| text.contains("null")).count(), 6);
        assert!(rest(own, 3).await.is_empty());
    })
    .await;
}

/// A record of each kind that [`family`] lacks.
fn further() -> [Change; 4] {
    let now = Timestamp::from_micros(START);
    let PendingReward { id, user_id, child_id, child_name, .. } = pending("p", "c1", "r");
    let task = PendingTask {
        id,
        user_id,
        child_id,
        child_name,
        task_id: "good".into(),
        task_name: Name::from_stored("Make the bed"),
        points: Amount::new(5).unwrap(),
        created_at: now,
        note: Some(Note::from_stored("With sheets".into())),
    };
    [
        Change::PutPending(pending("p2", "c2", "r")),
        Change::PutPendingTask(task),
        Change::PutEnded(ended("ended", now)),
        Change::PutSession(session("s", "u")),
    ]
}

#[tokio::test]
async fn a_family_has_every_record() {
    over_each(async |bench| {
        history(&bench).await;
        bench.put(further()).await;
        bench.activate_with_key("c1", "good", Some(used_key("key"))).await;
        let bench = bench.reopen().await;
        let records = bench.families().await;
        let counts = |id: &str| {
            let family = records.family(&id.into());
            let (sessions, children) = (family.sessions.len(), family.children.len());
            let own = [sessions, children, family.tasks.len(), family.rewards.len()];
            let requests = [family.pending.len(), family.pending_tasks.len(), family.ended.len()];
            (family.account.is_some(), own, requests, family.idempotency.len())
        };
        assert_eq!(counts("u"), (true, [1, 2, 2, 1], [1, 1, 1], 1));
        assert_eq!(counts("other-family"), (true, [0, 1, 0, 0], [0; 3], 0));
        assert_eq!(counts("nobody"), (false, [0; 4], [0; 3], 0));
        let own = records.family(&"u".into());
        assert_eq!(own.pending_tasks[0].note.as_ref().unwrap().as_str(), "With sheets");
        assert_eq!(own.ended[0].ended, Ending::Deleted);
    })
    .await;
}
