//! The webhooks of a family, and a form for another one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::labels::{events, state};
use crate::domain::Page;
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::service::{NewSecret, NewWebhook, Parent, Service};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page};
use crate::web::links::FAMILY;
use crate::web::pages::once::Once;
use crate::web::section::{Confirmed, Section};
use crate::web::texts::Texts;
use crate::web::views::choices::{Choice, children};
use crate::web::views::moments::Moments;
use crate::web::visit::{Visit, Visitor};

pub(super) const HOOKS: &str = "/app/webhooks";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(HOOKS, get(list).post(create))
}

#[derive(Template)]
#[template(path = "web/pages/hooks/list.html")]
struct HooksPage {
    shell: Shell,
    webhooks: Vec<HookLine>,
    section: Section,
    events: Vec<Choice>,
    children: Vec<Choice>,
    done: Option<&'static str>,
    key: String,
}

struct HookLine {
    id: String,
    host: String,
    works: bool,
    state: String,
}

async fn list(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(confirmed): Query<Confirmed>,
) -> Result<Response, ApiError> {
    let done = confirmed.done() == Some("deleted");
    let done = done.then(|| Texts::of(visit.language).hooks.deleted);
    show(&service, &parent, &visit, Section::default(), done).await
}

async fn show(
    service: &Service,
    parent: &Parent,
    visit: &Visit,
    section: Section,
    done: Option<&'static str>,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let children = children(service, parent, &section.form).await?;
    let webhooks = service.webhooks(parent, Page::ALL).await?.records;
    let moments = Moments::of(parent, service, visit.language);
    let status = section.status;
    let line = |webhook: &_| {
        let (works, state) = state(webhook, texts, &moments);
        let (id, host) = (webhook.id.as_str().to_owned(), webhook.target.host().to_string());
        HookLine { id, host, works, state }
    };
    let shown = page(&HooksPage {
        shell: Shell::new(visit, texts.hooks.title).section(FAMILY),
        webhooks: webhooks.iter().map(line).collect(),
        events: events(&section.form, texts),
        children,
        section,
        done,
        key: new_key(),
    })?;
    Ok((status, shown).into_response())
}

async fn create(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    match save(&service, &parent, &form).await {
        Ok(created) => secret(&visit, created).page(),
        Err(error) => {
            let section = Section::refused(form, error, texts)?;
            show(&service, &parent, &visit, section, None).await
        }
    }
}

async fn save(service: &Service, parent: &Parent, form: &Form) -> Result<NewSecret, ApiError> {
    let key = form.key()?;
    // Without a chosen type, the form does not contain the field.
    let events: Vec<&str> = form.all("events").collect();
    let new: NewWebhook = form.clone().with("events", events.into()).read()?;
    Ok(service.create_webhook(parent, key, new).await?)
}

/// The page with a new secret.
pub(super) fn secret(visit: &Visit, created: NewSecret) -> Once {
    let texts = &Texts::of(visit.language).hooks;
    let NewSecret { webhook, secret } = created;
    let text = if secret.is_some() { texts.secret } else { texts.created_again };
    Once {
        shell: Shell::new(visit, texts.secret_title).section(FAMILY),
        text: text.to_owned(),
        secret: secret.map(|secret| secret.reveal().to_owned()),
        valid_until: None,
        next: format!("{HOOKS}/{}", webhook.id.as_str()),
    }
}
