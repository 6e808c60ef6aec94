//! Two servers on one database.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use goldstar::domain::calendar::Day;
use goldstar::domain::schedule::{Mark, MarkKey, MarkKind};
use goldstar::domain::{EventFilter, Page, Position, RuleViolation, Seq, SortOrder};
use goldstar::store::postgres::PostgresStore;
use goldstar::store::{
    Change, Changes, Commit, CommitError, Context, Outage, Purpose, ReadError, Scope, Snapshot,
    Store,
};

use super::{two, two_on};
use crate::cluster::{execute, new_database};
use crate::contract::bench::{activation, family, user};
use crate::contract::read_since;

pub(super) async fn put(store: &PostgresStore, records: Vec<Change>) -> Result<(), CommitError> {
    let put = move |_: &dyn Snapshot, _: &mut Context| Ok((Changes::of(records.clone()), ()));
    store.transact(Scope::Family("u".into()), put).await.map(|_| ())
}

pub(super) async fn activate(store: &PostgresStore) -> Result<Commit<()>, CommitError> {
    let decide = |records: &dyn Snapshot, context: &mut Context| {
        Ok((activation(records, context, &"c1".into(), &"good".into(), None), ()))
    };
    store.transact(Scope::Family("u".into()), decide).await
}

async fn points(store: &PostgresStore) -> i64 {
    let records = store.read(Scope::Family("u".into())).await.unwrap();
    records.child(&"c1".into()).unwrap().points.get()
}

#[tokio::test]
async fn commits_on_two_servers_are_decided_one_after_the_other() {
    let servers = two().await;
    put(&servers[0], family()).await.unwrap();
    let all = (0..64).map(|n| activate(&servers[n % 2]));
    let committed = futures_util::future::join_all(all).await;
    let mut events: Vec<_> =
        committed.into_iter().map(|commit| commit.unwrap().event.unwrap()).collect();
    events.sort_by_key(|stored| stored.seq);
    let before: Vec<i64> = events.iter().map(|it| it.event.points_before.get()).collect();
    assert_eq!(before, (0..64).map(|n| n * 5).collect::<Vec<_>>());
    let seqs: Vec<Seq> = events.iter().map(|stored| stored.seq).collect();
    assert_eq!(seqs, (1..=64).map(Seq).collect::<Vec<_>>(), "without gaps");
    for server in &servers {
        assert_eq!(points(server).await, 320);
    }
}

#[tokio::test]
async fn two_servers_activate_a_penalty_once() {
    let servers = two().await;
    put(&servers[0], family()).await.unwrap();
    let penalise = |records: &dyn Snapshot, context: &mut Context| {
        let day = Day::parse("2026-02-09").unwrap();
        let key =
            MarkKey { day, child_id: "c1".into(), task_id: "good".into(), kind: MarkKind::Penalty };
        let mark = Mark { user_id: "u".into(), key, note: None, created_at: context.now() };
        let mut changes = activation(records, context, &"c1".into(), &"bad".into(), None);
        changes.records.push(Change::PutMark(mark));
        Ok((changes, ()))
    };
    // Each server uses what it has kept of the family.
    let all = (0..16).map(|n| servers[n % 2].transact(Scope::Family("u".into()), penalise));
    let results = futures_util::future::join_all(all).await;
    let refused = results.iter().filter_map(|result| result.as_ref().err());
    let is_second = |error: &CommitError| {
        matches!(error, CommitError::Refused(RuleViolation::AlreadyPenalised))
    };
    assert!(refused.clone().all(is_second), "{results:?}");
    assert_eq!(refused.count(), 15);
    let everything = EventFilter::default();
    let page = Page { limit: 10, offset: 0 };
    let events = servers[1].events(&everything, SortOrder::Ascending, page).await.unwrap();
    assert_eq!(events.total, 1);
}

#[tokio::test]
async fn one_of_two_servers_gets_an_email_address() {
    let servers = two().await;
    let sign_up = async |server: usize| {
        let records = vec![Change::PutUser(user(["a", "b"][server], "same@example.org"))];
        put(&servers[server], records).await
    };
    let (one, other) = tokio::join!(sign_up(0), sign_up(1));
    let refused = [one, other].into_iter().filter_map(Result::err);
    let refused: Vec<_> = refused
        .map(|error| matches!(error, CommitError::Refused(RuleViolation::EmailTaken)))
        .collect();
    assert_eq!(refused, [true]);
    assert_eq!(servers[0].count_accounts().await.unwrap(), 1);
}

