//! Every error of the API.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use super::code::ErrorCode;
use crate::domain::{EventId, Invalid, Name, RuleViolation};
use crate::http::error::body::{Details, ErrorBody, LimitBody, UNKNOWN, sentence};
use crate::http::error::field::{FieldCode, FieldError};
use crate::http::error::json::JsonError;
use crate::service::{Causes, ServiceError};
use crate::store::{CommitError, ReadError};

/// An error of the API. Its code determines the status of the response.
#[derive(Debug, Error)]
pub enum ApiError {
    /// An error of the service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// No route has this path.
    #[error("this address does not exist; `/docs` lists all addresses")]
    RouteNotFound,
    /// The route does not support the method.
    #[error(
        "this address does not support that method; the header `Allow` lists those that it supports"
    )]
    MethodNotAllowed,
    /// A page of another origin sent the request, with a session cookie.
    #[error(
        "blocked: the page is {page}, the server expects {expected}; set `public_url` or \
         `allowed_origins` to the page's origin, or keep the `Host` header in your proxy"
    )]
    ForeignOrigin {
        /// The page's origin, as far as the browser states it.
        page: String,
        /// The origins whose pages may make changes.
        expected: String,
    },
    /// The body is not declared as JSON.
    #[error("the body must be JSON, sent with `Content-Type: application/json`")]
    UnsupportedMediaType,
    /// The body is not a JSON object.
    #[error(transparent)]
    InvalidJson(#[from] JsonError),
    /// The body exceeds the limit, which is this number of bytes.
    #[error("the body is larger than {0} bytes, the limit of this server")]
    PayloadTooLarge(usize),
    /// The head or the body did not arrive in time.
    #[error("the request took too long to arrive; send it again")]
    RequestTimeout,
    /// The body is incomplete, or its chunks are invalid.
    #[error("the body is incomplete or its chunks are invalid")]
    BrokenBody,
    /// The bytes are not a valid request.
    #[error("this is not a valid HTTP/1.1 request")]
    MalformedRequest,
    /// The head exceeds the limit of its size or of its number of fields.
    #[error("the head of the request is larger than 32 KiB, or has more than 100 header fields")]
    HeadTooLarge,
    /// The address alone exceeds the limit of the head.
    #[error("the address is too long; it may have 32 KiB at most")]
    UriTooLong,
    /// The limit on open connections is reached.
    #[error("the server has too many open connections; try again in a moment")]
    TooManyConnections,
    /// The handler exceeded the request timeout.
    #[error(
        "the request took too long, and it is unknown whether it was done; send it again, with the \
         same `Idempotency-Key` if the address accepts one"
    )]
    TimedOut,
    /// At least one field of the body is wrong. The code and the sentence are those of the first.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    InvalidFields(Vec<FieldError>),
    /// A query parameter breaks a rule.
    #[error("the parameter `{name}` {rule}")]
    InvalidParameter { name: String, rule: Cow<'static, str> },
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
    /// The body of the response.
    pub(crate) fn body(&self) -> ErrorBody<'_> {
        let code = self.code();
        let error = if code == ErrorCode::Internal {
            // The cause is for the operator only.
            sentence("the server failed; its operator finds the reason in the server log")
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
            Self::Service(ServiceError::Refused(RuleViolation::LimitReached { available_at })) => {
                let available_at = available_at.map(|moment| moment.to_string());
                Some(Details { available_at: Some(available_at.into()), ..none })
            }
            Self::Service(ServiceError::Refused(RuleViolation::RequestGone(ended))) => {
                let ended = ended.as_deref();
                let event_id = ended.and_then(|request| request.event_id.as_ref());
                Some(Details {
                    ended: Some(ended.map_or(UNKNOWN, |request| request.ended.as_str())),
                    ended_at: ended.map(|request| request.ended_at.to_string()),
                    tracking_event_id: event_id.map(EventId::as_str),
                    ..none
                })
            }
            Self::Service(ServiceError::Refused(RuleViolation::AlreadyReversed(reversal))) => {
                Some(Details { reversal_id: Some(reversal.as_str()), ..none })
            }
            Self::Service(ServiceError::Refused(RuleViolation::FamilyHasMembers(members))) => {
                let members = members.iter().map(Name::as_str).collect();
                Some(Details { members: Some(members), ..none })
            }
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
            Self::Service(
                ServiceError::ScopeRequired(scope) | ServiceError::AllChildrenRequired(scope),
            ) => Some(Details { scope: Some(scope.as_str()), ..none }),
            _ => self.retry_after().map(|seconds| Details { retry_after: Some(seconds), ..none }),
        }
    }

    /// The seconds until the same request can succeed, if known.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Service(
                ServiceError::TooManyAttempts { retry_after }
                | ServiceError::TooManyChanges { retry_after }
                | ServiceError::SlowDown { retry_after },
            ) => Some(*retry_after),
            Self::TooManyConnections => Some(1),
            // How long an export takes depends on its client.
            Self::Service(ServiceError::ExportInProgress) => Some(10),
            _ if matches!(self.code(), ErrorCode::Overloaded | ErrorCode::DatabaseUnavailable) => {
                Some(1)
            }
            _ => None,
        }
    }

    /// Whether the connection ends with this response: the rest of the request is unread, or cannot be
    /// distinguished from the next request.
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
        ServiceError::AuthorizationPending => ErrorCode::AuthorizationPending,
        ServiceError::SlowDown { .. } => ErrorCode::SlowDown,
        ServiceError::TooManyStreams(_) => ErrorCode::TooManyStreams,
        ServiceError::ExportInProgress => ErrorCode::ExportInProgress,
        ServiceError::BackupInProgress => ErrorCode::BackupInProgress,
        ServiceError::Unauthenticated => ErrorCode::Unauthenticated,
        ServiceError::ParentRequired => ErrorCode::ParentRequired,
        ServiceError::OwnerRequired => ErrorCode::OwnerRequired,
        ServiceError::AdminRequired => ErrorCode::AdminRequired,
        ServiceError::OperatorRequired => ErrorCode::OperatorRequired,
        ServiceError::PasswordRequired => ErrorCode::PasswordRequired,
        ServiceError::ScopeRequired(_) | ServiceError::AllChildrenRequired(_) => {
            ErrorCode::ScopeRequired
        }
        ServiceError::SessionRequired => ErrorCode::SessionRequired,
        ServiceError::SignupClosed => ErrorCode::SignupClosed,
        ServiceError::Commit(error) => of_commit(error),
        ServiceError::Read(ReadError::Overloaded) => ErrorCode::Overloaded,
        ServiceError::Read(ReadError::Unavailable(_)) => ErrorCode::DatabaseUnavailable,
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
        RuleViolation::InvalidResetLink => ErrorCode::InvalidResetLink,
        RuleViolation::WrongPin => ErrorCode::WrongPin,
        RuleViolation::InvalidDeviceCode => ErrorCode::InvalidDeviceCode,
        RuleViolation::InvalidInvitation => ErrorCode::InvalidInvitation,
        RuleViolation::AlreadyMember => ErrorCode::AlreadyAMember,
        RuleViolation::FamilyNotEmpty => ErrorCode::FamilyNotEmpty,
        RuleViolation::FamilyHasMembers(_) => ErrorCode::FamilyHasMembers,
        RuleViolation::OwnerRemains => ErrorCode::OwnerRemains,
        RuleViolation::NotAllowedToHelper => ErrorCode::ParentRequired,
        RuleViolation::MarkedForDeletion { .. } => ErrorCode::AccountMarkedForDeletion,
        RuleViolation::NotMarkedForDeletion => ErrorCode::NotMarkedForDeletion,
        RuleViolation::DeletionInProgress => ErrorCode::DeletionInProgress,
        RuleViolation::LastAdministrator => ErrorCode::LastAdministrator,
        RuleViolation::SessionEnded => ErrorCode::Unauthenticated,
        RuleViolation::RewardAlreadyRequested => ErrorCode::RewardAlreadyRequested,
        RuleViolation::LimitReached { .. } => ErrorCode::LimitReached,
        RuleViolation::TaskAlreadyRequested => ErrorCode::TaskAlreadyRequested,
        RuleViolation::TaskNotRequestable => ErrorCode::TaskNotRequestable,
        RuleViolation::InsufficientPoints { .. } => ErrorCode::InsufficientPoints,
        RuleViolation::NoPendingRequest => ErrorCode::NoPendingRequest,
        RuleViolation::RequestGone(_) => ErrorCode::RequestGone,
        RuleViolation::AlreadyReversed(_) => ErrorCode::AlreadyReversed,
        // No request activates the penalty for an occurrence.
        RuleViolation::AlreadyPenalised => ErrorCode::Internal,
        RuleViolation::NotReversible => ErrorCode::NotReversible,
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
        CommitError::Overloaded => ErrorCode::Overloaded,
        CommitError::Unavailable(_) => ErrorCode::DatabaseUnavailable,
        CommitError::Closed => ErrorCode::ShuttingDown,
        CommitError::Panicked | CommitError::LeaseLost => ErrorCode::Internal,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = (self.code().status(), self.code().as_str());
        match &self {
            // Many refused connections must not fill the log.
            Self::TooManyConnections => {}
            Self::ForeignOrigin { page, expected } => tracing::warn!(
                code,
                page,
                expected,
                "a change was blocked; if the page is yours, set `public_url` or `allowed_origins` to \
                 its origin, or keep the `Host` header in the proxy"
            ),
            // The server is busy, for example with many logins; it has not failed.
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
        // A browser gets it as a page.
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Handles a method that the path has no handler for. The router adds `Allow`, which is all that the
/// response to `OPTIONS` needs.
pub(crate) async fn other_method(method: Method) -> Result<StatusCode, ApiError> {
    if method == Method::OPTIONS { Ok(StatusCode::OK) } else { Err(ApiError::MethodNotAllowed) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;

    /// The log lines of an error response.
    fn logged(error: ApiError) -> String {
        let log = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(log.reopen().unwrap());
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
        tracing::subscriber::with_default(lines, || drop(error.into_response()));
        fs::read_to_string(log).unwrap()
    }

    #[test]
    fn errors_that_any_client_can_cause_are_not_logged_as_errors() {
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
