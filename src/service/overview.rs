//! What there is on the server, for administrators and the operator: nothing of what families write.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use super::sessions::session_id;
use super::{Authority, Service, ServiceError, SessionRole};
use crate::domain::calendar::{Calendar, Day, DayStart, Zone};
use crate::domain::progress::Span;
use crate::domain::webhooks::Disabled;
use crate::domain::{EventFilter, Page, Session, SortOrder, Timestamp, User, UserId};
use crate::store::{Activity, Counts, DayActivity, Listing, Scope, Store};

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

/// A webhook of any family, for administrators: without its address and its secret.
#[derive(Debug)]
pub struct ServerWebhook {
    pub user_id: UserId,
    /// Its address can contain secrets.
    pub host: String,
    pub disabled: Option<Disabled>,
    pub failing_since: Option<Timestamp>,
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

/// What happened on a number of days in UTC.
#[derive(Debug)]
pub struct ServerActivity {
    pub span: Span,
    /// Each day with its number of deleted accounts.
    pub days: Vec<(Day, DayActivity, u64)>,
    /// The number of accounts with an event on any of these days.
    pub active_accounts: u64,
}

impl Service {
    /// Returns the sessions of all accounts, the most recently used first.
    pub async fn server_sessions(
        &self,
        _authority: &Authority,
        page: Page,
    ) -> Result<Listing<ServerSession>, ServiceError> {
        let found = self.store.administration().sessions(self.clock.now(), page).await?;
        let mut sessions = Vec::with_capacity(found.records.len());
        for (owner, session) in found.records {
            let user = match &session.member {
                Some(id) => self.store.read(Scope::Family(id.clone())).await?.user(id),
                None => Some(owner),
            };
            // The account of a member may be deleted since.
            let Some(user) = user else { continue };
            let id = session_id(&session.token_hash);
            sessions.push(ServerSession {
                id,
                role: SessionRole::of(&user, &session),
                user,
                session,
            });
        }
        Ok(Listing { records: sessions, total: found.total })
    }

    /// Returns what happened on each of these days, in UTC.
    pub async fn activity(
        &self,
        _authority: &Authority,
        span: Span,
    ) -> Result<ServerActivity, ServiceError> {
        let first = Self::utc().start_of(span.first);
        let days = usize::try_from(span.first.days_until(span.last) + 1).unwrap_or_default();
        let Activity { days, active_accounts } =
            self.store.administration().activity(first, days).await?;
        let mut deletions = HashMap::new();
        for erased_at in self.erasures().await?.erased.into_values() {
            *deletions.entry(Self::utc().day_of(erased_at)).or_default() += 1;
        }
        let dates = iter::successors(Some(span.first), |day| Some(day.next()));
        let days = dates
            .zip(days)
            .map(|(day, counts)| (day, counts, deletions.get(&day).copied().unwrap_or_default()));
        Ok(ServerActivity { span, days: days.collect(), active_accounts })
    }

    /// The day of the server in UTC.
    pub fn utc_today(&self) -> Day {
        Self::utc().day_of(self.clock.now())
    }

    fn utc() -> Calendar {
        Calendar::new(Zone::UTC, DayStart::MIDNIGHT)
    }

    /// Returns the webhooks of all families: those that are disabled, then those that fail, then the others.
    pub async fn server_webhooks(
        &self,
        _authority: &Authority,
        page: Page,
    ) -> Result<Listing<ServerWebhook>, ServiceError> {
        let mut webhooks = self.store.webhooks().await?;
        webhooks.sort_by_key(|it| (it.disabled.is_none(), it.failing.is_none(), it.created_at));
        Ok(Listing::of(webhooks, page).map(|webhook| ServerWebhook {
            user_id: webhook.user_id.clone(),
            host: webhook.target.host().to_string(),
            disabled: webhook.disabled,
            failing_since: webhook.failing.map(|failing| failing.since),
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
