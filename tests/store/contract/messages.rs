//! Messages: each cause has one, with a number that grows, and followers read them like events.

use std::sync::Arc;
use std::time::Duration;

use goldstar::domain::{ChangedKind, Deletion, KeyTime, Message, MessagePosition, Timestamp, User};
use goldstar::store::{Change, Expiry, FollowedMessages, Store};

use super::bench::{Bench, START, family, user};
use super::over_each;

pub(crate) fn message(user_id: &str, id: &str) -> Message {
    let now = Timestamp::from_micros(START);
    Message::records_changed(user_id.into(), ChangedKind::Task, id, None, now)
}

/// Reads the messages after a position, two at a time: their ids, and the last position. On PostgreSQL
/// open transactions of other tests can delay them.
async fn read_since(bench: &Bench, mut after: MessagePosition) -> (Vec<String>, MessagePosition) {
    let history = bench.store.following();
    let mut last = 0;
    for account in ["u", "other-family"] {
        last = last.max(bench.store.last_message(&account.into()).await.unwrap());
    }
    let mut found: Vec<Arc<Message>> = Vec::new();
    loop {
        let FollowedMessages { messages, through, has_more } =
            history.messages_since(after, 2).unwrap();
        assert!(messages.len() <= 2);
        assert!(messages.iter().all(|(position, _)| after < *position && *position <= through));
        found.extend(messages.into_iter().map(|(_, message)| message));
        after = through;
        if !has_more && after.number >= last {
            let id = |message: &Arc<Message>| message.payload["id"].as_str().unwrap().to_owned();
            return (found.iter().map(id).collect(), after);
        }
    }
}

fn two_families() -> Vec<Change> {
    let other = Change::PutUser(user("other-family", "other@example.org"));
    family().into_iter().chain([other]).collect()
}

async fn ids(bench: &Bench) -> Vec<String> {
    read_since(bench, MessagePosition::default()).await.0
}

#[tokio::test]
async fn a_later_message_of_one_cause_replaces_the_earlier_one() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let start = bench.store.following().messages_end().unwrap();
        for id in ["a", "b", "c", "a"] {
            bench.put([Change::PutMessage(message("u", id))]).await;
        }
        bench.put([Change::PutMessage(message("other-family", "a"))]).await;
        let (found, end) = read_since(&bench, start).await;
        assert_eq!(found, ["b", "c", "a", "a"]);
        assert_eq!(end, bench.store.following().messages_end().unwrap());
        let bench = bench.reopen().await;
        assert_eq!(ids(&bench).await, found);
        // What was read is not returned again, and a new number follows.
        bench.put([Change::PutMessage(message("u", "b"))]).await;
        assert_eq!(read_since(&bench, end).await.0, ["b"]);
        assert_eq!(ids(&bench).await, ["c", "a", "a", "b"]);
    })
    .await;
}

#[tokio::test]
async fn a_commit_with_a_message_wakes() {
    over_each(async |bench| {
        bench.put(family()).await;
        let mut wakeups = bench.store.following().wakeups();
        wakeups.mark_unchanged();
        bench.put([Change::PutMessage(message("u", "a"))]).await;
        wakeups.changed().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn messages_end_with_their_account() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let messages = ["u", "other-family"].map(|user_id| message(user_id, user_id));
        bench.put(messages.map(Change::PutMessage)).await;
        let now = Timestamp::from_micros(START);
        let deletion = Some(Deletion::marked(now).started(now));
        let marked = User { deletion, ..user("u", "parent@example.org") };
        bench.put([Change::PutUser(marked)]).await;
        assert_eq!(ids(&bench).await, ["other-family"]);
        bench.put([Change::RemoveUser("u".into())]).await;
        let bench = bench.reopen().await;
        assert_eq!(ids(&bench).await, ["other-family"]);
        // The account's id is free again, and has no message.
        bench.put([Change::PutUser(user("u", "parent@example.org"))]).await;
        assert_eq!(ids(&bench).await, ["other-family"]);
    })
    .await;
}

#[tokio::test]
async fn the_number_of_a_removed_message_is_not_used_again() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let number =
            async |bench: &Bench| bench.store.last_message(&"other-family".into()).await.unwrap();
        bench.put([Change::PutMessage(message("other-family", "first"))]).await;
        bench.put([Change::PutMessage(message("u", "last"))]).await;
        let last = bench.store.last_message(&"u".into()).await.unwrap();
        bench.put([Change::RemoveUser("u".into())]).await;
        let bench = bench.reopen().await.reopen().await;
        bench.put([Change::PutMessage(message("other-family", "next"))]).await;
        let next = number(&bench).await;
        assert!(next > last, "{next} after {last}");

        // Every message has expired.
        let now = Timestamp::from_micros(START).after(Message::LIFETIME);
        let expiry = Expiry { now, keys: KeyTime::at(now), sessions: true, lease: None };
        bench.store.remove_expired(expiry).await.unwrap();
        assert_eq!(bench.store.messages_of(&"other-family".into()).await.unwrap(), []);
        let bench = bench.reopen().await;
        bench.put([Change::PutMessage(message("other-family", "after"))]).await;
        assert!(number(&bench).await > next);
    })
    .await;
}

#[tokio::test]
async fn messages_expire_after_thirty_days() {
    over_each(async |bench| {
        bench.put(family()).await;
        bench.put([Change::PutMessage(message("u", "old"))]).await;
        let later = Timestamp::from_micros(START).after(Duration::from_hours(24));
        bench.put([Change::PutMessage(Message { created_at: later, ..message("u", "new") })]).await;
        let expire = async |now: Timestamp| {
            let expiry = Expiry { now, keys: KeyTime::at(now), sessions: true, lease: None };
            bench.store.remove_expired(expiry).await.unwrap();
            ids(&bench).await
        };
        let end = Timestamp::from_micros(START).after(Message::LIFETIME);
        assert_eq!(expire(end.before(Duration::from_secs(1))).await, ["old", "new"]);
        assert_eq!(expire(end).await, ["new"]);
    })
    .await;
}

#[tokio::test]
async fn a_family_keeps_its_newest_messages() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        bench.put([Change::PutMessage(message("other-family", "other"))]).await;
        let numbers = (0..Message::MOST + 3).map(|number| number.to_string());
        bench.put(numbers.map(|id| Change::PutMessage(message("u", &id)))).await;
        let now = Timestamp::from_micros(START);
        // A clock that has just been set removes nothing.
        for sessions in [false, true] {
            let expiry = Expiry { now, keys: KeyTime::at(now), sessions, lease: None };
            bench.store.remove_expired(expiry).await.unwrap();
            let ids = ids(&bench).await;
            assert_eq!(Message::MOST + 4 - ids.len(), if sessions { 3 } else { 0 });
            assert_eq!((&*ids[0], &*ids[ids.len() - 1]), ("other", "1002"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_message_of_a_family_has_a_number() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let last = async |user: &str| bench.store.last_message(&user.into()).await.unwrap();
        let mut before = last("u").await;
        for id in ["a", "b", "a"] {
            bench.put([Change::PutMessage(message("other-family", id))]).await;
            assert!(last("u").await >= before);
            let position = read_since(&bench, MessagePosition::default()).await.1;
            bench.put([Change::PutMessage(message("u", id))]).await;
            let number = last("u").await;
            assert!(before < number && position.number < number);
            assert_eq!(read_since(&bench, position).await.1.number, number);
            before = number;
        }
    })
    .await;
}
