//! Webhooks: addresses of a family's own programs, which the server sends events and messages to.

mod job;
mod run;
mod source;
mod state;

pub(super) use state::Webhooks;

use std::sync::Arc;

use serde_json::json;

use super::family_records::{Creatable, Updatable};
use super::limits::one_more;
use super::{Caller, Created, Listing, Parent, Service, ServiceError};
use crate::clock::random;
use crate::domain::input::FieldUpdate;
use crate::domain::webhooks::{
    Cursor, Delivery, Disabled, DisabledReason, Requested, Source, Target, Webhook, WebhookEvent,
    WebhookId, WebhookSecret, test_message_id,
};
use crate::domain::{
    Child, ChildId, FamilyLimit, Id, IdempotencyKey, Page, RecordKind, RuleViolation, UserId,
};
use crate::store::{Change, Changes, Context, Snapshot, Store as _};

#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub url: String,
    pub events: Arc<[WebhookEvent]>,
    /// `None` for everything about the family.
    pub child_id: Option<ChildId>,
}

/// A change of a webhook; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct WebhookPatch {
    pub url: Option<String>,
    pub events: Option<Arc<[WebhookEvent]>>,
    pub child_id: FieldUpdate<ChildId>,
    pub enabled: Option<bool>,
}

/// A webhook with a new secret, or that of the first request with the same key.
#[derive(Debug)]
pub struct NewSecret {
    pub webhook: Arc<Webhook>,
    /// `None` for a repeat.
    pub secret: Option<WebhookSecret>,
}

impl Updatable for Webhook {
    type Shown = Self;

    fn put(self) -> Change {
        Change::PutWebhook(self)
    }

    fn shown(self: Arc<Self>, _: &dyn Snapshot) -> Arc<Self> {
        self
    }
}

impl Creatable for Webhook {
    const KIND: &'static str = "webhook";

    fn id(&self) -> &WebhookId {
        &self.id
    }

    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &WebhookId,
    ) -> Result<Arc<Self>, RuleViolation> {
        let webhook = records.webhook(id).filter(|it| it.user_id == caller.user().id);
        webhook.ok_or(RuleViolation::NotFound(RecordKind::Webhook))
    }
}

impl Service {
    /// Creates a webhook that sends what happens from now on. Fails if the family has [`Webhook::MOST`].
    pub async fn create_webhook(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewWebhook,
    ) -> Result<NewSecret, ServiceError> {
        let user_id = parent.user().id.clone();
        let cursor = self.end_of(&user_id).await?;
        let events: Vec<_> = new.events.iter().map(|event| event.as_str()).collect();
        let child_id = new.child_id.as_ref().map(Id::as_str);
        let fields = json!({"url": new.url, "events": events, "child_id": child_id});
        let (allowed, secret) = (self.settings(), WebhookSecret::new(random()));
        let (decider, first_secret) = (parent.clone(), secret.clone());
        let created = self.create(parent, key, fields, move |records, context| {
            let target = Target::parse(&new.url, &allowed.webhook_allow)?;
            let child = new.child_id.as_ref().map(|id| decider.child(records, id)).transpose()?;
            let count = records.webhooks_of(&user_id).len();
            one_more(FamilyLimit::Webhooks, Webhook::MOST, count)?;
            Ok(Webhook {
                id: context.new_id(),
                user_id: user_id.clone(),
                target,
                events: Arc::clone(&new.events),
                child_id: child.map(|child| child.id.clone()),
                secret: first_secret.clone(),
                old_secret: None,
                disabled: None,
                cursor: cursor.clone(),
                failing: None,
                current: None,
                deliveries: 0,
                requested: [].into(),
                created_at: context.now(),
                updated_at: context.now(),
            })
        });
        let Created { record, replayed } = created.await?;
        Ok(NewSecret { webhook: record, secret: (!replayed).then_some(secret) })
    }

