//! The deletion of the own account: what it means, and its confirmation.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::domain::Timestamp;
use crate::http::error::ApiError;
use crate::http::extract::cookies::no_cookie;
use crate::http::resources::credentials::Deletion;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Adult, SentSessions, Service};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::section::Section;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::Moments;
use crate::web::visit::{Visit, Visitor};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/account/delete", get(show).post(submit))
}

#[derive(Template)]
#[template(path = "web/pages/account/deletion.html")]
struct DeletionPage {
    shell: Shell,
    section: Section,
    date: String,
    is_owner: bool,
    /// What happens to the other members.
    members: Option<String>,
}

#[derive(Template)]
#[template(path = "web/pages/account/marked.html")]
struct MarkedPage {
    shell: Shell,
    date: String,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, visit }: Visitor<Adult>,
) -> Result<Response, ApiError> {
    ask(&service, &adult, &visit, Section::default()).await
}

async fn ask(
    service: &Service,
    adult: &Adult,
    visit: &Visit,
    section: Section,
) -> Result<Response, ApiError> {
    let texts = &Texts::of(visit.language).account;
    let moments = Moments::of(adult, service, visit.language);
    let is_owner = adult.user().id == adult.account().id;
    let members = if is_owner { service.members(adult).await? } else { Vec::new() };
    let others = members.iter().filter(|member| member.account_id != adult.account().id);
    let names: Vec<&str> = others.map(|member| member.first_name.as_str()).collect();
    let due_at = service.due_if_marked_now().await?;
    let status = section.status;
    let shown = page(&DeletionPage {
        shell: Shell::new(visit, texts.delete_title),
        section,
        date: fill(texts.delete_date, &[&moments.of_moment(due_at).full]),
        is_owner,
        members: (!names.is_empty()).then(|| fill(texts.delete_members, &[&names.join(", ")])),
    })?;
    Ok((status, shown).into_response())
}

/// The response says until when the account can be restored, since it has no session any more.
async fn submit(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    Visitor { who: adult, visit }: Visitor<Adult>,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let due_at = match mark(&service, client, &adult, sent, &form).await {
        Ok(due_at) => due_at,
        Err(error) => {
            let section = Section::refused(form, error, texts)?;
            return ask(&service, &adult, &visit, section).await;
        }
    };
    let date = Moments::of(&adult, &service, visit.language).of_moment(due_at).full;
    let texts = &texts.account;
    let shell = Shell::new(&Visit { caller: None, ..visit }, texts.marked_title);
    let mut response = page(&MarkedPage { shell, date: fill(texts.marked, &[&date]) })?;
    response.headers_mut().extend(no_cookie(&settings).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

async fn mark(
    service: &Arc<Service>,
    client: Client,
    adult: &Adult,
    sent: SentSessions,
    form: &Form,
) -> Result<Timestamp, ApiError> {
    let Deletion { password, delete_family } = form.read()?;
    let marked = service.mark_for_deletion(client.address, adult, password, delete_family, sent);
    Ok(marked.await?)
}
