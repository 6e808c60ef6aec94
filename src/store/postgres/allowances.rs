//! Attempts that are counted for all servers together.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::error::Failure;
use super::inner::Inner;
use super::sql;
use crate::store::{Allowance, UsedUp};

/// Takes an attempt from each allowance, or from none. The allowances are hashed with `seed`.
pub(super) async fn take(
    inner: &Inner,
    seed: &str,
    allowances: &[Allowance],
) -> Result<Result<(), UsedUp>, Failure> {
    if allowances.is_empty() {
        return Ok(Ok(()));
    }
    let ids: Vec<i32> = allowances.iter().map(|it| id(seed, &it.key)).collect();
    let intervals: Vec<i64> = allowances.iter().map(interval).collect();
    let windows: Vec<i64> =
        allowances.iter().map(|it| interval(it).saturating_mul(it.limit.into())).collect();
    let row = inner.db.row(&sql::TAKE_ALLOWANCES, &[&ids, &intervals, &windows]).await?;
    let place: Option<i32> = row.try_get("place")?;
    let wait: Option<i64> = row.try_get("wait")?;
    Ok(match (place.and_then(|it| usize::try_from(it).ok()), wait) {
        (Some(number), Some(wait)) => {
            let wait = Duration::from_micros(wait.unsigned_abs());
            Err(UsedUp { place: number.saturating_sub(1), wait })
        }
        _ => Ok(()),
    })
}

/// The number of the row that counts a key: 20 bits of its hash. Two keys share a row with a
/// probability of one in a million, and nobody who does not know the seed can provoke that.
fn id(seed: &str, key: &str) -> i32 {
    let hash = Sha256::new().chain_update(seed).chain_update([0]).chain_update(key).finalize();
    i32::from_be_bytes([0, hash[0] & 0x0f, hash[1], hash[2]])
}

/// The part of the window for one attempt, in microseconds.
fn interval(allowance: &Allowance) -> i64 {
    let interval = allowance.window.as_micros() / u128::from(allowance.limit.max(1));
    i64::try_from(interval).unwrap_or(i64::MAX)
}
