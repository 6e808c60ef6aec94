//! Exports of events and of accounts. They are read and written in pieces, so that their size does not
//! matter, and contain the events that exist at their start.

mod csv;
mod events;
mod permit;

pub use events::{ExportFormat, ExportedEvents};
pub(super) use permit::Exports;

use std::sync::Arc;

use super::badges::stored_badges;
use super::tokens::tokens;
use super::{Adult, Authority, BadgeState, ChildState, ListedToken, Parent, Service, ServiceError};
use crate::domain::badges::Award;
use crate::domain::calendar::{Day, Period, Zone};
use crate::domain::schedule::Mark;
use crate::domain::webhooks::Delivery;
use crate::domain::{ChildId, EventFilter, Message, SortOrder, UserId};
use crate::store::{FamilyRecords, Store};
use permit::Permit;

/// Which events to export.
#[derive(Clone, Debug)]
pub struct ExportQuery {
    /// Its times are ignored.
    pub filter: EventFilter,
    pub period: Period,
    pub order: SortOrder,
}

/// Everything that is stored about an account.
pub struct AccountExport {
    /// Without API tokens, which can be those of other adults.
    pub records: FamilyRecords,
    /// The account's own API tokens.
    pub tokens: Vec<ListedToken>,
    /// The children of the records.
    pub children: Vec<Arc<ChildState>>,
    /// The zone of a family that has set none.
    pub default_zone: Zone,
    /// The family's own badges and the hidden ones.
    pub badges: Vec<Arc<BadgeState>>,
    /// Of all children.
    pub awards: Vec<Arc<Award>>,
    /// In the order of their days.
    pub marks: Vec<Arc<Mark>>,
    /// Of all webhooks, in no order.
    pub deliveries: Vec<Arc<Delivery>>,
    pub messages: Vec<Arc<Message>>,
    pub events: ExportedEvents,
}

impl Service {
    /// Exports events of all families, including those of deleted children and accounts.
    ///
    /// Fails if the account has an export in progress, as the other exports do. The operator, who has no
    /// account, has no limit.
    pub async fn export_tracking(
        &self,
        authority: &Authority,
        query: ExportQuery,
    ) -> Result<ExportedEvents, ServiceError> {
        let Authority::Administrator(admin) = authority else {
            let (from, to) = query.period.moments(|| self.default_zone());
            let filter = EventFilter { from, to, ..query.filter };
            return self.export_with(None, &filter, query.order).await;
        };
        let filter = self.in_period(query.filter, &query.period, admin.user());
        self.export_for(&admin.user().id, &filter, query.order).await
    }

    /// Exports events of one child. The filter's child and account are ignored. Fails if the caller may
    /// not read the child.
    pub async fn export_tracking_of_child(
        &self,
        parent: &Parent,
        child_id: &ChildId,
        query: ExportQuery,
    ) -> Result<ExportedEvents, ServiceError> {
        let child = parent.child(&*self.records_of(parent).await?, child_id)?;
        let filter = EventFilter {
            child_id: Some(child.id.clone()),
            user_id: Some(child.user_id.clone()),
            ..self.in_period(query.filter, &query.period, parent.user())
        };
        self.export_for(&child.user_id, &filter, query.order).await
    }

    /// Exports everything that is stored about the caller's account, the oldest events first.
    pub async fn export_account(&self, adult: &Adult) -> Result<AccountExport, ServiceError> {
        let family = &adult.account().id;
        let filter = EventFilter::of_family(family, None);
        // Before the events: an event that is recorded meanwhile is then in the export.
        let snapshot = self.store.read(adult.with_account()).await?;
        let mut records = snapshot.family(family);
        records.sessions.retain(|session| session.api_token.is_none());
        let tokens = tokens(&*snapshot, adult, self.clock.now()).collect();
        let children = records.children.iter().cloned();
        let children = children.map(|child| ChildState::of(child, &*snapshot)).collect();
        let badges = stored_badges(&*snapshot, family);
        let mut awards = Vec::new();
        for child in &records.children {
            awards.extend(self.store.awards_of(family, &child.id).await?);
        }
        let marks = self.store.marks_of(family, Day::FIRST).await?;
        let deliveries = self.store.deliveries_of(family).await?;
        let messages = self.store.messages_of(family).await?;
        let events = self.export_for(family, &filter, SortOrder::Ascending).await?;
        let default_zone = self.default_zone();
        Ok(AccountExport {
            records,
            tokens,
            children,
            default_zone,
            badges,
            awards,
            marks,
            deliveries,
            messages,
            events,
        })
    }

    async fn export_for(
        &self,
        account: &UserId,
        filter: &EventFilter,
        order: SortOrder,
    ) -> Result<ExportedEvents, ServiceError> {
        self.export_with(Some(self.exports.acquire(account)?), filter, order).await
    }

    async fn export_with(
        &self,
        permit: Option<Permit>,
        filter: &EventFilter,
        order: SortOrder,
    ) -> Result<ExportedEvents, ServiceError> {
        let scan = self.store.scan_events(filter, order).await?;
        ExportedEvents::start(scan, permit, self.exports.metrics.clone(), self.clock.now()).await
    }
}