    /// Returns the webhooks of the family, in the order of their creation.
    pub async fn webhooks(
        &self,
        parent: &Parent,
        page: Page,
    ) -> Result<Listing<Arc<Webhook>>, ServiceError> {
        let records = self.records_of(parent).await?;
        Ok(Listing::of(records.webhooks_of(&parent.user().id), page))
    }

    pub async fn webhook(
        &self,
        parent: &Parent,
        id: &WebhookId,
    ) -> Result<Arc<Webhook>, ServiceError> {
        Ok(Webhook::find(parent, &*self.records_of(parent).await?, id)?)
    }

    /// Updates a webhook. One that is enabled again continues where it has stopped. If nothing is waiting to be delivered, new
    /// `events` and a new `child_id` apply only to what happens from now on.
    pub async fn update_webhook(
        &self,
        parent: &Parent,
        id: WebhookId,
        patch: WebhookPatch,
    ) -> Result<Arc<Webhook>, ServiceError> {
        let (decider, settings) = (parent.clone(), self.settings());
        let before = self.webhook(parent, &id).await?;
        let is_other = patch.events.is_some() || patch.child_id != FieldUpdate::Keep;
        let end = if is_other { self.end_if_idle(&before).await? } else { None };
        self.update(parent, move |records, context| {
            let webhook = Webhook::clone(&*Webhook::find(&decider, records, &id)?);
            let end = end.clone().filter(|_| webhook.cursor == before.cursor);
            if let FieldUpdate::Set(child) = &patch.child_id {
                decider.child(records, child)?;
            }
            let parse = |url: &String| Target::parse(url, &settings.webhook_allow);
            let target = patch.url.as_ref().map(parse).transpose()?;
            let is_new_start = target.is_some() || patch.enabled == Some(true);
            let disabled = match patch.enabled {
                Some(true) => None,
                Some(false) => webhook
                    .disabled
                    .or(Some(Disabled { reason: DisabledReason::Parent, at: context.now() })),
                None => webhook.disabled,
            };
            Ok(Webhook {
                target: target.unwrap_or(webhook.target),
                events: patch.events.clone().unwrap_or(webhook.events),
                child_id: patch.child_id.clone().apply(webhook.child_id),
                failing: webhook.failing.filter(|_| !is_new_start),
                cursor: end.unwrap_or(webhook.cursor),
                disabled,
                updated_at: context.now(),
                ..webhook
            })
        })
        .await
    }

    /// Deletes a webhook with its deliveries. What is being sent to it ends.
    pub async fn delete_webhook(&self, parent: &Parent, id: WebhookId) -> Result<(), ServiceError> {
        let decider = parent.clone();
        let commit = self.transact_as(parent, move |records, _| {
            let webhook = Webhook::find(&decider, records, &id)?;
            Ok((Changes::of([Change::RemoveWebhook(webhook.id.clone())]), ()))
        });
        commit.await.map(|_| ())
    }

    /// Gives a webhook a new secret. The old one also signs for [`Webhook::ROTATION`].
    pub async fn rotate_webhook_secret(
        &self,
        parent: &Parent,
        id: WebhookId,
    ) -> Result<NewSecret, ServiceError> {
        let (decider, secret) = (parent.clone(), WebhookSecret::new(random()));
        let new = secret.clone();
        let updated = self.update(parent, move |records, context| {
            let webhook = Webhook::clone(&*Webhook::find(&decider, records, &id)?);
            let until = context.now().after(Webhook::ROTATION);
            Ok(Webhook {
                secret: new.clone(),
                old_secret: Some((webhook.secret.clone(), until)),
                updated_at: context.now(),
                ..webhook
            })
        });
        Ok(NewSecret { webhook: updated.await?, secret: Some(secret) })
    }

