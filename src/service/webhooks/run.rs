//! Delivers what waits for one webhook.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::super::{Service, ServiceError};
use super::source::Next;
use crate::clock::random;
use crate::domain::webhooks::{
    Attempt, Cursor, Requested, Webhook, WebhookId, retry_after, unix_seconds,
};
use crate::domain::{ChangedKind, Message, Timestamp, UserId};
use crate::followers::webhooks::SignedMessage;
use crate::store::{Change, Changes, Fence, Scope, Store as _};

/// A webhook, and the conditions under which one server delivers to it.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) user_id: UserId,
    pub(super) id: WebhookId,
    pub(super) lease: Fence,
    pub(super) stop: CancellationToken,
}

/// Why a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing is left to deliver, or nothing may be delivered.
    Idle,
    /// Something is left for the end of the back-off.
    Waiting,
}

/// A message to send now. `cursor` is `None` if a parent has asked for it.
struct Due {
    message: Requested,
    body: String,
    cursor: Option<Cursor>,
}

/// What comes next in a run.
enum Step {
    Send(Box<Due>),
    /// To store that cursor.
    Move(Cursor),
    /// To remove the first of the deliveries that a parent has asked for.
    Drop,
    End(End),
}

/// The number of skipped messages after which the cursor is stored.
const SKIPPED: u64 = 100;

impl Service {
    /// Delivers one message after the other until none is left or one fails.
    pub(super) async fn run_endpoint(
        self: Arc<Self>,
        endpoint: Endpoint,
    ) -> Result<End, ServiceError> {
        while !endpoint.stop.is_cancelled() {
            // The family may have changed it meanwhile.
            let Some(webhook) = self.usable_webhook(&endpoint).await? else { break };
            match self.step(&webhook).await? {
                Step::End(end) => return Ok(end),
                Step::Move(cursor) => self.store_cursor(&endpoint, cursor).await?,
                Step::Drop => self.drop_request(&endpoint).await?,
                Step::Send(due) => {
                    if !self.deliver(&endpoint, &webhook, *due).await? {
                        break;
                    }
                }
            }
        }
        Ok(End::Idle)
    }

    /// The webhook as it is now; `None` if it or its account cannot be used any more.
    async fn usable_webhook(
        &self,
        endpoint: &Endpoint,
    ) -> Result<Option<Arc<Webhook>>, ServiceError> {
        let records = self.store.read(Scope::Family(endpoint.user_id.clone())).await?;
        let is_used = records.user(&endpoint.user_id).is_some_and(|user| user.deletion.is_none());
        Ok(records.webhook(&endpoint.id).filter(|_| is_used))
    }

    async fn step(&self, webhook: &Webhook) -> Result<Step, ServiceError> {
        if let Some(requested) = webhook.requested.first() {
            let body = self.body_of(&webhook.user_id, &webhook.id, requested).await?;
            let Some(body) = body else { return Ok(Step::Drop) };
            let due = Due { message: requested.clone(), body, cursor: None };
            return Ok(Step::Send(Box::new(due)));
        }
        if webhook.disabled.is_some() {
            return Ok(Step::End(End::Idle));
        }
        if !webhook.is_due(self.clock.now()) {
            return Ok(Step::End(End::Waiting));
        }
        Ok(match self.next_of(webhook).await? {
            Some(Ok(Next { message, body, cursor })) => {
                Step::Send(Box::new(Due { message, body, cursor: Some(cursor) }))
            }
            Some(Err(passed)) if passed.message >= webhook.cursor.message + SKIPPED => {
                Step::Move(passed)
            }
            Some(Err(_)) => Step::End(End::Idle),
            // After a restore or an import, only what is new is sent.
            None => Step::Move(self.end_of(&webhook.user_id).await?),
        })
    }

