//! A webhook, and what was delivered to it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

use super::labels::{event, events, outcome, state};
use crate::domain::Page;
use crate::domain::webhooks::{Delivery, DeliveryStatus, Webhook, WebhookId};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::state::AppState;
use crate::service::{Parent, Service, WebhookPatch};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::links::FAMILY;
use crate::web::section::{Confirmed, Section};
use crate::web::texts::{Texts, fill};
use crate::web::views::choices::{Choice, children};
use crate::web::views::moments::{Moment, Moments};
use crate::web::visit::{Visit, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/webhooks/{id}", get(hook).post(update))
}

#[derive(Template)]
#[template(path = "web/pages/hooks/hook.html")]
struct HookPage {
    shell: Shell,
    here: String,
    host: String,
    works: bool,
    state: String,
    is_enabled: bool,
    section: Section,
    events: Vec<Choice>,
    children: Vec<Choice>,
    deliveries: Vec<DeliveryLine>,
    done: Option<&'static str>,
}

struct DeliveryLine {
    number: u64,
    event: &'static str,
    moment: Moment,
    is_delivered: bool,
    state: String,
}

async fn hook(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    Query(confirmed): Query<Confirmed>,
) -> Result<Response, ApiError> {
    let webhook = service.webhook(&parent, &id.into()).await?;
    let texts = &Texts::of(visit.language).hooks;
    let done = confirmed.done().and_then(|done| match done {
        "saved" => Some(texts.saved),
        "sent" => Some(texts.sent),
        _ => None,
    });
    let section = Section::of(filled(&webhook));
    show(&service, &parent, &visit, &webhook, section, done).await
}

/// The form of a webhook as it is.
fn filled(webhook: &Webhook) -> Form {
    let child = webhook.child_id.as_ref().map(|id| id.as_str().to_owned());
    let form = Form::of([
        ("url", webhook.target.as_str().to_owned()),
        ("child_id", child.unwrap_or_default()),
    ]);
    webhook.events.iter().fold(form, |form, event| form.and("events", event.as_str()))
}

async fn show(
    service: &Service,
    parent: &Parent,
    visit: &Visit,
    webhook: &Arc<Webhook>,
    section: Section,
    done: Option<&'static str>,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let children = children(service, parent, &section.form).await?;
    let deliveries = service.webhook_deliveries(parent, &webhook.id, Page::ALL).await?.records;
    let moments = Moments::of(parent, service, visit.language);
    let (works, state) = state(webhook, texts, &moments);
    let status = section.status;
    let shown = page(&HookPage {
        shell: Shell::new(visit, texts.hooks.title).section(FAMILY),
        here: format!("/app/webhooks/{}", webhook.id.as_str()),
        host: webhook.target.host().to_string(),
        works,
        state,
        is_enabled: webhook.disabled.is_none(),
        events: events(&section.form, texts),
        children,
        deliveries: deliveries.iter().map(|it| delivery(it, texts, &moments)).collect(),
        section,
        done,
    })?;
    Ok((status, shown).into_response())
}

fn delivery(delivery: &Arc<Delivery>, texts: &Texts, moments: &Moments) -> DeliveryLine {
    let language = moments.language();
    let status = match delivery.status {
        DeliveryStatus::Delivered => texts.hooks.delivered,
        DeliveryStatus::Retrying => texts.hooks.retrying,
        DeliveryStatus::Failed => texts.hooks.failed,
    };
    let attempts = texts.hooks.attempts.of(i64::from(delivery.attempts), language);
    let took = fill(texts.hooks.milliseconds, &[&delivery.duration.as_millis()]);
    let parts = [status.to_owned(), outcome(delivery.outcome, texts), attempts, took];
    DeliveryLine {
        number: delivery.number,
        event: event(delivery.event, texts),
        moment: moments.of_moment(delivery.attempted_at),
        is_delivered: delivery.status == DeliveryStatus::Delivered,
        state: parts.join(", "),
    }
}

async fn update(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let id = WebhookId::from(id.as_str());
    let webhook = service.webhook(&parent, &id).await?;
    match save(&service, &parent, id, &form).await {
        Ok(()) => Ok(see_other(&format!("/app/webhooks/{}?done=saved", webhook.id.as_str()))),
        Err(error) => {
            let section = Section::refused(form, error, Texts::of(visit.language))?;
            show(&service, &parent, &visit, &webhook, section, None).await
        }
    }
}

async fn save(
    service: &Service,
    parent: &Parent,
    id: WebhookId,
    form: &Form,
) -> Result<(), ApiError> {
    // A form without a chosen type, or with an empty address, changes nothing.
    let events: Vec<&str> = form.all("events").collect();
    let filled = form.clone().with("events", events.into());
    let patch: WebhookPatch = filled.with("url", Value::from(form.value("url"))).read()?;
    service.update_webhook(parent, id, patch).await?;
    Ok(())
}
