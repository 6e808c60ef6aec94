//! Calendar feeds: addresses under which calendar programs read the schedule of a child. Whoever knows an address needs no
//! session.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::family_records::{Creatable, Updatable};
use super::limits::one_more;
use super::schedules::FeedEvent;
use super::{Caller, Created, Listing, Parent, Service, ServiceError, Token};
use crate::domain::progress::Span;
use crate::domain::{
    CalendarFeed, CalendarFeedId, Child, ChildId, FamilyLimit, IdempotencyKey, Page, RecordKind,
    RuleViolation, Timestamp, TokenHash,
};
use crate::store::{Change, Changes, Scope, Snapshot, Store as _};

/// The days before and after today that a feed shows.
const DAYS_BEFORE: i32 = 30;
const DAYS_AFTER: i32 = 60;

/// A feed that was created, or that of the first request with the same key.
#[derive(Debug)]
pub struct NewFeed {
    pub feed: Arc<CalendarFeed>,
    /// `None` for a repeat: it is not stored and cannot be read again.
    pub secret: Option<Token>,
}

/// What a feed shows.
#[derive(Debug)]
pub struct ServedFeed {
    /// The time of the request.
    pub at: Timestamp,
    /// In the order of their days.
    pub events: Vec<FeedEvent>,
}

impl Updatable for CalendarFeed {
    type Shown = Self;

    fn put(self) -> Change {
        Change::PutFeed(self)
    }

    fn shown(self: Arc<Self>, _: &dyn Snapshot) -> Arc<Self> {
        self
    }
}

impl Creatable for CalendarFeed {
    const KIND: &'static str = "calendar-feed";

    fn id(&self) -> &CalendarFeedId {
        &self.id
    }

    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &CalendarFeedId,
    ) -> Result<Arc<Self>, RuleViolation> {
        let mut feeds = records.feeds_of(&caller.user().id).into_iter();
        feeds.find(|feed| feed.id == *id).ok_or(RuleViolation::NotFound(RecordKind::CalendarFeed))
    }
}

impl Service {
    /// Creates a feed of a child. Fails if the child has [`CalendarFeed::MOST`]. The oldest does not end instead, because
    /// its calendar would be empty without a reason that its user can see.
    pub async fn create_feed(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        child_id: ChildId,
    ) -> Result<NewFeed, ServiceError> {
        let secret = Token::random_for_address();
        let secret_hash = secret.hash();
        let (decider, fields) = (parent.clone(), json!({"child_id": child_id.as_str()}));
        let created = self.create(parent, key, fields, move |records, context| {
            let child = decider.child(records, &child_id)?;
            let feeds = feeds_of_child(records, &child).len();
            one_more(FamilyLimit::CalendarFeeds, CalendarFeed::MOST, feeds)?;
            Ok(CalendarFeed {
                secret_hash: secret_hash.clone(),
                id: context.new_id(),
                user_id: child.user_id.clone(),
                child_id: child.id.clone(),
                created_at: context.now(),
            })
        });
        let Created { record, replayed } = created.await?;
        Ok(NewFeed { feed: record, secret: (!replayed).then_some(secret) })
    }

    /// Returns the feeds of a child, in the order of their creation.
    pub async fn feeds(
        &self,
        parent: &Parent,
        child_id: &ChildId,
        page: Page,
    ) -> Result<Listing<Arc<CalendarFeed>>, ServiceError> {
        let records = self.records_of(parent).await?;
        let child = parent.child(&*records, child_id)?;
        Ok(Listing::of(feeds_of_child(&*records, &child), page))
    }

    /// Deletes a feed of a child. Its address shows nothing any more.
    pub async fn delete_feed(
        &self,
        parent: &Parent,
        child_id: ChildId,
        id: CalendarFeedId,
    ) -> Result<(), ServiceError> {
        let decider = parent.clone();
        let commit = self.transact_as(parent, move |records, _| {
            let child = decider.child(records, &child_id)?;
            let mut feeds = feeds_of_child(records, &child).into_iter();
            let feed = feeds.find(|feed| feed.id == id);
            let feed = feed.ok_or(RuleViolation::NotFound(RecordKind::CalendarFeed))?;
            Ok((Changes::of([Change::RemoveFeed(feed.secret_hash.clone())]), ()))
        });
        commit.await.map(|_| ())
    }

    /// Returns what the feed with that secret shows to a client at `address`.
    ///
    /// Fails in the same way for a secret that is unknown, whose feed was deleted, and whose account is marked for deletion.
    /// Each failure counts as an attempt at a secret, and fails differently after too many. What succeeds does not count:
    /// a calendar service reads the feeds of many families from one address.
    pub async fn serve_feed(
        &self,
        address: IpAddr,
        secret: &Token,
    ) -> Result<ServedFeed, ServiceError> {
        let Some(events) = self.events_of_feed(&secret.hash()).await? else {
            self.attempts.at_secret(&self.store, address).await?;
            return Err(RuleViolation::NotFound(RecordKind::CalendarFeed).into());
        };
        Ok(ServedFeed { at: self.clock.now(), events })
    }

    /// Returns what the feed with that hash of a secret shows; `None` if there is none.
    async fn events_of_feed(
        &self,
        secret_hash: &TokenHash,
    ) -> Result<Option<Vec<FeedEvent>>, ServiceError> {
        let records = self.store.read(Scope::CalendarFeed(secret_hash.clone())).await?;
        let Some(feed) = records.feed(secret_hash) else { return Ok(None) };
        let Some(user) = records.user(&feed.user_id) else { return Ok(None) };
        let today = self.today(&user);
        let span = Span { first: today.plus(-DAYS_BEFORE), last: today.plus(DAYS_AFTER) };
        self.calendar_events(&user.id, &feed.child_id, span).await
    }
}

fn feeds_of_child(records: &dyn Snapshot, child: &Child) -> Vec<Arc<CalendarFeed>> {
    let mut feeds = records.feeds_of(&child.user_id);
    feeds.retain(|feed| feed.child_id == child.id);
    feeds
}

/// The changes that end the feeds of a child.
pub(super) fn removal_of_feeds(records: &dyn Snapshot, child: &Child) -> Vec<Change> {
    let feeds = feeds_of_child(records, child).into_iter();
    feeds.map(|feed| Change::RemoveFeed(feed.secret_hash.clone())).collect()
}