    /// Sends a message, and stores the result. Returns whether the run goes on.
    async fn deliver(
        &self,
        endpoint: &Endpoint,
        webhook: &Webhook,
        due: Due,
    ) -> Result<bool, ServiceError> {
        endpoint.lease.check()?;
        let (settings, message_id) = (self.settings(), Arc::clone(&due.message.message_id));
        let (mut started_at, mut started) = (self.clock.now(), self.clock.elapsed());
        let sign = || {
            (started_at, started) = (self.clock.now(), self.clock.elapsed());
            let signatures = webhook.signatures(&message_id, started_at, &due.body);
            let timestamp = unix_seconds(started_at);
            SignedMessage { id: message_id, timestamp, signatures, body: due.body }
        };
        let sending = self.webhooks.sender.send(&webhook.target, &settings.webhook_allow, sign);
        // Without a result, the next run sends the message again, with the same id.
        let Some(answer) = endpoint.stop.run_until_cancelled(sending).await else {
            return Ok(false);
        };
        self.webhooks.metrics.attempted(answer.outcome);
        let now = self.clock.now();
        let asked = answer.retry_after.as_deref();
        let attempt = Attempt {
            target: webhook.target.clone(),
            message: due.message,
            started_at,
            duration: self.clock.elapsed().saturating_sub(started),
            outcome: answer.outcome,
            retry_after: asked.and_then(|value| retry_after(value, now)),
            jitter: u32::from_be_bytes(random()) % 1001,
            next: due.cursor,
        };
        self.store_attempt(endpoint, attempt).await?;
        Ok(true)
    }

    async fn store_attempt(
        &self,
        endpoint: &Endpoint,
        attempt: Attempt,
    ) -> Result<(), ServiceError> {
        self.change_webhook(endpoint, move |webhook, now| {
            let (webhook, delivery) = webhook.after(&attempt, now);
            (webhook, Some(Change::PutDelivery(delivery)))
        })
        .await
    }

    async fn store_cursor(&self, endpoint: &Endpoint, cursor: Cursor) -> Result<(), ServiceError> {
        self.change_webhook(endpoint, move |webhook, _| {
            let webhook = Webhook { cursor: cursor.clone(), current: None, ..webhook.clone() };
            (webhook, None)
        })
        .await
    }

    async fn drop_request(&self, endpoint: &Endpoint) -> Result<(), ServiceError> {
        self.change_webhook(endpoint, move |webhook, _| {
            let requested = webhook.requested.iter().skip(1).cloned().collect();
            (Webhook { requested, ..webhook.clone() }, None)
        })
        .await
    }

    /// Changes a webhook while this server delivers to it. The family gets a message if that disables it.
    async fn change_webhook(
        &self,
        endpoint: &Endpoint,
        change: impl Fn(&Webhook, Timestamp) -> (Webhook, Option<Change>) + Send + Sync + 'static,
    ) -> Result<(), ServiceError> {
        let endpoint = endpoint.clone();
        let commit =
            self.transact(Scope::Family(endpoint.user_id.clone()), move |records, context| {
                let user = records.user(&endpoint.user_id);
                let is_used = user.is_some_and(|user| user.deletion.is_none());
                let webhook = records.webhook(&endpoint.id).filter(|_| is_used);
                let Some(before) = webhook else { return Ok((Changes::none(), ())) };
                let (webhook, more) = change(&before, context.now());
                let is_disabled = before.disabled.is_none() && webhook.disabled.is_some();
                let message = is_disabled.then(|| {
                    let (user_id, id) = (webhook.user_id.clone(), webhook.id.as_str());
                    let kind = ChangedKind::Webhook;
                    Message::records_changed(user_id, kind, id, None, context.now())
                });
                let message = message.map(Change::PutMessage);
                let changes = [Change::PutWebhook(webhook)].into_iter().chain(more).chain(message);
                Ok((Changes::of(changes).under(Some(endpoint.lease.clone())), ()))
            });
        commit.await.map(|_| ())
    }
}
