//! The stores that a server can use.

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::json::JsonStore;
use super::memory::MemoryStore;
use super::postgres::PostgresStore;
use super::{
    Administration, Allowance, Commit, CommitError, Context, Decided, DeviceRequests, Erasures,
    EventScan, Expiry, Fence, Following, FoundEvent, FoundEvents, Health, Lease, Listing,
    LogServers, Purpose, ReadError, Scope, Snapshot, Store, StoredEvent, UsedUp,
};
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    AccountFilter, ChildId, Epoch, EventFilter, EventId, Message, Page, Seq, SortOrder, Timestamp,
    TokenHash, User, UserId,
};

/// One of the stores. It exists so that code that uses a store need not be generic.
pub enum AnyStore {
    Json(JsonStore),
    Memory(MemoryStore),
    Postgres(Box<PostgresStore>),
}

impl From<JsonStore> for AnyStore {
    fn from(store: JsonStore) -> Self {
        Self::Json(store)
    }
}

impl From<MemoryStore> for AnyStore {
    fn from(store: MemoryStore) -> Self {
        Self::Memory(store)
    }
}

impl From<PostgresStore> for AnyStore {
    fn from(store: PostgresStore) -> Self {
        Self::Postgres(Box::new(store))
    }
}

impl Store for AnyStore {
    async fn read(&self, scope: Scope) -> Result<Arc<dyn Snapshot>, ReadError> {
        match self {
            Self::Json(store) => store.read(scope).await,
            Self::Memory(store) => store.read(scope).await,
            Self::Postgres(store) => store.read(scope).await,
        }
    }

    async fn transact<T: Send + 'static>(
        &self,
        scope: Scope,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> Result<Commit<T>, CommitError> {
        match self {
            Self::Json(store) => store.transact(scope, decide).await,
            Self::Memory(store) => store.transact(scope, decide).await,
            Self::Postgres(store) => store.transact(scope, decide).await,
        }
    }

    async fn remove_expired(&self, expiry: Expiry) -> Result<Vec<TokenHash>, CommitError> {
        match self {
            Self::Json(store) => store.remove_expired(expiry).await,
            Self::Memory(store) => store.remove_expired(expiry).await,
            Self::Postgres(store) => store.remove_expired(expiry).await,
        }
    }

    async fn take(
        &self,
        allowances: Vec<Allowance>,
    ) -> Result<Option<Result<(), UsedUp>>, ReadError> {
        match self {
            Self::Json(store) => store.take(allowances).await,
            Self::Memory(store) => store.take(allowances).await,
            Self::Postgres(store) => store.take(allowances).await,
        }
    }

    async fn ended_sessions(&self) -> Option<Vec<TokenHash>> {
        match self {
            Self::Json(store) => store.ended_sessions().await,
            Self::Memory(store) => store.ended_sessions().await,
            Self::Postgres(store) => store.ended_sessions().await,
        }
    }

    async fn is_empty(&self) -> Result<bool, ReadError> {
        match self {
            Self::Json(store) => store.is_empty().await,
            Self::Memory(store) => store.is_empty().await,
            Self::Postgres(store) => store.is_empty().await,
        }
    }

    async fn count_accounts(&self) -> Result<usize, ReadError> {
        match self {
            Self::Json(store) => store.count_accounts().await,
            Self::Memory(store) => store.count_accounts().await,
            Self::Postgres(store) => store.count_accounts().await,
        }
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
        page: Page,
    ) -> Result<Listing<Arc<User>>, ReadError> {
        match self {
            Self::Json(store) => store.accounts(filter, page).await,
            Self::Memory(store) => store.accounts(filter, page).await,
            Self::Postgres(store) => store.accounts(filter, page).await,
        }
    }

    async fn due_families(
        &self,
        times: RangeInclusive<Timestamp>,
        limit: usize,
    ) -> Result<Vec<UserId>, ReadError> {
        match self {
            Self::Json(store) => store.due_families(times, limit).await,
            Self::Memory(store) => store.due_families(times, limit).await,
            Self::Postgres(store) => store.due_families(times, limit).await,
        }
    }

    async fn password_hashes(&self) -> Result<Vec<Arc<str>>, ReadError> {
        match self {
            Self::Json(store) => store.password_hashes().await,
            Self::Memory(store) => store.password_hashes().await,
            Self::Postgres(store) => store.password_hashes().await,
        }
    }

    async fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> Result<FoundEvents, ReadError> {
        match self {
            Self::Json(store) => store.find_events(filter, order, page).await,
            Self::Memory(store) => store.find_events(filter, order, page).await,
            Self::Postgres(store) => store.find_events(filter, order, page).await,
        }
    }

