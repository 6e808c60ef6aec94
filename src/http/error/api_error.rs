//! Every error answer: one enum, one form. Its code says its status.

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::code::ErrorCode;
use crate::domain::{Invalid, RuleViolation};
use crate::http::error::body::{Details, ErrorBody, LimitBody, sentence};
use crate::http::error::field::{FieldCode, FieldError};
use crate::http::error::json::JsonError;
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
    #[error(
        "blocked: the page is {page}, the server expects {expected}; set `public_url` or \
         `allowed_origins` to the page's origin, or keep the `Host` header in your proxy"
    )]
    ForeignOrigin {
        /// The page's origin, or what the browser says of it.
        page: String,
        /// The origins whose pages may make changes.
        expected: String,
    },
    /// The body isn't said to be JSON.
    #[error("the body must be JSON, sent with `Content-Type: application/json`")]
    UnsupportedMediaType,
    /// The body isn't a JSON object.
    #[error(transparent)]
    InvalidJson(#[from] JsonError),
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
    /// Fields of the body are wrong: at least one. The code and the sentence are the first one's.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    InvalidFields(Vec<FieldError>),
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

impl ApiError {
    /// What is answered.
    pub(crate) fn body(&self) -> ErrorBody<'_> {
        let code = self.code();
        let error = if code == ErrorCode::Internal {
            // What went wrong inside is the operator's business.
            sentence("the server failed, and its operator can read why in its log")
        } else {
            sentence(&self.to_string())
        };
        ErrorBody { error, code: code.as_str(), details: self.details() }
    }

    fn details(&self) -> Option<Details<'_>> {
        let none = Details::default();
        match self {
            Self::InvalidFields(errors) => {
                let named = errors.iter().map(|error| (error.name.as_str(), error.into()));
                Some(Details::of_fields(named))
            }
            Self::InvalidParameter { name, .. } => Some(Details { parameter: Some(name), ..none }),
            Self::Service(ServiceError::Refused(RuleViolation::Invalid(invalid))) => {
                Some(Details::of_fields([(invalid.field, (&FieldError::from(invalid)).into())]))
            }
            Self::Service(ServiceError::Refused(RuleViolation::InsufficientPoints {
                points_needed,
            })) => Some(Details { points_needed: Some(*points_needed), ..none }),
            Self::Service(ServiceError::Refused(RuleViolation::MarkedForDeletion { due_at })) => {
                let due_at = due_at.map(|due_at| due_at.to_string());
                Some(Details { due_at: Some(due_at.into()), ..none })
            }
            Self::Service(ServiceError::Refused(RuleViolation::FamilyLimitReached {
                limit,
                most,
            })) => {
                let limit = LimitBody { name: limit.as_str(), most: *most };
                Some(Details { limit: Some(limit), ..none })
            }
            _ => self.retry_after().map(|seconds| Details { retry_after: Some(seconds), ..none }),
        }
    }

    /// The seconds after which the same request can be answered otherwise, where that is known.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Service(
                ServiceError::TooManyAttempts { retry_after }
                | ServiceError::TooManyChanges { retry_after },
            ) => Some(*retry_after),
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

    /// The code, which has its status.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Service(error) => of_service(error),
            Self::RouteNotFound => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::ForeignOrigin { .. } => ErrorCode::ForeignOrigin,
            Self::UnsupportedMediaType => ErrorCode::UnsupportedMediaType,
            Self::InvalidJson(_) => ErrorCode::InvalidJson,
            Self::BrokenBody | Self::MalformedRequest => ErrorCode::MalformedRequest,
            Self::HeadTooLarge => ErrorCode::HeadTooLarge,
            Self::UriTooLong => ErrorCode::UriTooLong,
            Self::TooManyConnections => ErrorCode::TooManyConnections,
            Self::TimedOut => ErrorCode::TimedOut,
            Self::PayloadTooLarge(_) => ErrorCode::PayloadTooLarge,
            Self::RequestTimeout => ErrorCode::RequestTimeout,
            Self::InvalidFields(fields) => match fields.first().map(|field| field.code) {
                Some(FieldCode::Unknown | FieldCode::NotAllowed) => ErrorCode::FieldNotAllowed,
                _ => ErrorCode::ValidationFailed,
            },
            Self::InvalidParameter { .. } => ErrorCode::InvalidParameter,
            Self::Panicked => ErrorCode::Internal,
        }
    }
}

