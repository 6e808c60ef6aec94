//! Every error code: its status, its name and what it means. The answers, the OpenAPI document and
//! the table in `docs/api.md` are all made of this one.

use axum::http::StatusCode;

/// What a program is told of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorCode {
    InvalidJson,
    MalformedRequest,
    ValidationFailed,
    FieldNotAllowed,
    InvalidParameter,
    Unauthenticated,
    InvalidCredentials,
    ParentRequired,
    AdminRequired,
    SharedReadOnly,
    WrongPassword,
    AccountMarkedForDeletion,
    SignupClosed,
    ForeignOrigin,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    EmailTaken,
    LastAdministrator,
    NotMarkedForDeletion,
    DeletionInProgress,
    RewardAlreadyRequested,
    InsufficientPoints,
    NoPendingRequest,
    PointsOutOfRange,
    FamilyLimitReached,
    AmountOutOfRange,
    PayloadTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    IdempotencyKeyReused,
    TooManyAttempts,
    TooManyChanges,
    TooManyStreams,
    HeadTooLarge,
    Internal,
    NotDurable,
    OutcomeUnknown,
    ReadOnly,
    ShuttingDown,
    TimedOut,
    TooManyConnections,
    StorageFull,
}

/// A code with its status, its name and its meaning.
type Row = (ErrorCode, StatusCode, &'static str, &'static str);

