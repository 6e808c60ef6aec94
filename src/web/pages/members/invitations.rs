//! Creates and revokes invitations.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;

use super::list::{Forms, back, done, show};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::origin::OwnOrigin;
use crate::http::resources::invitations::Offer;
use crate::http::state::AppState;
use crate::service::{NewInvitation, Owner, Service};
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::links::FAMILY;
use crate::web::pages::once::Once;
use crate::web::section::Section;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::Moments;
use crate::web::visit::Visitor;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/family/invitations", post(create).get(back))
        .route("/app/family/invitations/{id}/revoke", post(revoke))
}

async fn create(
    State(service): State<Arc<Service>>,
    OwnOrigin(origin): OwnOrigin,
    Visitor { who: owner, visit }: Visitor<Owner>,
    form: Form,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let NewInvitation { secret, invitation } = match invite(&service, &owner, &form).await {
        Ok(created) => created,
        Err(error) => {
            let invitation = Section::refused(form, error, texts)?;
            let forms = Forms { invitation, ..Forms::default() };
            return show(&service, &owner, &visit, forms, None).await;
        }
    };
    let texts = &texts.members;
    let moments = Moments::of(&owner, &service, visit.language);
    let until = moments.of_moment(invitation.expires_at).full;
    let text = if secret.is_some() { texts.invitation_link } else { texts.invitation_again };
    let page = Once {
        shell: Shell::new(&visit, texts.invitation_title).section(FAMILY),
        text: text.to_owned(),
        secret: secret.map(|secret| format!("{origin}/invitation#{}", secret.reveal())),
        valid_until: Some(fill(texts.valid_until, &[&until])),
        next: FAMILY.to_owned(),
    };
    page.page()
}

async fn invite(service: &Service, owner: &Owner, form: &Form) -> Result<NewInvitation, ApiError> {
    let Offer(offer) = form.read()?;
    Ok(service.invite(owner, form.key()?, offer).await?)
}

async fn revoke(
    State(service): State<Arc<Service>>,
    Visitor { who: owner, .. }: Visitor<Owner>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.revoke_invitation(&owner, id).await?;
    Ok(done("revoked"))
}