    async fn scan_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
    ) -> Result<Box<dyn EventScan>, ReadError> {
        match self {
            Self::Json(store) => store.scan_events(filter, order).await,
            Self::Memory(store) => store.scan_events(filter, order).await,
            Self::Postgres(store) => store.scan_events(filter, order).await,
        }
    }

    async fn find_event(
        &self,
        family: &UserId,
        child: &ChildId,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, ReadError> {
        match self {
            Self::Json(store) => store.find_event(family, child, id).await,
            Self::Memory(store) => store.find_event(family, child, id).await,
            Self::Postgres(store) => store.find_event(family, child, id).await,
        }
    }

    fn epoch(&self) -> Epoch {
        match self {
            Self::Json(store) => store.epoch(),
            Self::Memory(store) => store.epoch(),
            Self::Postgres(store) => store.epoch(),
        }
    }

    async fn head(&self, family: &UserId) -> Result<Seq, ReadError> {
        match self {
            Self::Json(store) => store.head(family).await,
            Self::Memory(store) => store.head(family).await,
            Self::Postgres(store) => store.head(family).await,
        }
    }

    async fn last_message(&self, family: &UserId) -> Result<u64, ReadError> {
        match self {
            Self::Json(store) => store.last_message(family).await,
            Self::Memory(store) => store.last_message(family).await,
            Self::Postgres(store) => store.last_message(family).await,
        }
    }

    async fn messages_of(&self, family: &UserId) -> Result<Vec<Arc<Message>>, ReadError> {
        match self {
            Self::Json(store) => store.messages_of(family).await,
            Self::Memory(store) => store.messages_of(family).await,
            Self::Postgres(store) => store.messages_of(family).await,
        }
    }

    async fn messages_after(
        &self,
        family: &UserId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Arc<Message>)>, ReadError> {
        match self {
            Self::Json(store) => store.messages_after(family, after, limit).await,
            Self::Memory(store) => store.messages_after(family, after, limit).await,
            Self::Postgres(store) => store.messages_after(family, after, limit).await,
        }
    }

    async fn webhooks(&self) -> Result<Vec<Arc<Webhook>>, ReadError> {
        match self {
            Self::Json(store) => store.webhooks().await,
            Self::Memory(store) => store.webhooks().await,
            Self::Postgres(store) => store.webhooks().await,
        }
    }

    async fn deliveries_of(&self, family: &UserId) -> Result<Vec<Arc<Delivery>>, ReadError> {
        match self {
            Self::Json(store) => store.deliveries_of(family).await,
            Self::Memory(store) => store.deliveries_of(family).await,
            Self::Postgres(store) => store.deliveries_of(family).await,
        }
    }

    async fn events_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<FoundEvent>, ReadError> {
        match self {
            Self::Json(store) => store.events_after(family, child, after, limit).await,
            Self::Memory(store) => store.events_after(family, child, after, limit).await,
            Self::Postgres(store) => store.events_after(family, child, after, limit).await,
        }
    }

    async fn count_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<usize, ReadError> {
        match self {
            Self::Json(store) => store.count_after(family, child, after, limit).await,
            Self::Memory(store) => store.count_after(family, child, after, limit).await,
            Self::Postgres(store) => store.count_after(family, child, after, limit).await,
        }
    }

    fn following(&self) -> Arc<dyn Following> {
        match self {
            Self::Json(store) => store.following(),
            Self::Memory(store) => store.following(),
            Self::Postgres(store) => store.following(),
        }
    }

    async fn lease(&self, purpose: Purpose) -> Option<Lease> {
        match self {
            Self::Json(store) => Store::lease(store, purpose).await,
            Self::Memory(store) => Store::lease(store, purpose).await,
            Self::Postgres(store) => store.lease(purpose).await,
        }
    }

    fn log_servers(&self) -> Option<Arc<dyn LogServers>> {
        match self {
            Self::Json(store) => store.log_servers(),
            Self::Memory(store) => store.log_servers(),
            Self::Postgres(store) => store.log_servers(),
        }
    }

    fn device_requests(&self) -> Arc<dyn DeviceRequests> {
        match self {
            Self::Json(store) => store.device_requests(),
            Self::Memory(store) => store.device_requests(),
            Self::Postgres(store) => store.device_requests(),
        }
    }

    fn administration(&self) -> Arc<dyn Administration> {
        match self {
            Self::Json(store) => store.administration(),
            Self::Memory(store) => store.administration(),
            Self::Postgres(store) => store.administration(),
        }
    }

    fn erasures(&self) -> Arc<dyn Erasures> {
        match self {
            Self::Json(store) => store.erasures(),
            Self::Memory(store) => store.erasures(),
            Self::Postgres(store) => store.erasures(),
        }
    }

    fn newest(&self) -> Option<Timestamp> {
        match self {
            Self::Json(store) => store.newest(),
            Self::Memory(store) => store.newest(),
            Self::Postgres(store) => store.newest(),
        }
    }

    fn health(&self) -> Health {
        match self {
            Self::Json(store) => store.health(),
            Self::Memory(store) => store.health(),
            Self::Postgres(store) => store.health(),
        }
    }

    async fn anonymize_under(
        &self,
        lease: Option<&Fence>,
        user_id: &UserId,
    ) -> Result<usize, CommitError> {
        match self {
            Self::Json(store) => store.anonymize_under(lease, user_id).await,
            Self::Memory(store) => store.anonymize_under(lease, user_id).await,
            Self::Postgres(store) => store.anonymize_under(lease, user_id).await,
        }
    }

    async fn purge(&self) -> io::Result<()> {
        match self {
            Self::Json(store) => store.purge().await,
            Self::Memory(store) => store.purge().await,
            Self::Postgres(store) => store.purge().await,
        }
    }

    async fn close(&self) -> io::Result<()> {
        match self {
            Self::Json(store) => store.close().await,
            Self::Memory(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
