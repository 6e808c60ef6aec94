//! Attempts that are counted for all servers together.

use std::time::Duration;

use futures_util::future::join_all;
use goldstar::store::postgres::PostgresStore;
use goldstar::store::{Allowance, Store, UsedUp};

use super::{two, two_on};
use crate::cluster::{execute, new_database};

const DAY: Duration = Duration::from_hours(24);

fn allowance(key: &str, limit: u32) -> Allowance {
    Allowance { key: key.to_owned(), limit, window: DAY }
}

async fn take(store: &PostgresStore, allowances: &[Allowance]) -> Result<(), UsedUp> {
    store.take(allowances.to_vec()).await.unwrap().expect("it counts")
}

#[tokio::test]
async fn an_attempt_counts_for_all_allowances_or_for_none() {
    let [one, other] = two().await;
    let (narrow, wide) = (allowance("narrow", 1), allowance("wide", 2));
    assert_eq!(take(&one, &[narrow.clone(), wide.clone()]).await, Ok(()));
    for _ in 0..3 {
        let refused = take(&other, &[wide.clone(), narrow.clone()]).await.unwrap_err();
        assert_eq!(refused.place, 1);
        assert!(refused.wait > DAY.mul_f32(0.99) && refused.wait <= DAY, "{refused:?}");
    }
    assert_eq!(take(&other, std::slice::from_ref(&wide)).await, Ok(()), "it was not counted");
    let refused = take(&one, &[wide, narrow]).await.unwrap_err();
    assert_eq!(refused.place, 1, "the longer wait");
    assert_eq!(take(&one, &[]).await, Ok(()));
}

#[tokio::test]
async fn simultaneous_attempts_are_all_counted() {
    let servers = two().await;
    let allowances = [allowance("address", 20), allowance("account", 30)];
    let all = join_all((0..64).map(|n| take(&servers[n % 2], &allowances))).await;
    assert_eq!(all.iter().filter(|taken| taken.is_ok()).count(), 20);
}

#[tokio::test]
async fn attempts_become_available_one_by_one_even_if_the_clock_was_set_back() {
    let url = new_database();
    let [one, _] = two_on(&url).await;
    let two_in_a_day = [allowance("account", 2)];
    let is_allowed = async || take(&one, &two_in_a_day).await.is_ok();
    assert!(is_allowed().await && is_allowed().await && !is_allowed().await);
    let pass = |hours: i64| {
        let micros = hours * 3_600_000_000;
        execute(&url, &format!("UPDATE allowances SET full_at = full_at - {micros}"));
    };
    pass(12);
    assert!(is_allowed().await && !is_allowed().await);
    pass(-1000);
    assert!(!is_allowed().await);
    pass(12);
    assert!(is_allowed().await, "it waits for the window at most");
}

#[tokio::test]
async fn the_database_contains_no_address() {
    let url = new_database();
    let [one, _] = two_on(&url).await;
    take(&one, &[allowance("account zoe@example.org", 2)]).await.unwrap();
    let rows = execute(&url, "SELECT id BETWEEN 0 AND 1048575, full_at > 0 FROM allowances");
    assert_eq!(rows, ["t|t"]);
}
