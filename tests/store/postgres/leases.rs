//! A server whose lease another one has taken while it was paused: it does not know yet.

use goldstar::domain::Session;
use goldstar::store::{Change, CommitError, Fence, Lease, Purpose, Store};

use super::servers::{activate, put};
use super::two_on;
use crate::cluster::{execute, new_database};
use crate::contract::bench::{family, session};
use crate::contract::leases::{assert_unchanged, expiry, remove_child};

const PURPOSE: Purpose = Purpose::DeletionSchedule;

/// Expects that a change of the first server fails and changes nothing.
async fn assert_fails<S: Store>(
    url: &str,
    [one, other]: [&S; 2],
    change: impl AsyncFn(&S, &Fence) -> Result<(), CommitError>,
) {
    // As if it had been paused.
    let expire = || execute(url, "UPDATE leases SET expires_at = '-infinity'");
    expire();
    let lease = one.lease(PURPOSE).await.expect("it has expired");
    expire();
    let taken = other.lease(PURPOSE).await;
    assert!(taken.is_some_and(|taken| taken.is_held()));
    let fence = lease.fence();
    fence.check().unwrap();
    let changed = change(one, &fence).await;
    assert!(matches!(changed, Err(CommitError::LeaseLost)), "{changed:?}");
    assert!(!lease.is_held(), "it knows now");
    assert_unchanged(other).await;
}

#[tokio::test]
async fn it_writes_nothing() {
    let url = new_database();
    let [one, other] = two_on(&url).await;
    put(&one, family()).await.unwrap();
    let ended = Session { expires_at: goldstar::domain::Timestamp::EPOCH, ..session("ended", "u") };
    put(&one, vec![Change::PutSession(ended)]).await.unwrap();
    activate(&one).await.unwrap();
    let both = [&*one, &*other];
    assert_fails(&url, both, async |store, lease| remove_child(store, lease).await).await;
    assert_fails(&url, both, async |store, lease| {
        store.remove_expired(expiry(lease)).await.map(|_| ())
    })
    .await;
    assert_fails(&url, both, async |store, lease| {
        store.anonymize_under(Some(lease), &"u".into()).await.map(|_| ())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_cursor_is_not_saved() {
    let url = new_database();
    let [one, other] = two_on(&url).await;
    let lease = one.lease(PURPOSE).await.expect("it is free");
    execute(&url, "UPDATE leases SET expires_at = '-infinity'");
    let taken = other.lease(PURPOSE).await;
    let valid = taken.as_ref().map(Lease::fence).expect("it has expired");
    other.following().save_cursor("f", "here".to_owned(), &valid);
    assert_eq!(other.following().cursor("f").unwrap().saved.as_deref(), Some("here"));
    drop(taken);
    // Nobody has the lease now.
    while !execute(&url, "SELECT name FROM leases WHERE expires_at > now()").is_empty() {}
    one.following().save_cursor("f", "late".to_owned(), &lease.fence());
    assert_eq!(one.following().cursor("f").unwrap().saved.as_deref(), Some("here"));
}
