//! After the first start on a directory that another program wrote, nothing is deleted for 24 hours.
//!
//! Accounts may have been marked long ago by a service that never deleted any. The operator can see them in
//! the queue and in the output of `goldstar check` before the first one is deleted.

use serde_json::Value;

use super::super::{Service, ServiceError};
use crate::domain::Timestamp;
use crate::domain::deletion::{FIRST_START, Policy};
use crate::store::{Change, Changes, Scope, Store};

/// Returns the earliest time of the first deletion.
pub(super) fn not_before(first_start: Option<&Value>) -> Timestamp {
    match first_start {
        None => Timestamp::EPOCH,
        Some(Value::Null) => Timestamp::MAX,
        Some(value) => {
            let start = value.as_f64().and_then(Timestamp::from_unix_seconds);
            start.map_or(Timestamp::EPOCH, |start| start.after(Policy::FIRST_HOLD))
        }
    }
}

impl Service {
    /// Starts the 24 hours, if this is the first start of a server on the directory. Before this has
    /// succeeded, nothing is deleted.
    pub async fn start_first_hold(&self) -> Result<(), ServiceError> {
        if self.setting(FIRST_START).await? != Some(Value::Null) {
            return Ok(());
        }
        // Like a mark: no account becomes due too early if the clock is set back or trusted later.
        let now = self.read_due_clock().await?.latest;
        let put = move || {
            let value = now.as_unix_seconds().into();
            Change::PutSetting { name: FIRST_START.into(), value }
        };
        self.transact(Scope::Server, move |_, _| Ok((Changes::of([put()]), ()))).await?;
        let accounts = self.store.marked_accounts().await?.len();
        tracing::warn!(
            accounts,
            not_before = %now.after(Policy::FIRST_HOLD),
            "accounts are marked for deletion, and Goldstar serves this directory for the first time: \
             nothing is deleted for 24 hours"
        );
        Ok(())
    }
}