fn of_service(error: &ServiceError) -> ErrorCode {
    match error {
        ServiceError::Refused(refusal) => of_refusal(refusal),
        ServiceError::InvalidCredentials => ErrorCode::InvalidCredentials,
        ServiceError::TooManyAttempts { .. } => ErrorCode::TooManyAttempts,
        ServiceError::TooManyChanges { .. } => ErrorCode::TooManyChanges,
        ServiceError::TooManyStreams(_) => ErrorCode::TooManyStreams,
        ServiceError::Unauthenticated => ErrorCode::Unauthenticated,
        ServiceError::ParentRequired => ErrorCode::ParentRequired,
        ServiceError::AdminRequired => ErrorCode::AdminRequired,
        ServiceError::SignupClosed => ErrorCode::SignupClosed,
        ServiceError::Commit(error) => of_commit(error),
        ServiceError::NotEmpty | ServiceError::Read(_) | ServiceError::Internal(_) => {
            ErrorCode::Internal
        }
    }
}

fn of_refusal(refusal: &RuleViolation) -> ErrorCode {
    match refusal {
        RuleViolation::Invalid(_) => ErrorCode::ValidationFailed,
        RuleViolation::NotFound(_) => ErrorCode::NotFound,
        RuleViolation::SharedReadOnly(_) => ErrorCode::SharedReadOnly,
        RuleViolation::EmailTaken => ErrorCode::EmailTaken,
        RuleViolation::WrongPassword => ErrorCode::WrongPassword,
        RuleViolation::MarkedForDeletion { .. } => ErrorCode::AccountMarkedForDeletion,
        RuleViolation::NotMarkedForDeletion => ErrorCode::NotMarkedForDeletion,
        RuleViolation::DeletionInProgress => ErrorCode::DeletionInProgress,
        RuleViolation::LastAdministrator => ErrorCode::LastAdministrator,
        RuleViolation::SessionEnded => ErrorCode::Unauthenticated,
        RuleViolation::RewardAlreadyRequested => ErrorCode::RewardAlreadyRequested,
        RuleViolation::InsufficientPoints { .. } => ErrorCode::InsufficientPoints,
        RuleViolation::NoPendingRequest => ErrorCode::NoPendingRequest,
        RuleViolation::PointsOutOfRange => ErrorCode::PointsOutOfRange,
        RuleViolation::FamilyLimitReached { .. } => ErrorCode::FamilyLimitReached,
        RuleViolation::AmountOutOfRange(_) => ErrorCode::AmountOutOfRange,
        RuleViolation::IdempotencyKeyReused => ErrorCode::IdempotencyKeyReused,
    }
}

fn of_commit(error: &CommitError) -> ErrorCode {
    match error {
        CommitError::Refused(refusal) => of_refusal(refusal),
        CommitError::NotDurable => ErrorCode::NotDurable,
        CommitError::StorageFull => ErrorCode::StorageFull,
        CommitError::OutcomeUnknown => ErrorCode::OutcomeUnknown,
        CommitError::ReadOnly => ErrorCode::ReadOnly,
        CommitError::Closed => ErrorCode::ShuttingDown,
        CommitError::Panicked => ErrorCode::Internal,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = (self.code().status(), self.code().as_str());
        match &self {
            // A flood of connections must not become a flood of lines.
            Self::TooManyConnections => {}
            Self::ForeignOrigin { page, expected } => tracing::warn!(
                code,
                page,
                expected,
                "a change was blocked; if the page is yours, set `public_url` or `allowed_origins` to \
                 its origin, or keep the `Host` header in the proxy"
            ),
            // A busy server has not failed, nor has one that many guess passwords at.
            Self::TimedOut => tracing::warn!(code, "a request was not answered in time"),
            _ if status.is_server_error() => {
                tracing::error!(code, error = %Causes(&self), "a request failed");
            }
            _ => {}
        }
        let mut response = (status, Json(self.body())).into_response();
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

/// What an unknown path answers.
pub(crate) async fn not_found() -> ApiError {
    ApiError::RouteNotFound
}

/// What a known path answers to a method that has no handler; the router adds `Allow`. `OPTIONS`
/// asks for just that.
pub(crate) async fn other_method(method: Method) -> Result<StatusCode, ApiError> {
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
