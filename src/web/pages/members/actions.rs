//! What an owner does to the other adults, and how an adult leaves.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::post;

use super::list::{Forms, back, done, show};
use crate::domain::MemberId;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::cookies::no_cookie;
use crate::http::extract::origin::OwnOrigin;
use crate::http::resources::members::{OwnPassword, RoleChange, Transfer};
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Adult, Owner, ResetLink, SentSessions, Service, ServiceError};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::links::{APP, FAMILY, SIGN_IN};
use crate::web::pages::once::Once;
use crate::web::pages::sign_in::started_at;
use crate::web::section::Section;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::Moments;
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/family/members/{id}/role", post(role))
        .route("/app/family/members/{id}/remove", post(remove))
        .route("/app/family/members/{id}/reset-link", post(reset_link).get(back))
        .route("/app/family/transfer", post(transfer).get(back))
        .route("/app/family/leave", post(leave))
}

async fn role(
    State(service): State<Arc<Service>>,
    Visitor { who: owner, .. }: Visitor<Owner>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let RoleChange(role) = form.read()?;
    service.set_member_role(&owner, id.into(), role).await?;
    Ok(done("changed"))
}

async fn remove(
    State(service): State<Arc<Service>>,
    Visitor { who: owner, .. }: Visitor<Owner>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.remove_member(&owner, id.into()).await?;
    Ok(done("removed"))
}

async fn reset_link(
    State(service): State<Arc<Service>>,
    OwnOrigin(origin): OwnOrigin,
    client: Client,
    Visitor { who: owner, visit }: Visitor<Owner>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let created = match create_link(&service, client, &owner, &id, &form).await {
        Ok(created) => created,
        Err(error) => {
            let reset = (id, Section::refused(form, error, texts)?);
            let forms = Forms { reset, ..Forms::default() };
            return show(&service, &owner, &visit, forms, None).await;
        }
    };
    let texts = &texts.members;
    let until = Moments::of(&owner, &service, visit.language).of_moment(created.expires_at).full;
    let name = name_of(&service, &owner, &id).await?;
    let page = Once {
        shell: Shell::new(&visit, texts.reset_title).section(FAMILY),
        text: fill(texts.reset_link, &[&name]),
        secret: Some(format!("{origin}/reset#{}", created.secret.reveal())),
        valid_until: Some(fill(texts.valid_until, &[&until])),
        next: FAMILY.to_owned(),
    };
    page.page()
}

async fn create_link(
    service: &Arc<Service>,
    client: Client,
    owner: &Owner,
    id: &str,
    form: &Form,
) -> Result<ResetLink, ApiError> {
    let OwnPassword(password) = form.read()?;
    let created =
        service.create_reset_link_of_member(client.address, owner, MemberId::from(id), password);
    Ok(created.await?)
}

async fn name_of(service: &Service, owner: &Owner, id: &str) -> Result<String, ServiceError> {
    let members = service.members(owner).await?;
    let member = members.iter().find(|member| member.id.as_str() == id);
    Ok(member.map(|it| it.first_name.as_str().to_owned()).unwrap_or_default())
}

async fn transfer(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    Visitor { who: owner, visit }: Visitor<Owner>,
    form: Form,
) -> Result<Response, ApiError> {
    if let Err(error) = give_away(&service, client, &owner, &form).await {
        let transfer = Section::refused(form, error, Texts::of(visit.language))?;
        let forms = Forms { transfer, ..Forms::default() };
        return show(&service, &owner, &visit, forms, None).await;
    }
    let mut response = see_other(SIGN_IN);
    response.headers_mut().extend(no_cookie(&settings).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

async fn give_away(
    service: &Arc<Service>,
    client: Client,
    owner: &Owner,
    form: &Form,
) -> Result<(), ApiError> {
    let Transfer { member_id, password } = form.read()?;
    Ok(service.transfer_family(client.address, owner, member_id.into(), password).await?)
}

async fn leave(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    sent: SentSessions,
) -> Result<Response, ApiError> {
    let started = service.leave_family(&adult, sent).await?;
    started_at(&started, APP, &settings)
}
