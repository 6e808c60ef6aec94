//! Removes an account's id and the notes from its events.

use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::error::Failure;
use super::inner::Inner;
use super::sql;
use crate::domain::UserId;
use crate::store::Fence;
use crate::store::json::tracking::without_personal;

/// Replaces the account's id and the notes in all of its events, in batches, and removes the link to its family.
/// Returns the number of events that were changed.
pub(super) async fn anonymize(
    inner: Arc<Inner>,
    user_id: UserId,
    lease: Option<Fence>,
) -> Result<usize, Failure> {
    let lease = lease.as_ref();
    let (mut changed, mut last) = (0, 0_i64);
    loop {
        let found = inner.db.rows(&sql::OWN_EVENTS, &[&user_id.as_str(), &last]).await?;
        let Some(newest) = found.last() else { break };
        let family: i64 = newest.try_get("family_id")?;
        last = newest.try_get("seq")?;
        let seqs = found.iter().map(|row| row.try_get("seq"));
        let seqs = seqs.collect::<Result<Vec<i64>, _>>()?;
        let texts = found.iter().map(|row| Ok(without_personal(row.try_get("json")?)));
        let texts = texts.collect::<Result<Vec<_>, Failure>>()?;
        let values: [&(dyn ToSql + Sync); 3] = [&family, &seqs, &texts];
        changed += inner.rows_under(lease, &sql::ANONYMIZE, &values).await?.len();
    }
    inner.rows_under(lease, &sql::bulk::REMOVE_KEPT, &[&user_id.as_str()]).await?;
    inner.rows_under(lease, &sql::UNLINK, &[&user_id.as_str()]).await?;
    Ok(changed)
}
