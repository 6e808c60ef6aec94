//! The audit history: every event once, in order, and always with the same bytes.

use std::sync::Arc;

use goldstar::domain::{Action, EntityType, EventFilter, Page, Seq, SortOrder, Timestamp};
use goldstar::store::{AnyStore, Store, StoredEvent};
use serde_json::Value;

use super::bench::{Bench, START, family};
use super::over_each;

const ALL: Page = Page { limit: 500, offset: 0 };

/// Twelve events, ten microseconds apart except the last three, which have the same time: two
/// children alternately, every third one a penalty.
async fn twelve(bench: &Bench) -> Vec<Arc<StoredEvent>> {
    bench.put(family()).await;
    let mut events = Vec::new();
    for n in 0..12 {
        bench.set_clock(10 * n.min(9));
        let child = if n % 2 == 0 { "c1" } else { "c2" };
        let task = if n % 3 == 2 { "bad" } else { "good" };
        events.push(bench.activate(child, task).await);
    }
    events
}

async fn ids(store: &AnyStore, filter: &EventFilter, order: SortOrder, page: Page) -> Vec<String> {
    let found = store.events(filter, order, page).await.unwrap();
    let id = |text: &Arc<str>| {
        let event: Value = serde_json::from_str(text).unwrap();
        event["id"].as_str().unwrap().to_owned()
    };
    found.events.iter().map(id).collect()
}

async fn event(bench: &Bench, seq: Seq) -> Option<StoredEvent> {
    bench.store.event(&"u".into(), seq).await.unwrap()
}

fn ids_of<'a>(events: impl IntoIterator<Item = &'a Arc<StoredEvent>>) -> Vec<String> {
    let id = |recorded: &Arc<StoredEvent>| recorded.event.id.as_str().to_owned();
    events.into_iter().map(id).collect()
}

#[tokio::test]
async fn an_event_is_in_the_history_when_its_commit_returns() {
    over_each(async |bench| {
        bench.put(family()).await;
        for _ in 0..3 {
            let recorded = bench.activate("c1", "good").await;
            assert_eq!(bench.store.head(&"u".into()).await.unwrap(), recorded.seq);
            let kept = event(&bench, recorded.seq).await.unwrap();
            assert_eq!(kept.event, recorded.event);
            assert_eq!(kept.json, recorded.json);
            let page = bench
                .store
                .events(&EventFilter::default(), SortOrder::Descending, ALL)
                .await
                .unwrap();
            assert_eq!(page.events[0], recorded.json);
            assert_eq!(page.total, page.events.len());
        }
        assert!(event(&bench, Seq(99)).await.is_none());
        let elsewhere = bench.store.event(&"v".into(), Seq(1)).await.unwrap();
        assert!(elsewhere.is_none(), "of another family");
    })
    .await;
}

#[tokio::test]
async fn numbers_grow_and_the_history_is_the_same_after_a_restart() {
    over_each(async |bench| {
        let events = twelve(&bench).await;
        assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
        let bench = bench.reopen().await;
        for recorded in &events {
            let kept = event(&bench, recorded.seq).await.unwrap();
            assert_eq!(kept.json, recorded.json);
        }
        let next = bench.activate("c1", "good").await;
        assert!(next.seq > events[11].seq);
    })
    .await;
}

#[tokio::test]
async fn events_come_by_time_then_by_the_order_of_writing() {
    over_each(async |bench| {
        let events = twelve(&bench).await;
        let ascending = ids_of(&events);
        let descending: Vec<String> = ascending.iter().rev().cloned().collect();
        let bench = bench.reopen().await;
        let (store, all) = (&bench.store, EventFilter::default());
        assert_eq!(ids(store, &all, SortOrder::Ascending, ALL).await, ascending);
        assert_eq!(ids(store, &all, SortOrder::Descending, ALL).await, descending);
    })
    .await;
}

#[tokio::test]
async fn pages_follow_one_another_and_know_the_total() {
    over_each(async |bench| {
        let events = twelve(&bench).await;
        let mut found = Vec::new();
        for offset in [0, 5, 10, 15] {
            let page = Page { limit: 5, offset };
            let all = EventFilter::default();
            let order = SortOrder::Ascending;
            let total = bench.store.events(&all, order, page).await.unwrap().total;
            assert_eq!(total, 12);
            found.extend(ids(&bench.store, &all, order, page).await);
        }
        assert_eq!(found, ids_of(&events));
    })
    .await;
}

