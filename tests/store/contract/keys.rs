//! Idempotency keys: stored with an event or a new record, until they are removed.

use std::sync::Arc;

use goldstar::domain::{IdempotencyRecord, KeyResult, KeyTime, Seq};
use goldstar::store::{Change, Changes, Context, KeyUse, Snapshot};

use super::bench::{Bench, family, task, used_key};
use super::over_each;

/// Creates a task with a key.
async fn create(bench: &Bench, key: &str, id: &'static str) {
    let used = KeyUse { record: Some(id.into()), fingerprint: "create".into(), ..used_key(key) };
    let decide = move |_: &dyn Snapshot, _: &mut Context| {
        let task = Change::PutTask(task(id, Some("u"), 5, true));
        Ok(Changes { remember: Some(used.clone()), ..Changes::of([task]) })
    };
    bench.commit(decide).await.unwrap();
}

async fn record_of(bench: &Bench, key: &str) -> Option<Arc<IdempotencyRecord>> {
    bench.families().await.idempotency_record(&"u".into(), &used_key(key).key)
}

#[tokio::test]
async fn a_key_is_stored_with_its_event_until_it_is_removed() {
    over_each(async |bench| {
        bench.put(family()).await;
        let used = used_key("key 1");
        let (key, print) = (used.key.clone(), used.fingerprint.clone());
        let recorded = bench.activate_with_key("c1", "good", Some(used)).await;

        let bench = bench.reopen().await;
        let found = record_of(&bench, "key 1").await.unwrap();
        assert_eq!(found.result, KeyResult::Event(recorded.seq));
        assert_eq!(found.event(), Some(recorded.seq));
        assert_eq!(found.fingerprint, print);
        assert!(bench.families().await.idempotency_record(&"v".into(), &key).is_none());
        bench.put([Change::RemoveIdempotencyKey("u".into(), key)]).await;
        assert!(record_of(&bench, "key 1").await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_key_is_stored_with_a_new_record() {
    over_each(async |bench| {
        bench.put(family()).await;
        create(&bench, "key", "new").await;
        let found = async |bench: &Bench| {
            assert!(bench.families().await.task(&"new".into()).is_some());
            let found = record_of(bench, "key").await.unwrap();
            (found.result.clone(), found.fingerprint.clone())
        };
        let expected = (KeyResult::Record("new".into()), "create".into());
        assert_eq!(found(&bench).await, expected);
        assert_eq!(found(&bench.reopen().await).await, expected);
    })
    .await;
}

#[tokio::test]
async fn an_expired_key_can_be_used_for_something_else() {
    over_each(async |bench| {
        bench.put(family()).await;
        create(&bench, "one", "first").await;
        let event = bench.activate_with_key("c1", "good", Some(used_key("two"))).await.seq;
        let later = bench.pass_key_lifetime();
        for key in ["one", "two"] {
            assert!(!record_of(&bench, key).await.unwrap().is_live(&later), "{key}");
        }
        let other = bench.activate_with_key("c1", "good", Some(used_key("one"))).await.seq;
        create(&bench, "two", "second").await;
        assert!(event < other);

        let bench = bench.reopen().await;
        let results: [(&str, Option<Seq>); 2] = [("one", Some(other)), ("two", None)];
        for (key, event) in results {
            let found = record_of(&bench, key).await.unwrap();
            assert_eq!(found.event(), event, "{key}");
            assert!(found.is_live(&KeyTime::at(found.created_at)), "{key}");
        }
    })
    .await;
}
