//! Questions to the audit history.

use super::{Admin, Caller, Parent, Service, ServiceError};
use crate::domain::{ChildId, EventFilter, Page, SortOrder};
use crate::store::{FoundEvents, Store};

/// A question to the audit history.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Which events.
    pub filter: EventFilter,
    /// In which order.
    pub order: SortOrder,
    /// Which of them.
    pub page: Page,
}

impl Service {
    /// Events of every family, of deleted children and accounts too.
    pub async fn tracking(
        &self,
        _admin: &Admin,
        query: &EventQuery,
    ) -> Result<FoundEvents, ServiceError> {
        let page = self.store.find_events(&query.filter, query.order, query.page);
        Ok(page.await?)
    }

    /// The events of the caller's family, those of deleted children too; whatever account the filter
    /// names, it is the caller's.
    pub async fn tracking_of_family(
        &self,
        parent: &Parent,
        query: EventQuery,
    ) -> Result<FoundEvents, ServiceError> {
        let filter = EventFilter { user_id: Some(parent.user().id.clone()), ..query.filter };
        let page = self.store.find_events(&filter, query.order, query.page);
        Ok(page.await?)
    }

    /// One child's events. Refuses a child that the caller may not see; whatever child or account
    /// the filter names, it is this one.
    pub async fn tracking_of_child(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        query: EventQuery,
    ) -> Result<FoundEvents, ServiceError> {
        let child = caller.child(&*self.records_of(caller).await?, child_id)?;
        let filter = EventFilter {
            child_id: Some(child.id.clone()),
            user_id: Some(child.user_id.clone()),
            ..query.filter
        };
        let page = self.store.find_events(&filter, query.order, query.page);
        Ok(page.await?)
    }
}
