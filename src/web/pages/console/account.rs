//! An account of the server, and what an administrator does to it.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::gate::Console;
use crate::domain::{Role, UserId};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::origin::OwnOrigin;
use crate::http::server::request_context::Client;
use crate::http::state::AppState;
use crate::service::{AccountDetails, Service};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::links::account_page;
use crate::web::pages::once::Once;
use crate::web::section::{Confirmed, Section};
use crate::web::texts::fill;
use crate::web::views::moments::{Moment, Moments};

const ACCOUNTS: &str = "/console/accounts";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/console/accounts/{id}", get(account).post(act))
        .route("/console/accounts/{id}/reset-link", post(reset_link).get(back))
}

#[derive(Template)]
#[template(path = "web/pages/console/account.html")]
struct AccountPage {
    shell: Shell,
    section: Section,
    done: Option<&'static str>,
    here: String,
    id: String,
    /// The id in an address.
    encoded_id: String,
    name: String,
    email: String,
    is_admin: bool,
    is_marked: bool,
    /// When it will be deleted.
    deletion: Option<String>,
    created: Option<Moment>,
    sessions: usize,
    last_used: Option<Moment>,
    needs_password: bool,
}

async fn account(
    State(service): State<Arc<Service>>,
    console: Console,
    Path(id): Path<String>,
    Query(confirmed): Query<Confirmed>,
) -> Result<Response, ApiError> {
    show(&service, &console, id, Section::default(), confirmed.done()).await
}

async fn show(
    service: &Service,
    console: &Console,
    id: String,
    section: Section,
    done: Option<&str>,
) -> Result<Response, ApiError> {
    let texts = &console.texts().console_accounts;
    let found = service.account(&console.authority, UserId::from(id.as_str())).await?;
    let AccountDetails { account, sessions, last_used_at } = found;
    let moments = Moments::of(&console.admin, service, console.visit.language);
    let user = &account.user;
    let due = account.due_at.map(|at| fill(texts.due, &[&moments.of_moment(at).full]));
    let here = account_page(&id);
    let done = done.and_then(|done| match done {
        "end-sessions" => Some(texts.done_sessions),
        "promote" => Some(texts.done_promoted),
        "demote" => Some(texts.done_demoted),
        "mark" => Some(texts.done_marked),
        "unmark" => Some(texts.done_unmarked),
        _ => None,
    });
    let name = format!("{} {}", user.first_name.as_str(), user.last_name.as_str());
    let page = AccountPage {
        shell: console.shell(name.clone(), ACCOUNTS),
        done,
        encoded_id: url::form_urlencoded::byte_serialize(id.as_bytes()).collect(),
        here,
        id,
        name,
        email: user.email.as_str().to_owned(),
        is_admin: user.role == Role::Admin,
        is_marked: account.status.is_some(),
        deletion: account.status.map(|_| due.unwrap_or_else(|| texts.unreadable.to_owned())),
        created: user.created_at.map(|at| moments.of_moment(at)),
        sessions,
        last_used: last_used_at.map(|at| moments.of_moment(at)),
        needs_password: service.needs_password(&console.admin),
        section,
    };
    console.page(page.section.status, &page)
}

async fn back(console: Console, Path(id): Path<String>) -> Response {
    console.see_other(&account_page(&id))
}

/// Does what the button names.
async fn act(
    State(service): State<Arc<Service>>,
    console: Console,
    client: Client,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    match change(&service, &console, client, &id, &form).await {
        Ok(next) => Ok(console.see_other(&next)),
        Err(error) if error.code().status() == StatusCode::NOT_FOUND => Err(error),
        Err(error) => {
            let section = Section::refused(form, error, console.texts())?;
            show(&service, &console, id, section, None).await
        }
    }
}

/// Returns the page to continue at.
async fn change(
    service: &Arc<Service>,
    console: &Console,
    client: Client,
    id: &str,
    form: &Form,
) -> Result<String, ApiError> {
    let (authority, user_id, action) = (&console.authority, UserId::from(id), form.value("do"));
    if matches!(action, "promote" | "delete") {
        console.confirm(service, client, form).await?;
    }
    match action {
        "end-sessions" => service.end_sessions_of_account(authority, user_id).await?,
        "promote" => drop(service.set_role(authority, user_id, Role::Admin).await?),
        "demote" => drop(service.set_role(authority, user_id, Role::Parent).await?),
        "mark" => drop(service.mark_account(authority, user_id).await?),
        "unmark" => service.unmark(authority, user_id).await?,
        "delete" => {
            let attempted = service.delete_account(authority, user_id).await?;
            return Ok(format!("/console/deletions?done={}", attempted.outcome.as_str()));
        }
        _ => return Err(ApiError::RouteNotFound),
    }
    Ok(format!("{}?done={action}", account_page(id)))
}

async fn reset_link(
    State(service): State<Arc<Service>>,
    OwnOrigin(origin): OwnOrigin,
    console: Console,
    client: Client,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let (all, user_id) = (console.texts(), UserId::from(id.as_str()));
    let account = service.account(&console.authority, user_id.clone()).await?.account;
    if let Err(error) = console.confirm(&service, client, &form).await {
        let section = Section::refused(form, error, all)?;
        return show(&service, &console, id, section, None).await;
    }
    let created = service.create_reset_link(&console.authority, user_id).await?;
    let moments = Moments::of(&console.admin, &service, console.visit.language);
    let until = moments.of_moment(created.expires_at).full;
    let page = Once {
        shell: console.shell(all.members.reset_title, ACCOUNTS),
        text: fill(all.members.reset_link, &[&account.user.first_name.as_str()]),
        secret: Some(format!("{origin}/reset#{}", created.secret.reveal())),
        valid_until: Some(fill(all.members.valid_until, &[&until])),
        next: account_page(&id),
    };
    Ok(console.answer(page.page()?))
}
