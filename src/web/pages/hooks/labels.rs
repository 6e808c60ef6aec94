//! What a webhook sends, and how it is, in words.

use std::sync::Arc;

use crate::domain::webhooks::{DisabledReason, Outcome, SendError, Webhook, WebhookEvent};
use crate::web::form::Form;
use crate::web::texts::{Texts, fill};
use crate::web::views::choices::Choice;
use crate::web::views::moments::Moments;

pub(super) fn event(event: WebhookEvent, texts: &Texts) -> &'static str {
    let texts = &texts.hooks;
    match event {
        WebhookEvent::TrackingEventCreated => texts.event_tracking,
        WebhookEvent::RequestEnded => texts.event_request,
        WebhookEvent::BadgeAwarded => texts.event_badge,
        WebhookEvent::BadgeRevoked => texts.event_badge_revoked,
        WebhookEvent::RankChanged => texts.event_rank,
        WebhookEvent::TaskDue => texts.event_due,
        WebhookEvent::TaskLate => texts.event_late,
        WebhookEvent::TaskMissed => texts.event_missed,
        WebhookEvent::TaskDone => texts.event_done,
        WebhookEvent::TasksSummary => texts.event_summary,
        WebhookEvent::RecordsChanged => texts.event_records,
        WebhookEvent::Test => texts.event_test,
    }
}

/// What a webhook can send; chosen is what the form contains.
pub(super) fn events(form: &Form, texts: &Texts) -> Vec<Choice> {
    let choice = |it: WebhookEvent| Choice {
        value: it.as_str().to_owned(),
        label: event(it, texts).to_owned(),
        is_chosen: form.has("events", it.as_str()),
    };
    WebhookEvent::ALL.into_iter().map(choice).collect()
}

/// Whether it works, and else why not.
pub(super) fn state(webhook: &Arc<Webhook>, texts: &Texts, moments: &Moments) -> (bool, String) {
    let texts = &texts.hooks;
    let state = match (&webhook.disabled, &webhook.failing) {
        (Some(disabled), _) => match disabled.reason {
            DisabledReason::Parent => texts.off.to_owned(),
            DisabledReason::Gone => texts.off_gone.to_owned(),
            DisabledReason::Failing => texts.off_failing.to_owned(),
        },
        (None, Some(failing)) => {
            fill(texts.failing, &[&moments.of_moment(failing.next_attempt_at).full])
        }
        (None, None) => texts.works.to_owned(),
    };
    (webhook.disabled.is_none() && webhook.failing.is_none(), state)
}

pub(super) fn outcome(outcome: Outcome, texts: &Texts) -> String {
    let texts = &texts.hooks;
    let error = match outcome {
        Outcome::Status(status) => return fill(texts.answer, &[&status]),
        Outcome::Error(error) => error,
    };
    let text = match error {
        SendError::Forbidden => texts.error_forbidden,
        SendError::Unresolved => texts.error_unresolved,
        SendError::Unreachable => texts.error_unreachable,
        SendError::Tls => texts.error_tls,
        SendError::Protocol => texts.error_protocol,
        SendError::Timeout => texts.error_timeout,
    };
    text.to_owned()
}
