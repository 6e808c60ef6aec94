//! What there is on the server, for administrators and the operator: nothing of what families write.

use std::sync::Arc;
use std::time::Duration;

use super::sessions::session_id;
use super::{Authority, Service, ServiceError, SessionRole};
use crate::domain::{EventFilter, Page, Session, SortOrder, User};
use crate::store::{Counts, Listing, Store};

const DAY: Duration = Duration::from_hours(24);
/// Only the number is needed.
const NONE: Page = Page { limit: 0, offset: 0 };

/// A session of any account.
#[derive(Debug)]
pub struct ServerSession {
    /// Identifies the session without its secret.
    pub id: String,
    pub user: Arc<User>,
    pub role: SessionRole,
    pub session: Arc<Session>,
}

/// How much there is of everything.
#[derive(Debug)]
pub struct Stats {
    pub counts: Counts,
    /// Including those of children.
    pub sessions: usize,
    pub events: usize,
    /// The events of the last day, of the last week and of the last 30 days.
    pub recent_events: [usize; 3],
}

impl Service {
    /// Returns the sessions of all accounts, the most recently used first.
    pub async fn server_sessions(
        &self,
        _authority: &Authority,
        page: Page,
    ) -> Result<Listing<ServerSession>, ServiceError> {
        let found = self.store.administration().sessions(self.clock.now(), page).await?;
        Ok(found.map(|(user, session)| ServerSession {
            id: session_id(&session.token_hash),
            role: SessionRole::of(&user, &session),
            user,
            session,
        }))
    }

    pub async fn stats(&self, _authority: &Authority) -> Result<Stats, ServiceError> {
        let (now, administration) = (self.clock.now(), self.store.administration());
        let events = async |days: Option<u32>| -> Result<usize, ServiceError> {
            let from = days.map(|days| now.before(DAY * days));
            let filter = EventFilter { from, ..EventFilter::default() };
            Ok(self.store.find_events(&filter, SortOrder::Descending, NONE).await?.total)
        };
        Ok(Stats {
            counts: administration.counts().await?,
            sessions: administration.sessions(now, NONE).await?.total,
            events: events(None).await?,
            recent_events: [
                events(Some(1)).await?,
                events(Some(7)).await?,
                events(Some(30)).await?,
            ],
        })
    }
}
