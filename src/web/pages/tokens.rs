//! The API tokens of an account.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;

use super::once::Once;
use crate::domain::{Page, TokenScope};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::resources::tokens::TokenRequest;
use crate::http::server::request_context::Client;
use crate::http::state::AppState;
use crate::service::{
    Caller, CreatedToken, ListedToken, Parent, Service, ServiceError, SessionRole,
};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page};
use crate::web::links::FAMILY;
use crate::web::section::{Confirmed, Section};
use crate::web::texts::{Texts, fill};
use crate::web::views::choices::{Choice, children};
use crate::web::views::moments::{Moment, Moments};
use crate::web::visit::{Visit, Visitor, see_other};

const TOKENS: &str = "/app/tokens";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(TOKENS, get(list).post(create))
        .route("/app/tokens/{id}/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "web/pages/tokens.html")]
struct TokensPage {
    shell: Shell,
    tokens: Vec<TokenLine>,
    section: Section,
    scopes: Vec<Choice>,
    children: Vec<Choice>,
    needs_password: bool,
    done: Option<&'static str>,
    key: String,
}

struct TokenLine {
    id: String,
    name: String,
    prefix: String,
    scopes: String,
    created: Moment,
    used: Option<Moment>,
    from: Option<String>,
    ends: Option<Moment>,
}

async fn list(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(confirmed): Query<Confirmed>,
) -> Result<Response, ApiError> {
    let done = confirmed.done() == Some("revoked");
    let done = done.then(|| Texts::of(visit.language).tokens.revoked);
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
    let status = section.status;
    let children = children(service, parent, &section.form).await?;
    let tokens = lines(service, parent, &children, visit).await?;
    let shown = page(&TokensPage {
        shell: Shell::new(visit, texts.tokens.title).section(FAMILY),
        tokens,
        scopes: scopes(parent, &section.form, texts),
        children,
        needs_password: service.needs_password(parent),
        section,
        done,
        key: new_key(),
    })?;
    Ok((status, shown).into_response())
}

fn scope_name(scope: TokenScope, texts: &Texts) -> &'static str {
    let texts = &texts.tokens;
    match scope {
        TokenScope::Read => texts.read,
        TokenScope::Activate => texts.activate,
        TokenScope::Requests => texts.requests,
        TokenScope::Manage => texts.manage,
        TokenScope::AdminRead => texts.admin_read,
        TokenScope::AdminWrite => texts.admin_write,
    }
}

/// The scopes that a token of the caller can have.
fn scopes(parent: &Parent, form: &Form, texts: &Texts) -> Vec<Choice> {
    let is_admin = *parent.role() == SessionRole::Admin;
    let open = TokenScope::ALL.into_iter().filter(|scope| is_admin || !scope.is_administrative());
    let choice = |scope: TokenScope| Choice {
        value: scope.as_str().to_owned(),
        label: scope_name(scope, texts).to_owned(),
        is_chosen: form.has("scopes", scope.as_str()),
    };
    open.map(choice).collect()
}

async fn lines(
    service: &Service,
    parent: &Parent,
    children: &[Choice],
    visit: &Visit,
) -> Result<Vec<TokenLine>, ServiceError> {
    let texts = Texts::of(visit.language);
    let adult = Caller::clone(parent).into_adult()?;
    let tokens = service.tokens(&adult, Page::ALL).await?.records;
    let moments = Moments::of(parent, service, visit.language);
    let line = |listed: ListedToken| {
        let ListedToken { id, token, child_id, created_at, last_used_at, expires_at } = listed;
        let child =
            children.iter().find(|it| child_id.as_ref().is_some_and(|id| id.as_str() == it.value));
        let only = child.map(|child| fill(texts.tokens.only, &[&child.label]));
        let scopes = token.scopes.iter().map(|scope| scope_name(*scope, texts).to_owned());
        let moment = |at| moments.of_moment(at);
        TokenLine {
            id,
            name: token.name.as_str().to_owned(),
            prefix: token.prefix.to_string(),
            scopes: scopes.chain(only).collect::<Vec<_>>().join("; "),
            created: moment(created_at),
            used: last_used_at.map(moment),
            from: token.last_address.as_ref().map(|from| fill(texts.tokens.from, &[from])),
            ends: expires_at.map(moment),
        }
    };
    Ok(tokens.into_iter().map(line).collect())
}

async fn create(
    State(service): State<Arc<Service>>,
    client: Client,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let CreatedToken { secret, .. } = match save(&service, client, &parent, &form).await {
        Ok(created) => created,
        Err(error) => {
            let section = Section::refused(form, error, texts)?;
            return show(&service, &parent, &visit, section, None).await;
        }
    };
    let text = if secret.is_some() { texts.tokens.secret } else { texts.tokens.created_again };
    let page = Once {
        shell: Shell::new(&visit, texts.tokens.secret_title).section(FAMILY),
        text: text.to_owned(),
        secret: secret.map(|secret| secret.reveal().to_owned()),
        valid_until: None,
        next: TOKENS.to_owned(),
    };
    page.page()
}

async fn save(
    service: &Service,
    client: Client,
    parent: &Parent,
    form: &Form,
) -> Result<CreatedToken, ApiError> {
    let key = form.key()?;
    // Without a chosen scope, the form does not contain the field. A token ends at the start of a day.
    let scopes: Vec<&str> = form.all("scopes").collect();
    let day = form.value("expires_at");
    let end = if day.is_empty() { Value::Null } else { format!("{day}T00:00:00Z").into() };
    let filled = form.clone().with("scopes", scopes.into()).with("expires_at", end);
    let TokenRequest { new, password } = filled.read()?;
    let password = password.filter(|password| !password.is_empty());
    Ok(service.create_token(client.address, parent, key, new, password).await?)
}

async fn revoke(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.revoke_token(&Caller::clone(&parent).into_adult()?, id).await?;
    Ok(see_other("/app/tokens?done=revoked"))
}