#[tokio::test]
async fn every_condition_of_a_filter_applies() {
    over_each(async |bench| {
        let events = twelve(&bench).await;
        let moment = |micros| Some(Timestamp::from_micros(START + micros));
        let any = EventFilter::default;
        let filters = [
            any(),
            EventFilter { child_id: Some("c2".into()), ..any() },
            EventFilter { user_id: Some("u".into()), ..any() },
            EventFilter { user_id: Some("v".into()), ..any() },
            EventFilter { entity_type: Some(EntityType::Penalty), ..any() },
            EventFilter { entity_id: Some("good".to_owned()), ..any() },
            EventFilter { action: Some(Action::Activated), ..any() },
            EventFilter { action: Some(Action::Redeemed), ..any() },
            EventFilter { from: moment(30), ..any() },
            EventFilter { to: moment(30), ..any() },
            EventFilter { from: moment(20), to: moment(90), ..any() },
            EventFilter { from: moment(90), to: moment(20), ..any() },
            EventFilter {
                child_id: Some("c1".into()),
                entity_type: Some(EntityType::Task),
                from: moment(20),
                ..any()
            },
        ];
        for filter in filters {
            let expected = ids_of(events.iter().filter(|e| matches(&filter, e)));
            let order = SortOrder::Ascending;
            let found = ids(&bench.store, &filter, order, ALL).await;
            assert_eq!(found, expected, "{filter:?}");
        }
    })
    .await;
}

/// The reference: the documented conditions of the filter, one after another.
fn matches(filter: &EventFilter, recorded: &StoredEvent) -> bool {
    let event = &recorded.event;
    filter.child_id.as_ref().is_none_or(|id| *id == event.child_id)
        && filter.user_id.as_ref().is_none_or(|id| event.user_id.as_ref() == Some(id))
        && filter.entity_type.is_none_or(|kind| kind == event.entity_type)
        && filter.entity_id.as_ref().is_none_or(|id| *id == event.entity_id)
        && filter.action.is_none_or(|action| action == event.action)
        && filter.from.is_none_or(|from| event.occurred_at >= from)
        && filter.to.is_none_or(|to| event.occurred_at < to)
}

/// Reads what follows the second of these events of a family.
async fn replay_is_of(store: &AnyStore, events: &[Arc<StoredEvent>]) {
    let family = "u".into();
    for child in [None, Some("c2".into())] {
        let (mut last, mut found) = (events[1].seq, Vec::new());
        let count = store.count_after(&family, child.as_ref(), last, 500).await.unwrap();
        loop {
            let portion = store.events_after(&family, child.as_ref(), last, 4).await.unwrap();
            let portion: Vec<_> = portion.into_iter().map(Result::unwrap).collect();
            assert!(portion.len() <= 4);
            let Some(newest) = portion.last() else { break };
            last = newest.seq;
            found.extend(portion.into_iter().map(Arc::new));
        }
        let is_expected =
            |it: &&Arc<StoredEvent>| child.as_ref().is_none_or(|id| *id == it.event.child_id);
        assert_eq!(ids_of(&found), ids_of(events[2..].iter().filter(is_expected)));
        assert_eq!(count, found.len());
    }
}

#[tokio::test]
async fn a_replay_continues_after_an_event_in_portions() {
    over_each(async |bench| {
        let mut events = twelve(&bench).await;
        replay_is_of(&bench.store, &events).await;
        // Also after a restart, and with events of both processes.
        let bench = bench.reopen().await;
        replay_is_of(&bench.store, &events).await;
        events.push(bench.activate("c2", "good").await);
        replay_is_of(&bench.store, &events).await;
        let (store, family) = (&bench.store, "u".into());
        let counted = store.count_after(&family, None, Seq::START, 5).await.unwrap();
        assert_eq!(counted, 5, "it counts no further than the limit");
        for other in ["v", "nobody"] {
            let events = store.events_after(&other.into(), None, Seq::START, 500).await.unwrap();
            assert!(events.is_empty(), "{other}");
        }
    })
    .await;
}
