//! What the floor above adds to the JSON API: pages in HTML.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;
use crate::http::server::request_context::{NO_ROUTE, RequestContext};
use crate::http::state::{AppState, ErrorPage};

/// The pages. A server without them has only the JSON API.
pub struct Pages {
    pub(crate) routes: Router<AppState>,
    pub(crate) error: ErrorPage,
}

/// What the addresses of pages start with.
const FIRST_SEGMENTS: [&str; 11] = [
    "app",
    "assets",
    "console",
    "invitation",
    "manifest.webmanifest",
    "pair",
    "preferences",
    "reset",
    "sign-in",
    "sign-out",
    "sign-up",
];

/// Whether a path is that of a page.
pub(crate) fn is_page(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    FIRST_SEGMENTS.contains(&first)
}

/// The headers of a request whose error is shown as a page.
pub(crate) struct WantsPage {
    headers: HeaderMap,
    is_page: bool,
}

impl WantsPage {
    /// `None` if a program has sent the request.
    pub(crate) fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        let is_page = is_page(uri.path());
        let is_visit = *method == Method::GET && accepts_html(headers);
        (is_page || is_visit).then(|| Self { headers: headers.clone(), is_page })
    }

    /// Replaces an error by a page if the address is that of a page, or none that exists.
    pub(crate) async fn show(
        self,
        state: &AppState,
        context: &RequestContext,
        response: Response,
    ) -> Response {
        let is_shown = self.is_page || context.route() == NO_ROUTE;
        let error = response.extensions().get::<Arc<ApiError>>().filter(|_| is_shown).cloned();
        let (Some(error), Some(page)) = (error, state.error_page) else { return response };
        let mut shown = page(state.clone(), self.headers, error).await;
        *shown.status_mut() = response.status();
        for name in [header::RETRY_AFTER, header::CONNECTION, header::ALLOW] {
            if let Some(value) = response.headers().get(&name) {
                shown.headers_mut().insert(name, value.clone());
            }
        }
        shown
    }
}

/// Handles requests without a route: sends a browser that requests `/` to its page, or `/api` to the documentation, and
/// returns an error to everybody else. A route for `/` would return 405 for other methods instead of 404.
pub(crate) async fn start_or_not_found(
    State(state): State<AppState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let is_read = matches!(method, Method::GET | Method::HEAD);
    let target = match uri.path() {
        "/" => "/app",
        // A proxy in front of another front end may forward nothing else.
        "/api" => "/api/docs",
        _ => return Err(ApiError::RouteNotFound),
    };
    if !is_read || state.error_page.is_none() || !accepts_html(&headers) {
        return Err(ApiError::RouteNotFound);
    }
    let to = [(header::LOCATION, target), (header::VARY, "accept")];
    let to = to.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((StatusCode::SEE_OTHER, to).into_response())
}

/// Whether `Accept` names HTML. Browsers do; other clients, which send `*/*` or nothing, get JSON.
fn accepts_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter();
    let mut ranges = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    ranges.any(|range| {
        let essence = range.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("text/html")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_tells_a_page_from_the_api() {
        assert!(is_page("/app") && is_page("/app/children/x") && is_page("/sign-in/"));
        assert!(
            !is_page("/") && !is_page("/apple") && !is_page("/api/app") && !is_page("/children")
        );
    }
}
