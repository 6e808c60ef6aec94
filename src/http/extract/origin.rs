//! The origin under which a client reaches the server.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

use crate::http::settings::Origin;
use crate::http::state::AppState;

/// The origin of the addresses in a response: `public_url`. Without it, that of the page which has sent the request, if it is
/// one of the server's own, or else that of the `Host` header. Empty if the request has no valid one.
pub(crate) struct OwnOrigin(pub(crate) String);

impl FromRequestParts<AppState> for OwnOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let settings = state.settings();
        let origin = of(&parts.headers, settings.public_origin.as_ref(), &settings.allowed_origins);
        Ok(Self(origin.map_or_else(String::new, |origin| origin.as_str().to_owned())))
    }
}

fn of(headers: &HeaderMap, public: Option<&Origin>, allowed: &[Origin]) -> Option<Origin> {
    if let Some(public) = public {
        return Some(public.clone());
    }
    // Only a page knows whether a proxy encrypts the connection.
    let page = of_page(headers);
    let is_own = |page: &Origin| {
        allowed.contains(page) || of_host(headers, page.scheme()).as_ref() == Some(page)
    };
    page.filter(is_own).or_else(|| of_host(headers, "http"))
}

/// The origin of the page that has sent the request; `None` if the browser hides it.
pub(crate) fn of_page(headers: &HeaderMap) -> Option<Origin> {
    Origin::parse(header_text(headers, &header::ORIGIN)?)
}

/// The origin of the `Host` header.
pub(crate) fn of_host(headers: &HeaderMap, scheme: &str) -> Option<Origin> {
    Origin::parse(&format!("{scheme}://{}", header_text(headers, &header::HOST)?))
}

/// The value of a header; `None` if it is not ASCII.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(public: Option<&str>, host: &'static str, page: Option<&'static str>) -> String {
        let public = public.and_then(Origin::parse);
        let allowed = [Origin::parse("https://app.example.org").unwrap()];
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(page) = page {
            headers.insert(header::ORIGIN, page.parse().unwrap());
        }
        let origin = of(&headers, public.as_ref(), &allowed);
        origin.map_or_else(String::new, |origin| origin.as_str().to_owned())
    }

    #[test]
    fn the_setting_then_the_own_page_then_the_host_counts() {
        let public = Some("https://chores.example.org");
        assert_eq!(found(public, "tablet.lan:8080", None), "https://chores.example.org");
        assert_eq!(found(None, "tablet.lan:8080", None), "http://tablet.lan:8080");
        let own = Some("https://tablet.lan");
        assert_eq!(found(None, "tablet.lan", own), "https://tablet.lan");
        let allowed = Some("https://app.example.org");
        assert_eq!(found(None, "tablet.lan", allowed), "https://app.example.org");
        let foreign = Some("https://evil.example.org");
        assert_eq!(found(None, "tablet.lan", foreign), "http://tablet.lan");
        assert_eq!(found(None, "not a host", None), "");
    }
}