/// In the order of the enum, by which a code finds its row.
const TABLE: [Row; ErrorCode::StorageFull as usize + 1] = {
    use ErrorCode as Code;
    use StatusCode as Status;
    [
        (Code::InvalidJson, Status::BAD_REQUEST, "INVALID_JSON", "the body isn't a JSON object"),
        (
            Code::MalformedRequest,
            Status::BAD_REQUEST,
            "MALFORMED_REQUEST",
            "what came isn't a request of HTTP/1.1, or its body broke off; the connection is closed",
        ),
        (
            Code::ValidationFailed,
            Status::BAD_REQUEST,
            "VALIDATION_FAILED",
            "a field is missing, occurs twice, or breaks a rule; `details.field` and `details.fields`",
        ),
        (
            Code::FieldNotAllowed,
            Status::BAD_REQUEST,
            "FIELD_NOT_ALLOWED",
            "a field that the request does not have, or may not set; `details.field` and `details.fields`",
        ),
        (
            Code::InvalidParameter,
            Status::BAD_REQUEST,
            "INVALID_PARAMETER",
            "a query parameter is unknown or breaks a rule; `details.parameter`",
        ),
        (
            Code::Unauthenticated,
            Status::UNAUTHORIZED,
            "UNAUTHENTICATED",
            "there is no session, or it has ended",
        ),
        (
            Code::InvalidCredentials,
            Status::UNAUTHORIZED,
            "INVALID_CREDENTIALS",
            "no account has this email address and password",
        ),
        (
            Code::ParentRequired,
            Status::FORBIDDEN,
            "PARENT_REQUIRED",
            "a child's session asked for what only a parent may do",
        ),
        (
            Code::AdminRequired,
            Status::FORBIDDEN,
            "ADMIN_REQUIRED",
            "only an administrator may do this",
        ),
        (
            Code::SharedReadOnly,
            Status::FORBIDDEN,
            "SHARED_READ_ONLY",
            "a task or a reward that is offered to every family can't be changed",
        ),
        (
            Code::WrongPassword,
            Status::FORBIDDEN,
            "WRONG_PASSWORD",
            "a password change, or a marking for deletion, without the right current password",
        ),
        (
            Code::AccountMarkedForDeletion,
            Status::FORBIDDEN,
            "ACCOUNT_MARKED_FOR_DELETION",
            "the password is right, and the account can only be restored; `details.due_at`",
        ),
        (
            Code::SignupClosed,
            Status::FORBIDDEN,
            "SIGNUP_CLOSED",
            "the server was started with `--signup closed`",
        ),
        (
            Code::ForeignOrigin,
            Status::FORBIDDEN,
            "FOREIGN_ORIGIN",
            "a page of another origin requested a change with the session's cookie; the sentence names both origins",
        ),
        (
            Code::NotFound,
            Status::NOT_FOUND,
            "NOT_FOUND",
            "no such address, or no such record in this family",
        ),
        (
            Code::MethodNotAllowed,
            Status::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "the address doesn't take this method; `Allow` lists those that it takes",
        ),
        (
            Code::RequestTimeout,
            Status::REQUEST_TIMEOUT,
            "REQUEST_TIMEOUT",
            "the head or the body took longer than the operator allows (30 seconds each); the connection is closed",
        ),
        (Code::EmailTaken, Status::CONFLICT, "EMAIL_TAKEN", "the email address has an account"),
        (
            Code::LastAdministrator,
            Status::CONFLICT,
            "LAST_ADMINISTRATOR",
            "without this account there would be no administrator",
        ),
        (
            Code::NotMarkedForDeletion,
            Status::CONFLICT,
            "NOT_MARKED_FOR_DELETION",
            "there is nothing to restore: the account can log in",
        ),
        (
            Code::DeletionInProgress,
            Status::CONFLICT,
            "DELETION_IN_PROGRESS",
            "the deletion has begun, and the account can't be restored any more",
        ),
        (
            Code::RewardAlreadyRequested,
            Status::CONFLICT,
            "REWARD_ALREADY_REQUESTED",
            "a request of this child for this reward waits",
        ),
        (
            Code::InsufficientPoints,
            Status::CONFLICT,
            "INSUFFICIENT_POINTS",
            "the child can't pay; `details.points_needed`",
        ),
        (
            Code::NoPendingRequest,
            Status::CONFLICT,
            "NO_PENDING_REQUEST",
            "there is nothing to cancel",
        ),
        (
            Code::PointsOutOfRange,
            Status::CONFLICT,
            "POINTS_OUT_OF_RANGE",
            "the child's points would go beyond what can be counted",
        ),
        (
            Code::FamilyLimitReached,
            Status::CONFLICT,
            "FAMILY_LIMIT_REACHED",
            "the family has as much of something as the operator allows; `details.limit`",
        ),
        (
            Code::AmountOutOfRange,
            Status::CONFLICT,
            "AMOUNT_OUT_OF_RANGE",
            "the task's points, or the reward's cost, are below zero, as an older file has them: set a new value",
        ),
        (
            Code::PayloadTooLarge,
            Status::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            "the body is larger than the operator allows (64 KiB); the connection is closed",
        ),
        (
            Code::UriTooLong,
            Status::URI_TOO_LONG,
            "URI_TOO_LONG",
            "the address fills more than 32 KiB; the connection is closed",
        ),
        (
            Code::UnsupportedMediaType,
            Status::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "the body isn't said to be JSON; with a session's cookie also where none is read",
        ),
        (
            Code::IdempotencyKeyReused,
            Status::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED",
            "the key was used for another mutation",
        ),
        (
            Code::TooManyAttempts,
            Status::TOO_MANY_REQUESTS,
            "TOO_MANY_ATTEMPTS",
            "the account or the address has no attempt left; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::TooManyChanges,
            Status::TOO_MANY_REQUESTS,
            "TOO_MANY_CHANGES",
            "the account or the address has asked for too many changes; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::TooManyStreams,
            Status::TOO_MANY_REQUESTS,
            "TOO_MANY_STREAMS",
            "the session has as many event streams open as it may have",
        ),
        (
            Code::HeadTooLarge,
            Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "HEAD_TOO_LARGE",
            "the head fills more than 32 KiB, or has more than 100 fields; the connection is closed",
        ),
        (
            Code::Internal,
            Status::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "the server failed; its own log says why",
        ),
        (
            Code::NotDurable,
            Status::SERVICE_UNAVAILABLE,
            "NOT_DURABLE",
            "the change couldn't be written; nothing has changed",
        ),
        (
            Code::OutcomeUnknown,
            Status::SERVICE_UNAVAILABLE,
            "OUTCOME_UNKNOWN",
            "the change may have happened or not; a restart tells, and until then no change is taken",
        ),
        (
            Code::ReadOnly,
            Status::SERVICE_UNAVAILABLE,
            "READ_ONLY",
            "no change is taken until the server is restarted",
        ),
        (
            Code::ShuttingDown,
            Status::SERVICE_UNAVAILABLE,
            "SHUTTING_DOWN",
            "the server stops; nothing has changed",
        ),
        (
            Code::TimedOut,
            Status::SERVICE_UNAVAILABLE,
            "TIMED_OUT",
            "the answer took longer than the operator allows (60 seconds); what was asked for may be done or not: ask again, with the same `Idempotency-Key` where the route takes one",
        ),
        (
            Code::TooManyConnections,
            Status::SERVICE_UNAVAILABLE,
            "TOO_MANY_CONNECTIONS",
            "as many connections as the operator allows are open, in all or from this address; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::StorageFull,
            Status::INSUFFICIENT_STORAGE,
            "STORAGE_FULL",
            "the disk is full; nothing has changed",
        ),
    ]
};

impl ErrorCode {
    /// Every code, by its status.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// The status that it is answered with.
    pub fn status(self) -> StatusCode {
        self.row().1
    }

    /// As an answer holds it: `NOT_FOUND`.
    pub fn as_str(self) -> &'static str {
        self.row().2
    }

    /// What it means, as a part of a sentence in Markdown.
    pub fn meaning(self) -> &'static str {
        self.row().3
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_own_row() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, place, "{}", row.2);
        }
        assert!(TABLE.is_sorted_by_key(|row| row.1), "the document lists them by status");
    }
}
