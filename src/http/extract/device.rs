//! The cookie of a device: the tokens of its children's sessions, separated by dots. It is not the session cookie, so that a
//! parent's login on the device replaces and ends none of them.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};

use crate::domain::{Device, Session};
use crate::http::extract::cookies::{cookies_named, live_cookie, set_cookie};
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Caller, DeviceTokens, Service, ServiceError, Token};

const SEPARATOR: char = '.';

impl FromRequestParts<AppState> for DeviceTokens {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let name = state.settings().session_cookie.of_devices();
        let cookies = cookies_named(&parts.headers, &name);
        let tokens = cookies.flat_map(|cookie| cookie.split(SEPARATOR)).take(Device::MOST_CHILDREN);
        Ok(Self(tokens.map(Token::presented).collect()))
    }
}

/// Returns the first cookie of a device whose first session is live, and the caller whose session it is. Only the first
/// session of a cookie counts: if it has ended, nobody becomes another child without choosing it.
pub(crate) async fn live_device_cookie(
    headers: &HeaderMap,
    settings: &HttpSettings,
    service: &Service,
) -> Result<Option<(String, Caller)>, ServiceError> {
    let name = settings.session_cookie.of_devices();
    let live = live_cookie(headers, &name, first_token, service).await?;
    Ok(live.map(|(cookie, caller)| (cookie.to_owned(), caller)))
}

fn first_token(cookie: &str) -> &str {
    cookie.split_once(SEPARATOR).map_or(cookie, |(first, _)| first)
}

/// The header that sets the cookie of a device. It lives as long as an unused session of a device.
pub(crate) fn device_cookie(value: &str, settings: &HttpSettings) -> Option<HeaderValue> {
    let lifetime = format!("Max-Age={}", Session::DEVICE_LIFETIME.as_secs());
    set_cookie(&settings.session_cookie.of_devices(), value, &lifetime, settings)
}

/// The value of the cookie with these tokens: that of the current child comes first.
pub(crate) fn joined<'a>(tokens: impl Iterator<Item = &'a Token>) -> String {
    let mut value = String::new();
    for token in tokens.take(Device::MOST_CHILDREN) {
        if !value.is_empty() {
            value.push(SEPARATOR);
        }
        value.push_str(token.reveal());
    }
    value
}
