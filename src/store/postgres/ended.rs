//! The sessions that have ended on any server.
//!
//! Each server reads the rows since the oldest transaction that was open at its previous read, so that
//! it misses none. It may read some twice.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

use super::error::Failure;
use super::inner::Inner;
use super::runtime::Runtime;
use super::sql;
use crate::clock::Clock;
use crate::domain::TokenHash;

const INTERVAL: Duration = Duration::from_millis(250);
/// Rows are kept for longer than this.
const LONGEST_GAP: Duration = Duration::from_mins(10);

#[derive(Default)]
pub(super) struct EndedSessions(Mutex<Option<Seen>>);

/// What the previous read has seen.
struct Seen {
    /// The oldest transaction that was open.
    xid: String,
    /// When the database was started: after a failover it may have other rows.
    started: i64,
    at: Duration,
}

impl EndedSessions {
    /// Waits for sessions that have ended since the previous call; `None` if it is not known which.
    pub(super) async fn next(&self, runtime: &Runtime) -> Option<Vec<TokenHash>> {
        let mut seen = self.0.lock().await;
        loop {
            sleep(INTERVAL).await;
            let at = Clock::system().elapsed();
            // After an error or a cancelled read, it is not known what was missed.
            let before = seen.take().filter(|seen| at.saturating_sub(seen.at) < LONGEST_GAP);
            let xid = before.as_ref().map(|seen| seen.xid.clone());
            match runtime.run(async move |inner| read(&inner, xid, at).await).await {
                Ok((now, ended)) => {
                    let is_known = before.is_some_and(|seen| seen.started == now.started);
                    *seen = Some(now);
                    if !is_known {
                        return None;
                    }
                    if !ended.is_empty() {
                        return Some(ended);
                    }
                }
                Err(failure) => {
                    tracing::debug!(error = %failure.line(), "ended sessions could not be read");
                }
            }
        }
    }
}

async fn read(
    inner: &Inner,
    xid: Option<String>,
    at: Duration,
) -> Result<(Seen, Vec<TokenHash>), Failure> {
    let row = inner.db.row(&sql::ENDED_SESSIONS, &[&xid]).await?;
    let seen = Seen { xid: row.try_get("next")?, started: row.try_get("started")?, at };
    let tokens: Vec<&str> = row.try_get("tokens")?;
    Ok((seen, tokens.into_iter().map(|token| TokenHash(token.into())).collect()))
}