#[tokio::test]
async fn followers_hear_of_the_commits_of_another_server() {
    let [one, other] = two().await;
    put(&one, family()).await.unwrap();
    let mut wakeups = other.following().wakeups();
    let mut event = None;
    // The other server may not listen yet when the first one commits.
    while !wakeups.has_changed().unwrap() || event.is_none() {
        event = activate(&one).await.unwrap().event;
        let waiting =
            tokio::time::timeout(std::time::Duration::from_millis(100), wakeups.changed());
        if waiting.await.is_ok() {
            break;
        }
    }
    let history = other.following();
    let read = move || read_since(&*history, Position::START, None, 500).0;
    let read = tokio::task::spawn_blocking(read).await.unwrap();
    let last = read.last().map(|stored| stored.event.id.clone());
    assert_eq!(last, event.map(|stored| stored.event.id.clone()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_skips_no_event_while_both_commit() {
    let servers = two().await;
    put(&servers[0], family()).await.unwrap();
    let history = servers[1].following();
    let follower = tokio::task::spawn_blocking(move || {
        let (mut position, mut seen) = (Position::START, Vec::new());
        while seen.len() < 100 {
            let page = history.events_since(position, None, 7).unwrap();
            seen.extend(page.events.into_iter().map(|(_, stored)| stored.seq));
            position = page.through;
        }
        seen
    });
    let all = (0..100).map(|n| activate(&servers[n % 2]));
    for commit in futures_util::future::join_all(all).await {
        commit.unwrap();
    }
    let seen = follower.await.unwrap();
    assert_eq!(seen, (1..=100).map(Seq).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_lease_has_one_holder_among_the_servers() {
    let [one, other] = two().await;
    let lease = one.lease(Purpose::AuditLog).await.expect("it is free");
    assert!(other.lease(Purpose::AuditLog).await.is_none());
    assert!(other.lease(Purpose::Expiry).await.is_some(), "another purpose");
    drop(lease);
    let mut taken = None;
    while taken.is_none() {
        taken = other.lease(Purpose::AuditLog).await;
    }
    assert!(one.lease(Purpose::AuditLog).await.is_none());
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_all_else_is_committed() {
    let [one, _] = two().await;
    put(&one, family()).await.unwrap();
    let all = (0..600).map(|_| activate(&one));
    let results = futures_util::future::join_all(all).await;
    let committed = results.iter().filter(|result| result.is_ok()).count();
    let overloaded = |error: &CommitError| matches!(error, CommitError::Overloaded);
    let refused = results.iter().filter_map(|it| it.as_ref().err()).filter(|it| overloaded(it));
    let refused = refused.count();
    assert!(refused > 0 && committed >= 256, "{committed} and {refused}");
    assert_eq!(committed + refused, 600);
    assert_eq!(points(&one).await, 5 * i64::try_from(committed).unwrap());
    let page = Page { limit: 1000, offset: 0 };
    let found = one.events(&EventFilter::default(), SortOrder::Ascending, page).await.unwrap();
    let distinct: HashSet<_> = found.events.iter().collect();
    assert_eq!((found.total, distinct.len()), (committed, committed));
}

/// Ends all other connections to a database.
const KILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_lose_and_double_no_commit() {
    let url = new_database();
    let servers = two_on(&url).await;
    put(&servers[0], family()).await.unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&is_done);
    let killer = tokio::task::spawn_blocking(move || {
        while !until.load(Ordering::SeqCst) {
            execute(&url, KILL);
        }
    });
    let all = (0..4).map(|client| {
        let server = Arc::clone(&servers[client % 2]);
        tokio::spawn(async move {
            for _ in 0..25 {
                activate(&server).await.unwrap();
            }
        })
    });
    for client in futures_util::future::join_all(all).await {
        client.unwrap();
    }
    is_done.store(true, Ordering::SeqCst);
    killer.await.unwrap();
    let page = Page { limit: 1000, offset: 0 };
    let found = servers[0].events(&EventFilter::default(), SortOrder::Ascending, page).await;
    assert_eq!(found.unwrap().total, 100);
    assert_eq!(points(&servers[1]).await, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_fails_while_the_database_accepts_no_connections_and_works_again_after() {
    let url = new_database();
    let [server, _] = two_on(&url).await;
    put(&server, family()).await.unwrap();
    let (_, name) = url.split_once("@/").unwrap();
    let (name, _) = name.split_once('?').unwrap();
    let administration = url.replacen(name, "postgres", 1);
    let allow = |allowed: bool| {
        let statement = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}");
        execute(&administration, &statement);
    };
    allow(false);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname =";
    execute(&administration, &format!("{end} '{name}'"));
    let read = async || server.read(Scope::Family("u".into())).await.map(|_| ());
    assert!(matches!(read().await, Err(ReadError::Unavailable(Outage::Unreachable))));
    allow(true);
    read().await.unwrap();
    activate(&server).await.unwrap();
    assert_eq!(points(&server).await, 5);
}
