//! Each event is reversed at most once, and lists name the reversal.

use std::sync::Arc;

use futures_util::future::join_all;
use goldstar::domain::ledger::{self, Actor, EventOrigin, Reversal};
use goldstar::domain::{
    Child, EventFilter, EventId, Page, Points, RuleViolation, SortOrder, TrackingEvent,
};
use goldstar::store::{Change, Changes, CommitError, Context, Scope, Snapshot, Store, StoredEvent};

use super::bench::{Bench, family};
use super::over_each;

/// The changes that reverse an event, whether or not it is reversed already.
fn reversal(records: &dyn Snapshot, context: &mut Context, original: &TrackingEvent) -> Changes {
    let child = records.child(&original.child_id).expect("the child exists");
    let (event_id, now) = (context.new_id(), context.now());
    let origin = EventOrigin { event_id, actor: Actor::Parent, member: None, now, note: None };
    let reversal = Reversal { original, name: None, is_partial: true };
    let event = ledger::reverse(&child, reversal, Points::ZERO, origin).unwrap();
    let event = TrackingEvent::new(event).unwrap();
    let child = Child { points: event.points_after, ..(*child).clone() };
    let records = vec![Change::PutChild(child)];
    Changes { records, event: Some(event), ..Changes::none() }
}

/// Reverses an event in that scope. The decision does not check whether it is reversed.
async fn reverse(
    bench: &Bench,
    scope: Scope,
    original: &StoredEvent,
) -> Result<EventId, RuleViolation> {
    let original = original.event.clone();
    let decide = move |records: &dyn Snapshot, context: &mut Context| {
        Ok((reversal(records, context, &original), ()))
    };
    match bench.store.transact(scope, decide).await {
        Ok(committed) => Ok(committed.event.unwrap().event.id.clone()),
        Err(CommitError::Refused(violation)) => Err(violation),
        Err(error) => panic!("{error}"),
    }
}

fn of(event: &StoredEvent) -> Scope {
    Scope::Event("u".into(), event.event.id.clone())
}

/// The reversals on the page of a child's events.
async fn listed(bench: &Bench, child: &str, page: Page) -> Vec<(String, String)> {
    let filter = EventFilter { child_id: Some(child.into()), ..EventFilter::default() };
    let found = bench.store.find_events(&filter, SortOrder::Ascending, page).await.unwrap();
    let text = |(event, reversal): &(Arc<str>, Arc<str>)| (event.to_string(), reversal.to_string());
    found.reversals.iter().map(text).collect()
}

const ALL: Page = Page { limit: 500, offset: 0 };

#[tokio::test]
async fn an_event_is_reversed_once_by_64_at_once_and_after_a_restart() {
    over_each(async |bench| {
        bench.put(family()).await;
        let event = bench.activate("c1", "good").await;
        // A scope without the event makes no difference to the constraint.
        let scopes = [of(&event), Scope::Family("u".into())];
        let all = (0..64).map(|n| reverse(&bench, scopes[n % 2].clone(), &event));
        let results = join_all(all).await;
        let done: Vec<&EventId> = results.iter().filter_map(|it| it.as_ref().ok()).collect();
        let [id] = done[..] else { panic!("{} reversals", done.len()) };
        let refused = RuleViolation::AlreadyReversed(id.clone());
        let errors = results.iter().filter_map(|it| it.as_ref().err());
        assert!(errors.clone().all(|error| *error == refused));
        assert_eq!(errors.count(), 63);
        assert_eq!(bench.points("c1").await, 0);

        let bench = bench.reopen().await;
        assert_eq!(reverse(&bench, of(&event), &event).await, Err(refused));
        let expected = [(event.event.id.to_string(), id.to_string())];
        assert_eq!(listed(&bench, "c1", ALL).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_decision_knows_the_reversal_of_the_event_in_its_scope() {
    over_each(async |bench| {
        bench.put(family()).await;
        let (event, other) =
            (bench.activate("c1", "good").await, bench.activate("c1", "bad").await);
        let known = async |bench: &Bench, scope: Scope, event: &StoredEvent| {
            bench.read(scope).await.reversal_of(&event.event.id)
        };
        assert_eq!(known(&bench, of(&event), &event).await, None);
        let id = reverse(&bench, of(&event), &event).await.unwrap();
        let bench = bench.reopen().await;
        assert_eq!(known(&bench, of(&event), &event).await, Some(id));
        assert_eq!(known(&bench, of(&other), &other).await, None);
        assert_eq!(known(&bench, of(&other), &event).await, None, "not in the scope");
        assert_eq!(known(&bench, Scope::Family("u".into()), &event).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_page_names_the_reversals_of_its_own_events() {
    over_each(async |bench| {
        bench.put(family()).await;
        let mut events = Vec::new();
        for n in 0..6 {
            bench.set_clock(n);
            events.push(bench.activate("c1", "good").await);
        }
        let mut expected = Vec::new();
        for event in [&events[1], &events[4]] {
            let reversal = reverse(&bench, of(event), event).await.unwrap();
            expected.push((event.event.id.to_string(), reversal.to_string()));
        }
        let bench = bench.reopen().await;
        assert_eq!(listed(&bench, "c1", ALL).await, expected);
        assert_eq!(listed(&bench, "c1", Page { limit: 3, offset: 0 }).await, expected[..1]);
        assert_eq!(listed(&bench, "c1", Page { limit: 2, offset: 4 }).await, expected[1..]);
        assert_eq!(listed(&bench, "c1", Page { limit: 2, offset: 6 }).await, []);
        assert_eq!(listed(&bench, "c2", ALL).await, []);
        bench.store.anonymize(&"u".into()).await.unwrap();
        assert_eq!(listed(&bench, "c1", ALL).await, expected, "also of a deleted account");
    })
    .await;
}

#[tokio::test]
async fn an_event_is_found_by_its_family_its_child_and_its_id() {
    over_each(async |bench| {
        bench.put(family()).await;
        let event = bench.activate("c1", "good").await;
        bench.activate("c1", "good").await;
        let bench = bench.reopen().await;
        let find = async |family: &str, child: &str, id: &str| {
            bench.store.find_event(&family.into(), &child.into(), &id.into()).await.unwrap()
        };
        let id = event.event.id.as_str();
        let found = find("u", "c1", id).await.unwrap();
        assert_eq!((found.seq, &found.json), (event.seq, &event.json));
        for (family, child, id) in [("u", "c2", id), ("other-family", "c1", id), ("u", "c1", "x")] {
            assert!(find(family, child, id).await.is_none(), "{family} {child} {id}");
        }
    })
    .await;
}
