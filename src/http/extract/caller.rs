//! Extractors of the caller, the ids in the path, and the idempotency key.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{self, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use crate::domain::{IdempotencyKey, Invalid};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::cookies::{cookies_named, live_cookie};
use crate::http::extract::device::live_device_cookie;
use crate::http::extract::token_scopes;
use crate::http::openapi::{ErrorCodes, schemas};
use crate::http::server::request_context::RequestContext;
use crate::http::settings::{Monitoring, Secret};
use crate::http::state::AppState;
use crate::service::{
    Admin, Adult, Authority, Caller, Owner, Parent, SentSessions, ServiceError, Token,
};

/// The ids in a request's path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = extract::Path::from_request_parts(parts, state).await;
        // No id contains invalid UTF-8.
        let extract::Path(ids) = path.map_err(|_| ApiError::RouteNotFound)?;
        Ok(Self(ids))
    }
}

impl<T> ErrorCodes for Path<T> {
    const CODES: &'static [ErrorCode] = &[ErrorCode::NotFound];
}

impl ErrorCodes for Caller {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::Unauthenticated, ErrorCode::ScopeRequired, ErrorCode::SessionRequired];
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let context = RequestContext::from_request_parts(parts, state).await?;
        let caller = caller_of(&parts.headers, context.client.address, state).await?;
        token_scopes::check(&caller, &parts.method, context.route())?;
        if caller.is_helper() && !is_open_to_helpers(&parts.method, context.route()) {
            return Err(ServiceError::ParentRequired.into());
        }
        if !parts.method.is_safe() && !is_of_session(context.route()) {
            state.service.count_change(&caller, context.client.address)?;
        }
        Ok(caller)
    }
}

/// A Bearer token takes precedence. Otherwise the first cookie of a live session counts, and then that of a device. API
/// tokens count only as Bearer tokens.
async fn caller_of(
    headers: &HeaderMap,
    address: IpAddr,
    state: &AppState,
) -> Result<Caller, ServiceError> {
    if let Some(token) = bearer_token(headers) {
        return state.service.authenticate_bearer(token, address).await;
    }
    cookie_caller(headers, state).await
}

/// The caller of the first cookie of a live session, else that of a device.
pub(crate) async fn cookie_caller(
    headers: &HeaderMap,
    state: &AppState,
) -> Result<Caller, ServiceError> {
    let settings = state.settings();
    let live = live_cookie(headers, &settings.session_cookie, |token| token, &state.service);
    if let Some((_, caller)) = live.await? {
        return Ok(caller);
    }
    let live = live_device_cookie(headers, &settings, &state.service).await?;
    live.map(|(_, caller)| caller).ok_or(ServiceError::Unauthenticated)
}

impl FromRequestParts<AppState> for SentSessions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let settings = state.settings();
        let cookies = cookies_named(&parts.headers, &settings.session_cookie);
        Ok(cookies.map(Token::presented).collect())
    }
}

impl ErrorCodes for Parent {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::Unauthenticated,
        ErrorCode::ParentRequired,
        ErrorCode::ScopeRequired,
        ErrorCode::SessionRequired,
    ];
}

impl FromRequestParts<AppState> for Parent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(caller.into_parent()?)
    }
}

impl ErrorCodes for Adult {
    const CODES: &'static [ErrorCode] = Parent::CODES;
}

impl FromRequestParts<AppState> for Adult {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(caller.into_adult()?)
    }
}

impl ErrorCodes for Owner {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::Unauthenticated,
        ErrorCode::ParentRequired,
        ErrorCode::OwnerRequired,
        ErrorCode::SessionRequired,
    ];
}

impl FromRequestParts<AppState> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(caller.into_owner()?)
    }
}

impl ErrorCodes for Admin {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::Unauthenticated,
        ErrorCode::AdminRequired,
        ErrorCode::ScopeRequired,
        ErrorCode::SessionRequired,
    ];
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(caller.into_admin()?)
    }
}

impl ErrorCodes for Authority {
    const CODES: &'static [ErrorCode] = Admin::CODES;
}

impl FromRequestParts<AppState> for Authority {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let context = RequestContext::from_request_parts(parts, state).await?;
        if context.peer.is_operator {
            return Ok(Self::Operator);
        }
        Ok(Self::Administrator(Admin::from_request_parts(parts, state).await?))
    }
}

/// A command of the operator.
pub(crate) struct Operator(pub(crate) Authority);

