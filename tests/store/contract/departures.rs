//! Account deletion: marking and listing, anonymising, removing the records, and purging.

use goldstar::domain::{Deletion, EventFilter, Id, Page, Position, Seq, SortOrder, Timestamp};
use goldstar::store::{Change, CommitError, Scope, Store, StoredEvent};
use serde_json::{Value, json};

use super::bench::{Bench, START, child, family, pending, reward, session, task, used_key, user};
use super::following::read_since;
use super::over_each;

const ALL: Page = Page { limit: 500, offset: 0 };

/// A second family, `other-family`, with the child `c3`.
async fn two_families(bench: &Bench) {
    bench.put(family()).await;
    bench
        .put([
            Change::PutUser(user("other-family", "other@example.org")),
            Change::PutChild(child("c3", "other-family")),
        ])
        .await;
}

/// The events of three children of two families, alternating.
async fn events_in_turns(bench: &Bench) -> Vec<Value> {
    let mut events = Vec::new();
    for n in 0..12_u8 {
        bench.set_clock(n.into());
        let child = ["c1", "c3", "c2"][usize::from(n) % 3];
        let recorded = bench.activate(child, "good").await;
        events.push(serde_json::from_str(&recorded.json).unwrap());
    }
    events
}

async fn found(bench: &Bench, filter: &EventFilter) -> Vec<Value> {
    let page = bench.store.events(filter, SortOrder::Ascending, ALL).await.unwrap();
    assert_eq!(page.events.len(), page.total);
    page.events.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

fn without_owner(events: &[Value], user: &str) -> Vec<Value> {
    let mut events = events.to_vec();
    for event in &mut events {
        if event["user_id"] == user {
            event["user_id"] = Value::Null;
        }
    }
    events
}

#[tokio::test]
async fn anonymising_an_account_changes_nothing_else() {
    for (leaver, stayer, events) in [("u", "other-family", 8), ("other-family", "u", 4)] {
        over_each(async |bench| {
            two_families(&bench).await;
            let before = events_in_turns(&bench).await;
            let expected = without_owner(&before, leaver);
            // A later query must not return the old rows.
            assert_eq!(found(&bench, &EventFilter::default()).await, before);
            assert_eq!(bench.store.anonymize(&leaver.into()).await.unwrap(), events);
            let counts = [(leaver, 0), (stayer, 12 - events)];
            assert_history(&bench, &expected, counts).await;
            let bench = bench.reopen().await;
            assert_history(&bench, &expected, counts).await;
            assert_eq!(bench.store.anonymize(&leaver.into()).await.unwrap(), 0, "in a repeat");
            assert_eq!(bench.store.anonymize(&"nobody".into()).await.unwrap(), 0);
            assert_history(&bench, &expected, counts).await;
        })
        .await;
    }
}

/// Checks that the history consists of these events: four of each child, and these numbers for the
/// accounts.
async fn assert_history(bench: &Bench, expected: &[Value], accounts: [(&str, usize); 2]) {
    assert_eq!(found(bench, &EventFilter::default()).await, expected);
    for child in ["c1", "c2", "c3"] {
        let of_child = EventFilter { child_id: Some(child.into()), ..EventFilter::default() };
        assert_eq!(found(bench, &of_child).await.len(), 4, "{child}");
    }
    for (user, count) in accounts {
        let of_user = EventFilter { user_id: Some(user.into()), ..EventFilter::default() };
        assert_eq!(found(bench, &of_user).await.len(), count, "{user}");
        assert_eq!(
            bench.store.events_after(&user.into(), None, Seq::START, 500).await.unwrap().len(),
            count,
            "{user}"
        );
    }
    let history = bench.store.following();
    let read = move || read_since(&*history, Position::START, None, 500).0;
    let replay = tokio::task::spawn_blocking(read).await.unwrap();
    assert_eq!(replay.len(), expected.len());
    for (recorded, expected) in replay.into_iter().zip(expected) {
        assert_is(&recorded, expected);
    }
}

/// Checks that the event and its text are as expected, without spaces after the account's value.
fn assert_is(recorded: &StoredEvent, expected: &Value) {
    let json: Value = serde_json::from_str(&recorded.json).unwrap();
    assert_eq!(json, *expected);
    let user_id = recorded.event.user_id.as_ref().map(Id::as_str);
    assert_eq!(user_id, expected["user_id"].as_str());
    if user_id.is_none() {
        assert!(!recorded.json.contains("null "), "{}", recorded.json);
    }
}

#[tokio::test]
async fn anonymising_an_account_erases_its_notes() {
    over_each(async |bench| {
        two_families(&bench).await;
        let mut expected = Vec::new();
        // The shortest note is shorter than null.
        for (child, note) in [("c1", "x"), ("c3", "of another family"), ("c1", "a \"note\" é")] {
            let recorded = bench.activate_with_note(child, "good", note).await;
            let mut event: Value = serde_json::from_str(&recorded.json).unwrap();
            assert_eq!(event["metadata"]["note"], note);
            if child == "c1" {
                (event["user_id"], event["metadata"]["note"]) = (Value::Null, Value::Null);
            }
            expected.push(event);
        }
        assert_eq!(bench.store.anonymize(&"u".into()).await.unwrap(), 2);
        assert_eq!(found(&bench, &EventFilter::default()).await, expected);
        bench.store.purge().await.unwrap();
        let bench = bench.reopen().await;
        assert_eq!(found(&bench, &EventFilter::default()).await, expected);
        assert_eq!(bench.store.anonymize(&"u".into()).await.unwrap(), 0, "in a repeat");
    })
    .await;
}

#[tokio::test]
async fn events_after_an_anonymisation_have_their_account() {
    over_each(async |bench| {
        two_families(&bench).await;
        bench.activate("c1", "good").await;
        assert_eq!(bench.store.anonymize(&"u".into()).await.unwrap(), 1);
        let recorded = bench.activate("c1", "good").await;
        assert_eq!(recorded.event.user_id, Some("u".into()));
        let of_user = EventFilter { user_id: Some("u".into()), ..EventFilter::default() };
        assert_eq!(found(&bench, &of_user).await.len(), 1);
        assert_eq!(bench.store.anonymize(&"u".into()).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn several_accounts_are_anonymised_while_others_commit() {
    over_each(async |bench| {
        two_families(&bench).await;
        events_in_turns(&bench).await;
        let (u, other) = ("u".into(), "other-family".into());
        let (first, second, commits) = tokio::join!(
            bench.store.anonymize(&u),
            bench.store.anonymize(&other),
            futures_util::future::join_all((0..16).map(|_| bench.activate("c1", "good"))),
        );
        assert_eq!((second.unwrap(), commits.len()), (4, 16));
        // Concurrent events may or may not be anonymised.
        let late = bench.store.anonymize(&"u".into()).await.unwrap();
        assert_eq!(first.unwrap() + late, 8 + 16);
        let owned = found(&bench, &EventFilter::default()).await;
        assert!(owned.iter().all(|event| event["user_id"].is_null()));
    })
    .await;
}

#[tokio::test]
async fn a_mark_survives_a_restart_and_can_be_removed() {
    over_each(async |bench| {
        two_families(&bench).await;
        assert!(bench.store.marked_accounts().await.unwrap().is_empty());
        let moment = Timestamp::from_micros(START + 250_000);
        let tried = Deletion {
            in_progress: true,
            attempted_at: Some(moment),
            attempts: 3,
            error: Some("the disk is full".to_owned()),
            ..Deletion::marked(moment)
        };
        for deletion in [Deletion::marked(moment), tried] {
            let mut marked = user("u", "parent@example.org");
            marked.deletion = Some(deletion);
            bench.put([Change::PutUser(marked)]).await;
        }
        let bench = bench.reopen().await;
        let marked = bench.store.marked_accounts().await.unwrap();
        assert_eq!(marked.len(), 1);
        let deletion = marked[0].deletion.as_ref().unwrap();
        assert_eq!((deletion.marked_at, deletion.attempts), (moment, 3));
        assert_eq!((deletion.in_progress, deletion.attempted_at), (true, Some(moment)));
        assert_eq!(deletion.error.as_deref(), Some("the disk is full"));

        bench.put([Change::PutUser(user("u", "parent@example.org"))]).await;
        let bench = bench.reopen().await;
        assert!(bench.store.marked_accounts().await.unwrap().is_empty());
        assert!(bench.families().await.user(&"u".into()).unwrap().deletion.is_none());
    })
    .await;
}

#[tokio::test]
async fn all_of_an_account_can_be_listed_and_removed() {
    over_each(async |bench| {
        two_families(&bench).await;
        bench
            .put([
                Change::PutTask(task("shared", None, 1, true)),
                Change::PutReward(reward("shared", None)),
                Change::PutPending(pending("p", "c1", "r")),
                Change::PutSession(session("s", "u")),
            ])
            .await;
        for key in ["key 1", "key 2"] {
            bench.activate_with_key("c1", "good", Some(used_key(key))).await;
        }
        let bench = bench.reopen().await;
        let (view, u) = (bench.families().await, "u".into());
        let mut changes = vec![Change::RemoveUser("u".into())];
        let of = |changes: Vec<Change>, count: usize| {
            assert_eq!(changes.len(), count);
            changes
        };
        let children = view.children_of(&u);
        changes.extend(of(children.iter().map(|c| Change::RemoveChild(c.id.clone())).collect(), 2));
        let tasks = view.tasks_of(&u);
        changes.extend(of(tasks.iter().map(|t| Change::RemoveTask(t.id.clone())).collect(), 2));
        let rewards = view.rewards_of(&u);
        changes.extend(of(rewards.iter().map(|r| Change::RemoveReward(r.id.clone())).collect(), 1));
        let asked = view.pending_of(&u);
        changes.extend(of(asked.iter().map(|p| Change::RemovePending(p.id.clone())).collect(), 1));
        let sessions = view.sessions_of(&u);
        let ended = sessions.iter().map(|s| Change::RemoveSession(s.token_hash.clone()));
        changes.extend(of(ended.collect(), 1));
        let keys = view.idempotency_records_of(&u);
        let forgotten =
            keys.iter().map(|kept| Change::RemoveIdempotencyKey("u".into(), kept.key.clone()));
        changes.extend(of(forgotten.collect(), 2));
        bench.put(changes).await;

        let bench = bench.reopen().await;
        let view = bench.families().await;
        assert!(view.user(&u).is_none());
        let email = goldstar::domain::Email::from_stored("parent@example.org");
        assert!(bench.read(Scope::Email(email.clone())).await.user_by_email(&email).is_none());
        assert!(view.children_of(&u).is_empty() && view.tasks_of(&u).is_empty());
        assert!(view.rewards_of(&u).is_empty() && view.pending_of(&u).is_empty());
        assert!(view.sessions_of(&u).is_empty() && view.idempotency_records_of(&u).is_empty());
        assert_eq!(view.tasks_page(&u, ALL).total, 1, "the shared one");
        assert_eq!(view.children_of(&"other-family".into()).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_setting_has_its_last_value() {
    over_each(async |bench| {
        assert_eq!(bench.setting("hours").await, None);
        for value in [json!(720), json!("a \u{1f415}"), json!({"hours": [1, null, 2.5]}), json!(24)]
        {
            bench.put([Change::PutSetting { name: "hours".into(), value: value.clone() }]).await;
            assert_eq!(bench.setting("hours").await, Some(value));
        }
        bench.put([Change::PutSetting { name: "salt".into(), value: json!("00ff") }]).await;
        let bench = bench.reopen().await;
        assert_eq!(bench.setting("hours").await, Some(json!(24)));
        assert_eq!(bench.setting("salt").await, Some(json!("00ff")));
        assert!(bench.store.is_empty().await.unwrap(), "a setting is no record");
    })
    .await;
}

#[tokio::test]
async fn a_purge_keeps_all_current_data() {
    over_each(async |bench| {
        two_families(&bench).await;
        let events = events_in_turns(&bench).await;
        bench.put([Change::RemoveChild("c3".into())]).await;
        for _ in 0..2 {
            bench.store.purge().await.unwrap();
            assert_eq!(found(&bench, &EventFilter::default()).await, events);
        }
        assert_eq!(bench.points("c1").await, 20);
        bench.activate("c1", "good").await;
        let (purged, recorded) = tokio::join!(bench.store.purge(), bench.activate("c1", "good"));
        purged.unwrap();
        let bench = bench.reopen().await;
        assert_eq!(bench.points("c1").await, 30);
        assert_eq!(bench.store.head(&"u".into()).await.unwrap(), recorded.seq);
        assert!(bench.families().await.child(&"c3".into()).is_none());
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_anonymises_nothing() {
    over_each(async |bench| {
        two_families(&bench).await;
        bench.store.close().await.unwrap();
        let refused = bench.store.anonymize(&"u".into()).await;
        assert!(matches!(refused, Err(CommitError::Closed)));
        bench.store.purge().await.unwrap_err();
    })
    .await;
}
