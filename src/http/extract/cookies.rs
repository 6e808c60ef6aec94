//! The cookies of sessions.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::domain::Session;
use crate::http::settings::{CookieName, HttpSettings, Origin};
use crate::service::{Caller, Service, ServiceError, Token};

/// The values of the cookies with that name, in the order of the headers. There can be several: of another service
/// on the same host, or of another path.
pub(crate) fn cookies_named<'a>(
    headers: &'a HeaderMap,
    name: &'a CookieName,
) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    // Bytes, since the cookies of other applications on the same host need not be ASCII.
    let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let values = cookies.filter_map(|cookie| {
        let value = cookie.trim_ascii().strip_prefix(name.as_str().as_bytes())?;
        value.strip_prefix(b"=")
    });
    values.filter_map(|token| str::from_utf8(token).ok())
}

/// Returns the first cookie whose session is live, and the caller whose session it is. `token_of` returns the token in the
/// value of a cookie.
pub(crate) async fn live_cookie<'a>(
    headers: &'a HeaderMap,
    name: &'a CookieName,
    token_of: fn(&str) -> &str,
    service: &Service,
) -> Result<Option<(&'a str, Caller)>, ServiceError> {
    for cookie in cookies_named(headers, name) {
        match service.authenticate(&Token::presented(token_of(cookie))).await {
            Ok(caller) => return Ok(Some((cookie, caller))),
            Err(ServiceError::Unauthenticated) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The header that sets the session cookie. Scripts cannot read the cookie, and forms of other sites do not
/// send it. It lives as long as an unused session.
pub(crate) fn cookie_with(token: &str, settings: &HttpSettings) -> Option<HeaderValue> {
    let lifetime = format!("Max-Age={}", Session::LIFETIME.as_secs());
    set_cookie(&settings.session_cookie, token, &lifetime, settings)
}

/// The header that removes the session cookie. Old browsers support `Expires` only.
pub(crate) fn no_cookie(settings: &HttpSettings) -> Option<HeaderValue> {
    let ended = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    set_cookie(&settings.session_cookie, "", ended, settings)
}

/// The cookie is `Secure` if browsers reach the server over https; otherwise they would discard it.
pub(crate) fn set_cookie(
    name: &CookieName,
    token: &str,
    lifetime: &str,
    settings: &HttpSettings,
) -> Option<HeaderValue> {
    let is_secure = settings.public_origin.as_ref().is_some_and(Origin::is_secure);
    let secure = if is_secure { "; Secure" } else { "" };
    let name = name.as_str();
    let cookie = format!("{name}={token}; HttpOnly; SameSite=Lax; Path=/; {lifetime}{secure}");
    HeaderValue::try_from(cookie).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_are_found_among_other_cookies() {
        let found = |name: &str, values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::COOKIE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let name = CookieName::parse(name, false).unwrap();
            let tokens: Vec<_> = cookies_named(&headers, &name).map(str::to_owned).collect();
            tokens.join(" ")
        };
        assert_eq!(found("session", &["a=b; session=t; c=d"]), "t");
        assert_eq!(found("session", &["a=b", "session=t"]), "t");
        assert_eq!(found("session", &["session=t; session=u", "a=b;session=v"]), "t u v");
        assert_eq!(found("session", &["lang=\u{e9}; session=t"]), "t");
        assert_eq!(found("session", &["session=\u{e9}; session=t"]), "\u{e9} t");
        assert_eq!(found("session", &["xsession=t; sessions=u; Session=v"]), "");
        assert_eq!(found("family", &["session=t; family=u"]), "u");
    }
}
