//! Changes under a lease.

use goldstar::domain::{KeyTime, Seq, Session, Timestamp};
use goldstar::store::{
    Change, Changes, CommitError, Expiry, Fence, Lease, Purpose, Scope, Snapshot, Store,
};

use super::bench::{START, family, session};
use super::over_each;

fn is_lost<T>(result: &Result<T, CommitError>) -> bool {
    matches!(result, Err(CommitError::LeaseLost))
}

/// Removes the child `c1` while a lease is valid.
pub(crate) async fn remove_child(store: &impl Store, lease: &Fence) -> Result<(), CommitError> {
    let lease = lease.clone();
    let remove = move |_: &dyn Snapshot, _: &mut _| {
        let changes = Changes::of([Change::RemoveChild("c1".into())]);
        Ok((changes.under(Some(lease.clone())), ()))
    };
    store.transact(Scope::Family("u".into()), remove).await.map(|_| ())
}

pub(crate) fn expiry(lease: &Fence) -> Expiry {
    let now = Timestamp::from_micros(START);
    Expiry { now, keys: KeyTime::at(now), sessions: true, lease: Some(lease.clone()) }
}

/// Whatever is attempted under a lost lease fails and changes nothing.
async fn assert_writes_nothing(store: &impl Store, lost: &Fence) {
    assert!(is_lost(&remove_child(store, lost).await));
    assert!(is_lost(&store.remove_expired(expiry(lost)).await));
    assert!(is_lost(&store.anonymize_under(Some(lost), &"u".into()).await));
    assert_unchanged(store).await;
}

/// The family has its child, its session and its event.
pub(crate) async fn assert_unchanged(store: &impl Store) {
    let records = store.read(Scope::Family("u".into())).await.unwrap();
    assert!(records.child(&"c1".into()).is_some());
    assert_eq!(records.count_sessions(&"u".into()), 1);
    let events = store.events_after(&"u".into(), None, Seq(0), 9).await.unwrap();
    assert_eq!(events.len(), 1);
}

#[tokio::test]
async fn a_holder_whose_lease_was_taken_over_writes_nothing() {
    over_each(async |bench| {
        bench.put(family()).await;
        let start = Timestamp::from_micros(START);
        let ended = Session { expires_at: start, ..session("ended", "u") };
        bench.put([Change::PutSession(ended)]).await;
        bench.activate("c1", "good").await;
        let (store, history) = (&bench.store, bench.store.following());

        let lease = store.lease(Purpose::AuditLog).await.expect("it is free");
        let lost = lease.fence();
        history.save_cursor("one", "before".to_owned(), &lost);
        drop(lease);
        let lease = store.lease(Purpose::AuditLog).await;
        let valid = lease.as_ref().map(Lease::fence).expect("it is free again");
        history.save_cursor("one", "of the next".to_owned(), &valid);
        history.save_cursor("one", "late".to_owned(), &lost);
        assert_writes_nothing(store, &lost).await;

        assert_eq!(store.remove_expired(expiry(&valid)).await.unwrap().len(), 1);
        remove_child(store, &valid).await.unwrap();
        assert!(bench.families().await.child(&"c1".into()).is_none());
        assert_eq!(store.anonymize_under(Some(&valid), &"u".into()).await.unwrap(), 1);
        drop((lease, history));
        let saved = bench.reopen().await.store.following().cursor("one").unwrap().saved;
        assert_eq!(saved.as_deref(), Some("of the next"));
    })
    .await;
}

#[tokio::test]
async fn a_transaction_without_a_lease_is_committed_beside_one_whose_lease_is_lost() {
    over_each(async |bench| {
        bench.put(family()).await;
        let lease = bench.store.lease(Purpose::DeletionSchedule).await.expect("it is free");
        let lost = lease.fence();
        drop(lease);
        let (refused, committed) = tokio::join!(
            remove_child(&bench.store, &lost),
            bench.put([Change::RemoveChild("c2".into())])
        );
        assert!(is_lost(&refused));
        let () = committed;
        let records = bench.families().await;
        assert!(records.child(&"c1".into()).is_some() && records.child(&"c2".into()).is_none());
    })
    .await;
}