    /// Returns the last [`Delivery::KEPT`] deliveries of a webhook, the newest first.
    pub async fn webhook_deliveries(
        &self,
        parent: &Parent,
        id: &WebhookId,
        page: Page,
    ) -> Result<Listing<Arc<Delivery>>, ServiceError> {
        let webhook = self.webhook(parent, id).await?;
        let mut deliveries = self.store.deliveries_of(&webhook.user_id).await?;
        deliveries.retain(|delivery| delivery.webhook_id == webhook.id);
        deliveries.sort_by_key(|delivery| std::cmp::Reverse(delivery.number));
        Ok(Listing::of(deliveries, page))
    }

    /// Has a test message sent to a webhook soon, once, even if the webhook is disabled. Returns the id of the message.
    pub async fn test_webhook(
        &self,
        parent: &Parent,
        id: WebhookId,
    ) -> Result<Arc<str>, ServiceError> {
        self.request_delivery(parent, id, |context| Requested {
            source: Source::Test,
            message_id: test_message_id(context.new_id::<Delivery>().as_str()),
            event: WebhookEvent::Test,
            created_at: context.now(),
        })
        .await
    }

    /// Has a message sent again soon, once, with the same id. Returns that id. Fails if the delivery, or the message, is
    /// not kept any more.
    pub async fn resend_delivery(
        &self,
        parent: &Parent,
        id: WebhookId,
        number: &str,
    ) -> Result<Arc<str>, ServiceError> {
        let deliveries = self.webhook_deliveries(parent, &id, Page::ALL).await?.records;
        let mut found = deliveries.into_iter().filter(|it| it.number.to_string() == number);
        let found = found.next().ok_or(RuleViolation::NotFound(RecordKind::Delivery))?;
        let requested = Requested {
            source: found.source.clone(),
            message_id: Arc::clone(&found.message_id),
            event: found.event,
            created_at: found.created_at,
        };
        if self.body_of(&found.user_id, &id, &requested).await?.is_none() {
            return Err(RuleViolation::NotFound(RecordKind::Delivery).into());
        }
        self.request_delivery(parent, id, move |_| requested.clone()).await
    }

    async fn request_delivery(
        &self,
        parent: &Parent,
        id: WebhookId,
        requested: impl Fn(&mut Context) -> Requested + Send + Sync + 'static,
    ) -> Result<Arc<str>, ServiceError> {
        let decider = parent.clone();
        let commit = self.transact_as(parent, move |records, context| {
            let webhook = Webhook::clone(&*Webhook::find(&decider, records, &id)?);
            let count = webhook.requested.len();
            one_more(FamilyLimit::RequestedDeliveries, Webhook::MOST_REQUESTED, count)?;
            let requested = requested(context);
            let message_id = Arc::clone(&requested.message_id);
            let requested = webhook.requested.iter().cloned().chain([requested]).collect();
            let webhook = Webhook { requested, ..webhook };
            Ok((Changes::of([Change::PutWebhook(webhook)]), message_id))
        });
        Ok(commit.await?.value)
    }

    /// The cursor after everything that has happened so far.
    async fn end_of(&self, family: &UserId) -> Result<Cursor, ServiceError> {
        let event = self.store.head(family).await?;
        let message = self.store.last_message(family).await?;
        Ok(Cursor::new(&self.store.epoch(), event, message))
    }

    /// The cursor after everything that has happened so far; `None` if some of it is waiting to be delivered.
    async fn end_if_idle(&self, webhook: &Webhook) -> Result<Option<Cursor>, ServiceError> {
        // Read first: what happens in between is waiting, or is sent later.
        let end = self.end_of(&webhook.user_id).await?;
        let is_waiting = matches!(self.next_of(webhook).await?, Some(Ok(_)));
        Ok((!is_waiting).then_some(end))
    }
}

/// The changes that delete the webhooks about a child.
pub(super) fn removal_of_webhooks(records: &dyn Snapshot, child: &Child) -> Vec<Change> {
    let mut webhooks = records.webhooks_of(&child.user_id);
    webhooks.retain(|webhook| webhook.child_id.as_ref() == Some(&child.id));
    webhooks.iter().map(|webhook| Change::RemoveWebhook(webhook.id.clone())).collect()
}
