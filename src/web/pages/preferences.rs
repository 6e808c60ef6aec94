//! The colours and the language that a browser has chosen.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::post;

use crate::http::language::PageLanguage;
use crate::http::state::AppState;
use crate::web::form::Form;
use crate::web::links;
use crate::web::visit::{LANGUAGE, THEME, Theme, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/preferences", post(choose))
}

/// Remembers valid choices, and ignores others.
async fn choose(form: Form) -> Response {
    let mut response = see_other(links::next(form.text("next")));
    let theme = form.text("theme").and_then(Theme::find).map(Theme::as_str);
    let language = form.text("language").and_then(PageLanguage::find).map(PageLanguage::tag);
    for (name, value) in [(THEME, theme), (LANGUAGE, language)] {
        let cookie = value.map(|value| {
            format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age=31536000")
        });
        if let Some(Ok(cookie)) = cookie.map(HeaderValue::try_from) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}
