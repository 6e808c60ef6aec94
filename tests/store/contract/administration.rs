//! The administration log: entries are added with other changes, and outlive the accounts.

use std::sync::Arc;
use std::time::Duration;

use goldstar::domain::{KeyTime, LogEntry, Page, Session, Timestamp, TokenHash, pseudonym};
use goldstar::store::{
    Activity, Change, Changes, Context, DayActivity, Expiry, Scope, Snapshot, Store,
};

use super::bench::{Bench, START, child, family, session, user};
use super::over_each;

const SALT: &str = "salt";

fn entry(id: &str, created_at: Timestamp) -> Change {
    Change::Log(LogEntry {
        id: id.into(),
        actor: None,
        action: "account_marked".into(),
        account: Some(pseudonym(SALT, &"u".into()).into()),
        created_at,
    })
}

async fn entries(bench: &Bench, page: Page) -> (Vec<String>, usize) {
    let found = bench.store.administration().entries(page).await.unwrap();
    (found.records.iter().map(|entry| entry.id.to_string()).collect(), found.total)
}

async fn expire(bench: &Bench, now: Timestamp) -> Vec<String> {
    let expiry = Expiry { now, keys: KeyTime::at(now), sessions: true, lease: None };
    bench.store.remove_expired(expiry).await.unwrap();
    entries(bench, Page::ALL).await.0
}

#[tokio::test]
async fn entries_are_durable_and_the_newest_is_first() {
    over_each(async |bench| {
        let now = Timestamp::from_micros(START);
        bench.put(family().into_iter().chain([entry("a", now)])).await;
        // An entry alone, in the scope of the server, is a change as well.
        let alone = entry("b", now);
        let decide =
            move |_: &dyn Snapshot, _: &mut Context| Ok((Changes::of([alone.clone()]), ()));
        bench.store.transact(Scope::Server, decide).await.unwrap();
        bench.put([entry("c", now)]).await;
        let bench = bench.reopen().await;
        assert_eq!(entries(&bench, Page::ALL).await, (["c", "b", "a"].map(String::from).into(), 3));
        let page = Page { offset: 1, limit: 1 };
        assert_eq!(entries(&bench, page).await, (vec!["b".to_owned()], 3));

        let log = bench.store.administration();
        let names: Vec<Arc<str>> =
            ["u", "nobody"].map(|id| pseudonym(SALT, &id.into()).into()).into();
        let found = log.accounts(SALT.to_owned(), names.clone()).await.unwrap();
        assert_eq!(found.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["u"]);
        assert!(log.accounts("other".to_owned(), names.clone()).await.unwrap().is_empty());
        bench.put([Change::RemoveUser("u".into())]).await;
        let log = bench.store.administration();
        assert!(log.accounts(SALT.to_owned(), names).await.unwrap().is_empty());
        assert_eq!(entries(&bench, Page::ALL).await.1, 3);
        bench.store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn sessions_have_pages() {
    over_each(async |bench| {
        let start = Timestamp::from_micros(START);
        let used = |hash: &str, minutes: u64| {
            Change::PutSession(Session {
                last_used_at: start.after(Duration::from_mins(minutes)),
                expires_at: start.after(Session::LIFETIME + Duration::from_mins(minutes)),
                ..session(hash, "u")
            })
        };
        let link = TokenHash::of_reset_link(&TokenHash("link".into()));
        let link = Change::PutSession(Session::reset_link(link, "u".into(), start));
        let sessions = [used("b", 2), used("c", 3), link, used("a", 1)];
        bench.put(family().into_iter().chain(sessions)).await;
        let bench = bench.reopen().await;
        let listed = async |now: Timestamp, page: Page| {
            let found = bench.store.administration().sessions(now, page).await.unwrap();
            assert!(found.records.iter().all(|(user, _)| user.id.as_str() == "u"));
            let hashes = found.records.iter().map(|(_, session)| session.token_hash.0.to_string());
            (hashes.collect::<Vec<_>>().concat(), found.total)
        };
        assert_eq!(listed(start, Page::ALL).await, ("cba".to_owned(), 3));
        assert_eq!(listed(start, Page { offset: 1, limit: 1 }).await, ("b".to_owned(), 3));
        assert_eq!(listed(start, Page { offset: 3, limit: 9 }).await, (String::new(), 3));
        assert_eq!(listed(start, Page { offset: 0, limit: 0 }).await, (String::new(), 3));
        let later = start.after(Session::LIFETIME + Duration::from_mins(1));
        assert_eq!(listed(later, Page::ALL).await, ("cb".to_owned(), 2), "one has ended");
        bench.store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn entries_expire_and_the_newest_ones_are_kept() {
    over_each(async |bench| {
        let now = Timestamp::from_micros(START);
        bench.put(family()).await;
        bench.put([entry("old", now)]).await;
        let later = now.after(Duration::from_hours(24));
        bench.put([entry("new", later)]).await;
        let end = now.after(Duration::from_hours(400 * 24));
        assert_eq!(expire(&bench, end.before(Duration::from_secs(1))).await, ["new", "old"]);
        assert_eq!(expire(&bench, end).await, ["new"]);

        bench.put((1..=LogEntry::MOST).map(|n| entry(&n.to_string(), later))).await;
        let kept = expire(&bench, end).await;
        assert_eq!((kept.len(), kept.last().map(|id| &**id)), (LogEntry::MOST, Some("1")));
    })
    .await;
}

#[tokio::test]
async fn what_happened_is_counted_by_day() {
    const DAY: i64 = 24 * 3600 * 1_000_000;
    over_each(async |bench| {
        bench.put(family()).await;
        let other = [Change::PutUser(user("other-family", "other@example.org"))];
        bench.put(other.into_iter().chain([Change::PutChild(child("c3", "other-family"))])).await;
        // The first microsecond of a day belongs to it, and the last one before it does not.
        bench.set_clock(-1);
        bench.activate("c1", "good").await;
        bench.set_clock(0);
        bench.activate("c1", "good").await;
        bench.activate("c2", "bad").await;
        bench.activate("c3", "good").await;
        bench.set_clock(3 * DAY - 1);
        bench.activate("c1", "good").await;
        bench.set_clock(3 * DAY);
        bench.activate("c1", "good").await;
        let bench = bench.reopen().await;
        let first = Timestamp::from_micros(START);
        let found = bench.store.administration().activity(first, 3).await.unwrap();
        let none = DayActivity::default();
        let start = DayActivity {
            events: 3,
            tasks: 2,
            penalties: 1,
            active_accounts: 2,
            sign_ups: 2,
            ..none
        };
        let end = DayActivity { events: 1, tasks: 1, active_accounts: 1, ..none };
        assert_eq!(found, Activity { days: vec![start, none, end], active_accounts: 2 });

        // The events of a deleted account still count, but not as those of an account.
        bench.set_clock(4 * DAY);
        bench.store.anonymize(&"other-family".into()).await.unwrap();
        bench.put([Change::RemoveUser("other-family".into())]).await;
        let found = bench.store.administration().activity(first, 3).await.unwrap();
        assert_eq!(found.days[0], DayActivity { active_accounts: 1, sign_ups: 1, ..start });
        assert_eq!(found.active_accounts, 1);
        bench.store.close().await.unwrap();
    })
    .await;
}
