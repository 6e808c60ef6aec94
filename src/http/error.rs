//! Every error answer: one enum, one table of statuses and codes, one form.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use thiserror::Error;

use crate::domain::{Invalid, Refusal};
use crate::service::{Causes, ServiceError};
use crate::store::CommitError;

/// Why a request is answered with an error.
#[derive(Debug, Error)]
pub enum ApiError {
    /// The product's own answer.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// No route has that path.
    #[error("there is nothing at this address")]
    RouteNotFound,
    /// The route has no such method.
    #[error("this address doesn't take that method; `Allow` lists the ones it does")]
    MethodNotAllowed,
    /// A page of another origin sent the request, with a session's cookie.
    #[error("this request came from a page of another origin, which may not use the session")]
    ForeignOrigin,
    /// The body isn't said to be JSON.
    #[error("the body must be JSON, sent with `Content-Type: application/json`")]
    UnsupportedMediaType,
    /// The body isn't a JSON object.
    #[error("the body is not a JSON object: {0}")]
    InvalidJson(String),
    /// The body passes the limit, which is so many bytes.
    #[error("the body is larger than the {0} bytes that are taken here")]
    PayloadTooLarge(usize),
    /// The head or the body didn't come in time.
    #[error("the request took too long to arrive")]
    RequestTimeout,
    /// The body ended before its time, or its chunks aren't chunks.
    #[error("the body is broken")]
    BrokenBody,
    /// What came is no request at all.
    #[error("this is not a request of HTTP/1.1")]
    MalformedRequest,
    /// The head passes the limit of its size, or of its fields.
    #[error("the head of the request is larger than 32 KiB, or has more than 100 fields")]
    HeadTooLarge,
    /// The address alone fills all that a head may take.
    #[error("the address is too long")]
    UriTooLong,
    /// As many connections as are allowed are open.
    #[error("the server has too many connections open; try again in a moment")]
    TooManyConnections,
    /// The answer hadn't begun in time.
    #[error(
        "the request took too long, and whether it was done is unknown; ask again, with the same \
         `Idempotency-Key` where the address takes one"
    )]
    TimedOut,
    /// A field that may not be set here.
    #[error("`{0}` may not be set here")]
    FieldNotAllowed(String),
    /// A field that is there twice: parsers differ in which one they take.
    #[error("`{0}` is there more than once")]
    RepeatedField(String),
    /// A query parameter breaks a rule.
    #[error("the parameter `{name}` {rule}")]
    InvalidParameter {
        /// Its name.
        name: String,
        /// The rule.
        rule: &'static str,
    },
    /// A handler panicked.
    #[error("the server failed")]
    Panicked,
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::Service(invalid.into())
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details<'a>>,
}

/// What a client needs beyond the code, as an object of one field.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Details<'a> {
    Field(&'a str),
    Parameter(&'a str),
    PointsNeeded(i64),
    RetryAfter(u64),
    DueAt(String),
}

impl ApiError {
    fn details(&self) -> Option<Details<'_>> {
        match self {
            Self::FieldNotAllowed(field) | Self::RepeatedField(field) => {
                Some(Details::Field(field))
            }
            Self::InvalidParameter { name, .. } => Some(Details::Parameter(name)),
            Self::Service(ServiceError::Refused(Refusal::Invalid(invalid))) => {
                Some(Details::Field(invalid.field))
            }
            Self::Service(ServiceError::Refused(Refusal::InsufficientPoints { points_needed })) => {
                Some(Details::PointsNeeded(*points_needed))
            }
            Self::Service(ServiceError::Refused(Refusal::MarkedForDeletion { due_at })) => {
                Some(Details::DueAt(due_at.to_string()))
            }
            _ => self.retry_after().map(Details::RetryAfter),
        }
    }

    /// The seconds after which the same request can be answered otherwise, where that is known.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Service(ServiceError::TooManyAttempts { retry_after }) => Some(*retry_after),
            Self::TooManyConnections => Some(1),
            _ => None,
        }
    }

    /// Whether the connection ends with this answer: the rest of the request is unread, or can't be
    /// told from the next one.
    fn ends_connection(&self) -> bool {
        matches!(
            self,
            Self::PayloadTooLarge(_)
                | Self::RequestTimeout
                | Self::BrokenBody
                | Self::MalformedRequest
                | Self::HeadTooLarge
                | Self::UriTooLong
                | Self::TooManyConnections
        )
    }

    /// The table.
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Service(error) => of_service(error),
            Self::RouteNotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "FOREIGN_ORIGIN"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE")
            }
            Self::InvalidJson(_) => (StatusCode::BAD_REQUEST, "INVALID_JSON"),
            Self::BrokenBody | Self::MalformedRequest => {
                (StatusCode::BAD_REQUEST, "MALFORMED_REQUEST")
            }
            Self::HeadTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEAD_TOO_LARGE"),
            Self::UriTooLong => (StatusCode::URI_TOO_LONG, "URI_TOO_LONG"),
            Self::TooManyConnections => (StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_CONNECTIONS"),
            Self::TimedOut => (StatusCode::SERVICE_UNAVAILABLE, "TIMED_OUT"),
            Self::PayloadTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT"),
            Self::FieldNotAllowed(_) => (StatusCode::BAD_REQUEST, "FIELD_NOT_ALLOWED"),
            Self::RepeatedField(_) => (StatusCode::BAD_REQUEST, "VALIDATION_FAILED"),
            Self::InvalidParameter { .. } => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER"),
            Self::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        }
    }
}

