//! The list of deleted accounts.

use goldstar::domain::Timestamp;
use goldstar::store::{CommitError, Lease, Purpose, Store};

use super::bench::START;
use super::over_each;

#[tokio::test]
async fn the_list_is_durable_and_keeps_its_key() {
    over_each(async |bench| {
        let at = |micros| Timestamp::from_micros(START + micros);
        let begun = bench.store.erasures().list(at(0)).await.unwrap();
        assert!(begun.erased.is_empty() && begun.complete_until == at(0));
        for (id, micros) in [("u", 1), ("v", 2), ("u", 3)] {
            bench.store.erasures().add(id.into(), at(micros), None).await.unwrap();
        }
        let bench = bench.reopen().await;
        let list = bench.store.erasures().list(at(4)).await.unwrap();
        assert_eq!((list.key.clone(), list.complete_until), (begun.key, at(4)));
        let expected = [("u", 1), ("v", 2)].map(|(id, micros)| (list.hash(id), at(micros)));
        assert_eq!(list.erased, expected.into());
        bench.store.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_lost_lease_adds_nothing() {
    over_each(async |bench| {
        let now = Timestamp::from_micros(START);
        let lease = bench.store.lease(Purpose::DeletionSchedule).await.unwrap();
        let fence = Lease::fence(&lease);
        drop(lease);
        // A lease is released in the background: somebody else has it as soon as this returns.
        let _taken = bench.store.lease(Purpose::DeletionSchedule).await.unwrap();
        let added = bench.store.erasures().add("u".into(), now, Some(fence)).await;
        assert!(matches!(added, Err(CommitError::LeaseLost)), "{added:?}");
        assert!(bench.store.erasures().list(now).await.unwrap().erased.is_empty());
    })
    .await;
}
