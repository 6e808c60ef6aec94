//! Scopes: a snapshot contains one family; the store enforces rules about all families.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use goldstar::domain::{
    Child, ChildId, Deletion, Email, EndedRequest, KeyTime, Role, RuleViolation, Session,
    Timestamp, TokenHash, User,
};
use goldstar::store::{Change, Changes, CommitError, Expiry, Scope, Store};
use serde_json::json;

use super::bench::{Bench, START, child, ended, family, session, task, used_key, user};
use super::over_each;

async fn two_families(bench: &Bench) {
    bench.put(family()).await;
    bench
        .put([
            Change::PutUser(user("v", "v@example.org")),
            Change::PutChild(child("c3", "v")),
            Change::PutTask(task("theirs", Some("v"), 1, true)),
            Change::PutTask(task("shared", None, 1, true)),
            Change::PutSession(session("s", "v")),
            Change::PutSetting { name: "hours".into(), value: json!(1) },
        ])
        .await;
}

#[tokio::test]
async fn each_scope_contains_its_family_and_nothing_else() {
    over_each(async |bench| {
        two_families(&bench).await;
        let email = Email::from_stored("V@example.org");
        for (scope, has_u, has_v) in [
            (Scope::Family("u".into()), true, false),
            (Scope::Family("v".into()), false, true),
            (Scope::of_families(["u".into(), "v".into()]), true, true),
            (Scope::Email(email.clone()), false, true),
            (Scope::Session(TokenHash("s".into())), false, true),
            (Scope::Email(Email::from_stored("nobody@example.org")), false, false),
            (Scope::Session(TokenHash("unknown".into())), false, false),
            (Scope::Server, false, false),
        ] {
            let records = bench.read(scope.clone()).await;
            assert_eq!(records.user(&"u".into()).is_some(), has_u, "{scope:?}");
            assert_eq!(records.child(&"c1".into()).is_some(), has_u, "{scope:?}");
            assert_eq!(records.count_children(&"u".into()), 2 * usize::from(has_u), "{scope:?}");
            assert_eq!(records.user_by_email(&email).is_some(), has_v, "{scope:?}");
            assert_eq!(records.child(&"c3".into()).is_some(), has_v, "{scope:?}");
            assert_eq!(records.task(&"theirs".into()).is_some(), has_v, "{scope:?}");
            assert_eq!(records.session(&TokenHash("s".into())).is_some(), has_v, "{scope:?}");
            assert!(records.task(&"shared".into()).is_some(), "{scope:?}");
            let is_server = scope == Scope::Server;
            assert_eq!(records.setting("hours").is_some(), is_server, "{scope:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_commit_changes_the_version_of_its_scope() {
    over_each(async |bench| {
        two_families(&bench).await;
        let scope = || Scope::Family("u".into());
        let before = bench.read(scope()).await;
        assert_eq!(bench.read(scope()).await.version(), before.version());
        bench.put([Change::PutChild(child("c9", "u"))]).await;
        let after = bench.read(scope()).await;
        assert_ne!(after.version(), before.version());
        assert!(before.child(&"c9".into()).is_none(), "a snapshot does not change");
        assert!(after.child(&"c9".into()).is_some());
    })
    .await;
}

#[tokio::test]
async fn every_run_of_a_decision_gets_the_same_ids_and_one_run_is_committed() {
    over_each(async |bench| {
        bench.put(family()).await;
        let runs: Arc<Mutex<Vec<Vec<ChildId>>>> = Arc::default();
        let seen = Arc::clone(&runs);
        let commit = bench.commit(move |_, context| {
            let ids: Vec<ChildId> = (0..3).map(|_| context.new_id()).collect();
            seen.lock().unwrap().push(ids.clone());
            let children = ids.into_iter().map(|id| Child { id, ..child("", "u") });
            Ok(Changes::of(children.map(Change::PutChild)))
        });
        commit.await.unwrap();
        let runs = std::mem::take(&mut *runs.lock().unwrap());
        assert!(runs.iter().all(|ids| *ids == runs[0]));
        let distinct: HashSet<_> = runs[0].iter().cloned().collect();
        assert_eq!(distinct.len(), 3);
        assert_eq!(bench.families().await.count_children(&"u".into()), 2 + 3);
    })
    .await;
}

#[tokio::test]
async fn transactions_of_several_families_at_the_same_time_are_all_committed() {
    over_each(async |bench| {
        bench.put(family()).await;
        bench.put([Change::PutUser(user("other-family", "o@example.org"))]).await;
        bench.put([Change::PutChild(child("c3", "other-family"))]).await;
        let decided = Arc::new(AtomicUsize::new(0));
        let all = (0..32_u8).map(|n| {
            let id = if n % 2 == 0 { "c1" } else { "c3" };
            let scope = if n % 2 == 0 { "u" } else { "other-family" };
            let counter = Arc::clone(&decided);
            bench.store.transact(Scope::Family(scope.into()), move |records, _| {
                counter.fetch_add(1, Ordering::SeqCst);
                let old = records.child(&id.into()).unwrap();
                let age = Some(old.age.unwrap_or_default() + 1);
                Ok((Changes::of([Change::PutChild(Child { age, ..Child::clone(&old) })]), ()))
            })
        });
        for commit in futures_util::future::join_all(all).await {
            commit.unwrap();
        }
        assert!(decided.load(Ordering::SeqCst) >= 32);
        let records = bench.families().await;
        for id in ["c1", "c3"] {
            assert_eq!(records.child(&id.into()).unwrap().age, Some(6 + 16), "{id}");
        }
    })
    .await;
}

fn refused<T>(result: Result<T, CommitError>) -> RuleViolation {
    match result.map(|_| ()) {
        Err(CommitError::Refused(violation)) => violation,
        other => panic!("{other:?}"),
    }
}

async fn put(bench: &Bench, user: User) -> Result<(), CommitError> {
    let scope = Scope::Family(user.id.clone());
    let put = move |_: &dyn goldstar::store::Snapshot, _: &mut goldstar::store::Context| {
        Ok((Changes::of([Change::PutUser(user.clone())]), ()))
    };
    bench.store.transact(scope, put).await.map(|_| ())
}

#[tokio::test]
async fn an_email_address_belongs_to_one_account() {
    over_each(async |bench| {
        put(&bench, user("u", "parent@example.org")).await.unwrap();
        let taken = put(&bench, user("v", "Parent@Example.org")).await;
        assert_eq!(refused(taken), RuleViolation::EmailTaken);
        assert_eq!(bench.store.count_accounts().await.unwrap(), 1);
        put(&bench, user("v", "v@example.org")).await.unwrap();
        let taken = put(&bench, user("v", "parent@example.org")).await;
        assert_eq!(refused(taken), RuleViolation::EmailTaken);
        put(&bench, user("u", "PARENT@example.org")).await.unwrap();
        put(&bench, user("u", "new@example.org")).await.unwrap();
        put(&bench, user("v", "parent@example.org")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_that_is_not_marked_remains() {
    over_each(async |bench| {
        let admin = |id: &str| User { role: Role::Admin, ..user(id, &format!("{id}@example.org")) };
        let marked =
            |id: &str| User { deletion: Some(Deletion::marked(Timestamp::EPOCH)), ..admin(id) };
        put(&bench, user("u", "u@example.org")).await.unwrap();
        put(&bench, admin("v")).await.unwrap();
        assert_eq!(refused(put(&bench, marked("v")).await), RuleViolation::LastAdministrator);
        put(&bench, admin("w")).await.unwrap();
        put(&bench, marked("v")).await.unwrap();
        put(&bench, marked("v")).await.unwrap();
        let marked_user = User {
            deletion: Some(Deletion::marked(Timestamp::EPOCH)),
            ..user("u", "u@example.org")
        };
        put(&bench, marked_user).await.unwrap();
        assert_eq!(refused(put(&bench, marked("w")).await), RuleViolation::LastAdministrator);
        put(&bench, admin("v")).await.unwrap();
        put(&bench, marked("w")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn expired_records_are_removed_and_too_long_sessions_are_shortened() {
    over_each(async |bench| {
        bench.put(family()).await;
        let start = Timestamp::from_micros(START);
        let too_late = start.after(4 * Session::LIFETIME);
        let late = Session { expires_at: too_late, ..session("late", "u") };
        let ended = Session { expires_at: start, ..session("ended", "u") };
        bench.put([ended, late, session("live", "u")].map(Change::PutSession)).await;
        let used = used_key("key");
        let key = used.key.clone();
        bench.activate_with_key("c1", "good", Some(used)).await;
        let expiry =
            |sessions| Expiry { now: start, keys: KeyTime::at(start), sessions, lease: None };
        assert_eq!(bench.store.remove_expired(expiry(false)).await.unwrap(), []);
        assert_eq!(bench.families().await.count_sessions(&"u".into()), 3);
        let ended = bench.store.remove_expired(expiry(true)).await.unwrap();
        assert_eq!(ended, [TokenHash("ended".into())]);

        let bench = bench.reopen().await;
        let records = bench.families().await;
        assert!(records.session(&TokenHash("ended".into())).is_none());
        let late = records.session(&TokenHash("late".into())).unwrap();
        assert_eq!(late.expires_at, start.after(Session::LIFETIME));
        let found = records.idempotency_record(&"u".into(), &key).unwrap();
        assert!(found.is_live(&KeyTime::at(start)));
        let keys = bench.pass_key_lifetime();
        let records = bench.families().await;
        assert!(!records.idempotency_record(&"u".into(), &key).unwrap().is_live(&keys));
        let expiry = Expiry { now: start, keys, sessions: true, lease: None };
        assert_eq!(bench.store.remove_expired(expiry).await.unwrap(), []);
        assert!(bench.families().await.idempotency_record(&"u".into(), &key).is_none());
        assert_eq!(bench.families().await.count_sessions(&"u".into()), 2);
    })
    .await;
}

#[tokio::test]
async fn ended_requests_are_remembered_for_thirty_days() {
    over_each(async |bench| {
        bench.put(family()).await;
        let start = Timestamp::from_micros(START);
        let later = start.after(Duration::from_hours(1));
        bench.put([ended("old", start), ended("new", later)].map(Change::PutEnded)).await;
        let end = start.after(EndedRequest::LIFETIME);
        let expire = async |now: Timestamp, sessions| {
            let expiry = Expiry { now, keys: KeyTime::at(now), sessions, lease: None };
            bench.store.remove_expired(expiry).await.unwrap();
            let ended = bench.families().await.ended_requests_of(&"u".into());
            ended.iter().map(|request| request.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(expire(end.before(Duration::from_secs(1)), true).await, ["old", "new"]);
        // A clock that has just been set removes nothing.
        assert_eq!(expire(end, false).await, ["old", "new"]);
        assert_eq!(expire(end, true).await, ["new"]);
    })
    .await;
}