impl ErrorCodes for Operator {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::Unauthenticated,
        ErrorCode::AdminRequired,
        ErrorCode::OperatorRequired,
        ErrorCode::SessionRequired,
    ];
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        match Authority::from_request_parts(parts, state).await? {
            Authority::Administrator(_) => Err(ServiceError::OperatorRequired.into()),
            Authority::Operator => Ok(Self(Authority::Operator)),
        }
    }
}

/// Whether a helper may use a route: what it reads and does in the family, and its own account. Everything else, also
/// what is added later, is for parents.
fn is_open_to_helpers(method: &Method, route: &str) -> bool {
    const READ: [&str; 14] = [
        "/children",
        "/children/{id}",
        "/children/{id}/rewards",
        "/children/{id}/tasks",
        "/children/{id}/today",
        "/children/{id}/tracking",
        "/events",
        "/rewards",
        "/rewards/pending",
        "/rewards/{id}",
        "/tasks",
        "/tasks/pending",
        "/tasks/{id}",
        "/tokens",
    ];
    const ACT: [&str; 7] = [
        "/children/{id}/tracking/{event_id}/reverse",
        "/children/{id}/rewards/{reward_id}/cancel",
        "/children/{id}/rewards/{reward_id}/redeem",
        "/children/{id}/tasks/{task_id}/activate",
        "/children/{id}/tasks/{task_id}/cancel",
        "/family/leave",
        "/tokens/{id}",
    ];
    let is_of_account =
        ["/account/", "/admin/", "/auth/", "/user"].iter().any(|it| route.starts_with(it));
    match route {
        "/auth/child-session" => false,
        _ if is_of_account => true,
        _ if method.is_safe() => READ.contains(&route),
        _ => ACT.contains(&route),
    }
}

/// Whether a route starts or ends sessions. These routes have limits of their own: a flood of requests with
/// a stolen session must not prevent its owner from ending it.
fn is_of_session(route: &str) -> bool {
    route.starts_with("/auth/") || route == "/user/mark-for-deletion"
}

/// A client that may read the state of the server: anyone if monitoring is open; otherwise an
/// administrator, or a client with the monitoring token.
pub(crate) struct Monitor;

impl ErrorCodes for Monitor {
    const CODES: &'static [ErrorCode] = Admin::CODES;
}

impl FromRequestParts<AppState> for Monitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let settings = state.settings();
        let Monitoring { is_open, token } = &settings.monitoring;
        if *is_open || token.as_ref().is_some_and(|token| presents(&parts.headers, token)) {
            return Ok(Self);
        }
        Admin::from_request_parts(parts, state).await?;
        Ok(Self)
    }
}

/// Whether the request has this Bearer token. Compares in constant time.
fn presents(headers: &HeaderMap, token: &Secret) -> bool {
    let presented = bearer_token(headers).unwrap_or_default();
    presented.as_bytes().ct_eq(token.reveal().as_bytes()).into()
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The `Idempotency-Key` of a request, if it has one.
pub(crate) struct Key(pub(crate) Option<IdempotencyKey>);

impl ErrorCodes for Key {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::ValidationFailed, ErrorCode::IdempotencyKeyReused];
}

impl IntoParams for Key {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = schemas::text()
            .min_length(Some(1))
            .max_length(Some(IdempotencyKey::MAX_BYTES))
            .pattern(Some("^[!-~]([ -~]*[!-~])?$"))
            .examples(["5b1c1f0e-make-the-bed"]);
        let about = "Identifies this request. For 24 hours, a repetition with the same key changes \
                     nothing and returns the first event or record.";
        let parameter = ParameterBuilder::new()
            .name(IDEMPOTENCY_KEY)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(about))
            .schema(Some(key));
        vec![parameter.build()]
    }
}

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).into_iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        if values.next().is_some() {
            return Err(Invalid::new(IDEMPOTENCY_KEY, "must not occur more than once").into());
        }
        // A value that is not ASCII becomes an empty text, which breaks the rule of the key.
        let key = IdempotencyKey::parse(value.to_str().unwrap_or_default())?;
        Ok(Self(Some(key)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_token_is_found_in_any_case() {
        let found = |value: &'static str| {
            let headers = headers(&header::AUTHORIZATION, &[value]);
            bearer_token(&headers).map(str::to_owned)
        };
        assert_eq!(found("Bearer t").as_deref(), Some("t"));
        assert_eq!(found("bearer  t").as_deref(), Some("t"));
        assert_eq!(found("Basic dTpw"), None);
        assert_eq!(found("t"), None);
    }
}
