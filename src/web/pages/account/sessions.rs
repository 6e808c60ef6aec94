//! Ends the sessions of the own account.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::post;

use super::sections::done;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::cookies::no_cookie;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Adult, SentSessions, Service};
use crate::web::links::SIGN_IN;
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/account/sessions/{id}/end", post(end))
        .route("/app/account/sessions/end-all", post(end_all))
}

async fn end(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.end_session(&adult, id).await?;
    Ok(done("session"))
}

async fn end_all(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    sent: SentSessions,
) -> Result<Response, ApiError> {
    service.end_all_sessions(&adult, sent).await?;
    let mut response = see_other(SIGN_IN);
    response.headers_mut().extend(no_cookie(&settings).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}