fn of_service(error: &ServiceError) -> (StatusCode, &'static str) {
    match error {
        ServiceError::Refused(refusal) => of_refusal(refusal),
        ServiceError::InvalidCredentials => (StatusCode::UNAUTHORIZED, "INVALID_CREDENTIALS"),
        ServiceError::TooManyAttempts { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_ATTEMPTS")
        }
        ServiceError::TooManyStreams(_) => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_STREAMS"),
        ServiceError::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        ServiceError::ParentRequired => (StatusCode::FORBIDDEN, "PARENT_REQUIRED"),
        ServiceError::AdminRequired => (StatusCode::FORBIDDEN, "ADMIN_REQUIRED"),
        ServiceError::SignupClosed => (StatusCode::FORBIDDEN, "SIGNUP_CLOSED"),
        ServiceError::Commit(error) => of_commit(error),
        ServiceError::NotEmpty | ServiceError::Read(_) | ServiceError::Internal(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL")
        }
    }
}

fn of_refusal(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Invalid(_) => (StatusCode::BAD_REQUEST, "VALIDATION_FAILED"),
        Refusal::NotFound(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Refusal::SharedReadOnly(_) => (StatusCode::FORBIDDEN, "SHARED_READ_ONLY"),
        Refusal::EmailTaken => (StatusCode::CONFLICT, "EMAIL_TAKEN"),
        Refusal::WrongPassword => (StatusCode::FORBIDDEN, "WRONG_PASSWORD"),
        Refusal::MarkedForDeletion { .. } => (StatusCode::FORBIDDEN, "ACCOUNT_MARKED_FOR_DELETION"),
        Refusal::NotMarkedForDeletion => (StatusCode::CONFLICT, "NOT_MARKED_FOR_DELETION"),
        Refusal::DeletionInProgress => (StatusCode::CONFLICT, "DELETION_IN_PROGRESS"),
        Refusal::LastAdministrator => (StatusCode::CONFLICT, "LAST_ADMINISTRATOR"),
        Refusal::SessionEnded => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        Refusal::RewardAlreadyRequested => (StatusCode::CONFLICT, "REWARD_ALREADY_REQUESTED"),
        Refusal::InsufficientPoints { .. } => (StatusCode::CONFLICT, "INSUFFICIENT_POINTS"),
        Refusal::NoPendingRequest => (StatusCode::CONFLICT, "NO_PENDING_REQUEST"),
        Refusal::PointsOutOfRange => (StatusCode::CONFLICT, "POINTS_OUT_OF_RANGE"),
        Refusal::IdempotencyKeyReused => {
            (StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REUSED")
        }
    }
}

fn of_commit(error: &CommitError) -> (StatusCode, &'static str) {
    match error {
        CommitError::Refused(refusal) => of_refusal(refusal),
        CommitError::NotDurable => (StatusCode::SERVICE_UNAVAILABLE, "NOT_DURABLE"),
        CommitError::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "STORAGE_FULL"),
        CommitError::OutcomeUnknown => (StatusCode::SERVICE_UNAVAILABLE, "OUTCOME_UNKNOWN"),
        CommitError::ReadOnly => (StatusCode::SERVICE_UNAVAILABLE, "READ_ONLY"),
        CommitError::Closed => (StatusCode::SERVICE_UNAVAILABLE, "SHUTTING_DOWN"),
        CommitError::Panicked => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        match self {
            // A flood of connections must not become a flood of lines.
            Self::TooManyConnections => {}
            // A busy server has not failed, nor has one that many guess passwords at.
            Self::TimedOut => tracing::warn!(code, "a request was not answered in time"),
            _ if status.is_server_error() => {
                tracing::error!(code, error = %Causes(&self), "a request failed");
            }
            _ => {}
        }
        let error = if status == StatusCode::INTERNAL_SERVER_ERROR {
            // What went wrong inside is the operator's business.
            sentence("the server failed, and its operator can read why in its log")
        } else {
            sentence(&self.to_string())
        };
        let details = self.details();
        let body = Json(Body { error, code, details });
        let mut response = (status, body).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if self.ends_connection() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }
}

/// An error's text, which is made to stand within a sentence, as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    let rest = chars.as_str();
    first.into_iter().flatten().chain(rest.chars()).chain(['.']).collect()
}

/// What an unknown path answers.
pub(super) async fn not_found() -> ApiError {
    ApiError::RouteNotFound
}

/// What a known path answers to a method that has no handler; the router adds `Allow`. `OPTIONS`
/// asks for just that.
pub(super) async fn other_method(method: Method) -> Result<StatusCode, ApiError> {
    if method == Method::OPTIONS { Ok(StatusCode::OK) } else { Err(ApiError::MethodNotAllowed) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;

    /// What the log says of an error that is answered.
    fn logged(error: ApiError) -> String {
        let log = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(log.reopen().unwrap());
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
        tracing::subscriber::with_default(lines, || drop(error.into_response()));
        fs::read_to_string(log).unwrap()
    }

    #[test]
    fn what_strangers_can_bring_about_is_no_error_in_the_log() {
        let error = logged(ServiceError::Commit(CommitError::ReadOnly).into());
        assert!(error.contains(" ERROR ") && error.contains("READ_ONLY"), "{error}");
        let late = logged(ApiError::TimedOut);
        assert!(late.contains(" WARN ") && late.contains("TIMED_OUT"), "{late}");
        assert_eq!(logged(ApiError::TooManyConnections), "");
        assert_eq!(logged(ApiError::RouteNotFound), "");
    }

    #[test]
    fn an_error_is_a_sentence() {
        assert_eq!(sentence("there is no such child"), "There is no such child.");
        let invalid = Invalid::new("name", "must not be empty");
        assert_eq!(sentence(&invalid.to_string()), "`name` must not be empty.");
    }
}
