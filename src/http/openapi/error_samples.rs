//! One example of each error. Its body is created by the code that returns it.

use std::sync::Arc;

use axum::http::StatusCode;

use super::samples::{CHILD_ID, EVENT_ID, MOMENT, REQUEST_ID, REWARD_ID, USER_ID};
use crate::domain::{
    EndedRequest, Ending, EntityType, FamilyLimit, Invalid, Name, RecordKind, RuleViolation,
    Timestamp, TokenScope,
};
use crate::followers::broker::TooManyStreams;
use crate::http::error::field::{FieldCode, FieldError};
use crate::http::error::json::JsonError;
use crate::http::error::{ApiError, ErrorCode};
use crate::service::ServiceError;
use crate::store::{CommitError, Outage, ReadError};

/// One error with this code.
pub(super) fn error(code: ErrorCode) -> ApiError {
    match code.status() {
        StatusCode::CONFLICT => conflict(code),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => not_allowed(code),
        status if status.is_server_error() => failure(code),
        _ => bad_request(code),
    }
}

fn bad_request(code: ErrorCode) -> ApiError {
    match code {
        ErrorCode::InvalidJson => ApiError::InvalidJson(JsonError::Syntax { line: 1, column: 10 }),
        ErrorCode::ValidationFailed => Invalid::new("name", "must not be empty").into(),
        ErrorCode::FieldNotAllowed => ApiError::InvalidFields(vec![FieldError::new(
            "role",
            FieldCode::NotAllowed,
            "cannot be set by this request",
        )]),
        ErrorCode::InvalidParameter => ApiError::InvalidParameter {
            name: "limit".to_owned(),
            rule: "must be a whole number of at least 1".into(),
        },
        ErrorCode::AuthorizationPending => ServiceError::AuthorizationPending.into(),
        ErrorCode::InvalidDeviceCode => ServiceError::from(RuleViolation::InvalidDeviceCode).into(),
        ErrorCode::NotFound => {
            ServiceError::from(RuleViolation::NotFound(RecordKind::Child)).into()
        }
        ErrorCode::MethodNotAllowed => ApiError::MethodNotAllowed,
        ErrorCode::RequestTimeout => ApiError::RequestTimeout,
        ErrorCode::PayloadTooLarge => ApiError::PayloadTooLarge(65_536),
        ErrorCode::UriTooLong => ApiError::UriTooLong,
        ErrorCode::UnsupportedMediaType => ApiError::UnsupportedMediaType,
        ErrorCode::IdempotencyKeyReused => {
            ServiceError::from(RuleViolation::IdempotencyKeyReused).into()
        }
        ErrorCode::TooManyAttempts => ServiceError::TooManyAttempts { retry_after: 30 }.into(),
        ErrorCode::TooManyChanges => ServiceError::TooManyChanges { retry_after: 1 }.into(),
        ErrorCode::SlowDown => ServiceError::SlowDown { retry_after: 4 }.into(),
        ErrorCode::TooManyStreams => ServiceError::TooManyStreams(TooManyStreams).into(),
        ErrorCode::ExportInProgress => ServiceError::ExportInProgress.into(),
        ErrorCode::HeadTooLarge => ApiError::HeadTooLarge,
        _ => ApiError::MalformedRequest,
    }
}

fn not_allowed(code: ErrorCode) -> ApiError {
    let error = match code {
        ErrorCode::ForeignOrigin => {
            return ApiError::ForeignOrigin {
                page: "http://192.168.1.5:5173".to_owned(),
                expected: "http://127.0.0.1:5000".to_owned(),
            };
        }
        ErrorCode::InvalidCredentials => ServiceError::InvalidCredentials,
        ErrorCode::ParentRequired => ServiceError::ParentRequired,
        ErrorCode::OwnerRequired => ServiceError::OwnerRequired,
        ErrorCode::AdminRequired => ServiceError::AdminRequired,
        ErrorCode::OperatorRequired => ServiceError::OperatorRequired,
        ErrorCode::ScopeRequired => ServiceError::ScopeRequired(TokenScope::Manage),
        ErrorCode::SessionRequired => ServiceError::SessionRequired,
        ErrorCode::SignupClosed => ServiceError::SignupClosed,
        ErrorCode::SharedReadOnly => RuleViolation::SharedReadOnly(RecordKind::Task).into(),
        ErrorCode::WrongPassword => RuleViolation::WrongPassword.into(),
        ErrorCode::PasswordRequired => ServiceError::PasswordRequired,
        ErrorCode::WrongPin => RuleViolation::WrongPin.into(),
        ErrorCode::InvalidInvitation => RuleViolation::InvalidInvitation.into(),
        ErrorCode::InvalidResetLink => RuleViolation::InvalidResetLink.into(),
        ErrorCode::AccountMarkedForDeletion => {
            RuleViolation::MarkedForDeletion { due_at: Timestamp::parse_iso(MOMENT) }.into()
        }
        _ => ServiceError::Unauthenticated,
    };
    error.into()
}

