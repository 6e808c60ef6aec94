//! Queries of the audit history.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use super::{Authority, Caller, Parent, Service, ServiceError};
use crate::domain::calendar::Period;
use crate::domain::{ChildId, EventFilter, EventId, Member, Page, SortOrder, User, UserId};
use crate::store::{FoundEvents, Scope, Store, StoredEvent};

#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Its times are ignored.
    pub filter: EventFilter,
    pub period: Period,
    pub order: SortOrder,
    pub page: Page,
}

impl Service {
    /// Returns events of all families, including those of deleted children and accounts.
    pub async fn tracking(
        &self,
        authority: &Authority,
        query: EventQuery,
    ) -> Result<FoundEvents, ServiceError> {
        let filter = match authority {
            Authority::Administrator(admin) => {
                self.in_period(query.filter, &query.period, admin.user())
            }
            Authority::Operator => {
                let (from, to) = query.period.moments(|| self.default_zone());
                EventFilter { from, to, ..query.filter }
            }
        };
        let page = self.store.find_events(&filter, query.order, query.page);
        Ok(page.await?)
    }

    /// Returns the adults whom these events name. Members who have left their family are not among them.
    pub async fn members_named(
        &self,
        NamedMembers(named): NamedMembers,
    ) -> Result<Vec<Arc<Member>>, ServiceError> {
        let mut members = Vec::new();
        for (family, ids) in named {
            let records = self.store.read(Scope::Family(family.clone())).await?;
            let all = records.members_of(&family).into_iter();
            members.extend(all.filter(|member| ids.contains(member.id.as_str())));
        }
        Ok(members)
    }

    /// Returns events of the caller's family, including those of deleted children. The filter's account is
    /// ignored.
    pub async fn tracking_of_family(
        &self,
        parent: &Parent,
        query: EventQuery,
    ) -> Result<FoundEvents, ServiceError> {
        let filter = self.in_period(query.filter, &query.period, parent.user());
        let filter = EventFilter { user_id: Some(parent.user().id.clone()), ..filter };
        let page = self.store.find_events(&filter, query.order, query.page);
        Ok(page.await?)
    }

    /// Returns an event of a child; `None` if the child has no such event. Fails if the caller may not read the child.
    pub async fn event_of_child(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        event_id: &EventId,
    ) -> Result<Option<StoredEvent>, ServiceError> {
        let child = caller.child(&*self.records_of(caller).await?, child_id)?;
        Ok(self.store.find_event(&child.user_id, &child.id, event_id).await?)
    }

    /// Returns events of one child. The filter's child and account are ignored. Fails if the caller may not
    /// read the child.
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
            ..self.in_period(query.filter, &query.period, caller.user())
        };
        let page = self.store.find_events(&filter, query.order, query.page);
        Ok(page.await?)
    }

    /// The filter with the times of a period, in the zone that it names or that of the user's family.
    pub(super) fn in_period(
        &self,
        filter: EventFilter,
        period: &Period,
        user: &User,
    ) -> EventFilter {
        let (from, to) = period.moments(|| user.zone(&self.settings().time_zone));
        EventFilter { from, to, ..filter }
    }
}

/// The members whom events name, by family.
#[derive(Default)]
pub struct NamedMembers(HashMap<UserId, HashSet<String>>);

impl NamedMembers {
    /// Adds the member who has caused the event. An event of a child or of a family with one adult names none, nor does one
    /// of a deleted account.
    pub fn add(&mut self, event: &str) {
        #[derive(Deserialize)]
        struct Event {
            user_id: String,
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            actor_id: String,
        }
        // Most events name nobody, and are not parsed.
        if event.contains("\"actor_id\"")
            && let Ok(Event { user_id, metadata }) = serde_json::from_str(event)
        {
            self.0.entry(user_id.as_str().into()).or_default().insert(metadata.actor_id);
        }
    }
}
