//! An error as a page.

use std::sync::Arc;

use askama::Template;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::layout::{Shell, page_with};
use super::texts::Texts;
use super::visit::Visit;
use crate::http::error::ApiError;
use crate::http::state::AppState;

#[derive(Template)]
#[template(path = "web/errors.html")]
struct ErrorPage {
    shell: Shell,
    text: &'static str,
}

/// Shows what to do next, in the language of the visitor.
pub(super) async fn page(state: AppState, headers: HeaderMap, error: Arc<ApiError>) -> Response {
    // Without a session if the store cannot be reached.
    let visit = Visit::of(&headers, "/app", &state).await;
    let visit = visit.unwrap_or_else(|_| Visit::anonymous(&headers, "/app"));
    let texts = &Texts::of(visit.language).errors;
    let shell = Shell::new(&visit, texts.title);
    let page = ErrorPage { shell, text: texts.text(error.code()) };
    page_with(error.code().status(), &page).unwrap_or_else(IntoResponse::into_response)
}