fn conflict(code: ErrorCode) -> ApiError {
    let refusal = match code {
        ErrorCode::BackupInProgress => return ServiceError::BackupInProgress.into(),
        ErrorCode::EmailTaken => RuleViolation::EmailTaken,
        ErrorCode::AlreadyAMember => RuleViolation::AlreadyMember,
        ErrorCode::FamilyNotEmpty => RuleViolation::FamilyNotEmpty,
        ErrorCode::FamilyHasMembers => {
            RuleViolation::FamilyHasMembers(vec![Name::from_stored("Oma")])
        }
        ErrorCode::OwnerRemains => RuleViolation::OwnerRemains,
        ErrorCode::LastAdministrator => RuleViolation::LastAdministrator,
        ErrorCode::NotMarkedForDeletion => RuleViolation::NotMarkedForDeletion,
        ErrorCode::DeletionInProgress => RuleViolation::DeletionInProgress,
        ErrorCode::RewardAlreadyRequested => RuleViolation::RewardAlreadyRequested,
        ErrorCode::LimitReached => {
            RuleViolation::LimitReached { available_at: Timestamp::parse_iso(MOMENT) }
        }
        ErrorCode::TaskAlreadyRequested => RuleViolation::TaskAlreadyRequested,
        ErrorCode::TaskNotRequestable => RuleViolation::TaskNotRequestable,
        ErrorCode::InsufficientPoints => RuleViolation::InsufficientPoints { points_needed: 2 },
        ErrorCode::NoPendingRequest => RuleViolation::NoPendingRequest,
        ErrorCode::RequestGone => RuleViolation::RequestGone(Some(Arc::new(EndedRequest {
            id: REQUEST_ID.into(),
            user_id: USER_ID.into(),
            child_id: CHILD_ID.into(),
            entity_type: EntityType::Reward,
            entity_id: REWARD_ID.into(),
            price: None,
            requested_at: None,
            note: None,
            ended: Ending::Redeemed,
            ended_at: Timestamp::parse_iso(MOMENT).unwrap_or(Timestamp::EPOCH),
            event_id: Some(EVENT_ID.into()),
        }))),
        ErrorCode::AlreadyReversed => RuleViolation::AlreadyReversed(EVENT_ID.into()),
        ErrorCode::NotReversible => RuleViolation::NotReversible,
        ErrorCode::FamilyLimitReached => {
            RuleViolation::FamilyLimitReached { limit: FamilyLimit::Children, most: 100 }
        }
        ErrorCode::AmountOutOfRange => RuleViolation::AmountOutOfRange(RecordKind::Reward),
        _ => RuleViolation::PointsOutOfRange,
    };
    ServiceError::from(refusal).into()
}

fn failure(code: ErrorCode) -> ApiError {
    let error = match code {
        ErrorCode::TimedOut => return ApiError::TimedOut,
        ErrorCode::TooManyConnections => return ApiError::TooManyConnections,
        ErrorCode::DatabaseUnavailable => {
            return ServiceError::from(ReadError::Unavailable(Outage::Unreachable)).into();
        }
        ErrorCode::NotDurable => CommitError::NotDurable,
        ErrorCode::OutcomeUnknown => CommitError::OutcomeUnknown,
        ErrorCode::ReadOnly => CommitError::ReadOnly,
        ErrorCode::Overloaded => CommitError::Overloaded,
        ErrorCode::ShuttingDown => CommitError::Closed,
        ErrorCode::StorageFull => CommitError::StorageFull,
        _ => return ApiError::Panicked,
    };
    ServiceError::from(error).into()
}
