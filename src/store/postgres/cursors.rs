//! The cursors of followers.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::error::Failure;
use super::inner::Inner;
use super::sql;
use crate::store::Fence;

/// The cursors of followers that are not in the database yet, by the tokens of their leases.
#[derive(Default)]
pub(super) struct Cursors {
    unsaved: Mutex<BTreeMap<(String, i64), (String, Fence)>>,
    /// Held while cursors are saved, so that an older one never replaces a newer one.
    saving: tokio::sync::Mutex<()>,
}

impl Cursors {
    /// Replaces a follower's cursor with the next [`Self::save`].
    pub(super) fn put(&self, follower: &str, cursor: String, lease: &Fence) {
        let token = lease.identity().map_or(0, |(_, token)| token);
        self.unsaved.lock().insert((follower.to_owned(), token), (cursor, lease.clone()));
    }

    pub(super) async fn read(
        &self,
        inner: &Inner,
        follower: &str,
    ) -> Result<Option<String>, Failure> {
        // Saved first, since a holder of another lease reads what is in the database.
        self.save(inner).await;
        let found = inner.db.rows(&sql::CURSOR, &[&follower]).await?;
        Ok(found.first().map(|row| row.try_get("cursor")).transpose()?)
    }

    /// Writes the cursors. One that cannot be written is written with the next one, unless its lease
    /// is lost.
    pub(super) async fn save(&self, inner: &Inner) {
        let _turn = self.saving.lock().await;
        let unsaved = self.unsaved.lock().clone();
        for (key, (cursor, lease)) in unsaved {
            let follower = &key.0;
            match inner.rows_under(Some(&lease), &sql::PUT_CURSOR, &[follower, &cursor]).await {
                Ok(_) | Err(Failure::LeaseLost) => {}
                Err(failure) => {
                    tracing::warn!(error = %failure.line(), %follower, "a cursor could not be saved");
                    continue;
                }
            }
            let mut unsaved = self.unsaved.lock();
            if unsaved.get(&key).is_some_and(|(newest, _)| *newest == cursor) {
                unsaved.remove(&key);
            }
        }
    }
}
