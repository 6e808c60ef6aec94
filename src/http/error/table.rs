//! Every error code with its status, its name and its meaning. The responses, the OpenAPI document and
//! the table in `docs/api.md` use this table.

use axum::http::StatusCode;

use super::code::ErrorCode;

type Row = (ErrorCode, StatusCode, &'static str, &'static str);

/// In the order of the enum, which is the index.
const TABLE: [Row; ErrorCode::StorageFull as usize + 1] = {
    use ErrorCode as Code;
    use StatusCode as Status;
    [
        (Code::InvalidJson, Status::BAD_REQUEST, "INVALID_JSON", "the body is not a JSON object"),
        (
            Code::MalformedRequest,
            Status::BAD_REQUEST,
            "MALFORMED_REQUEST",
            "this is not a valid HTTP/1.1 request, or its body is incomplete; the connection is closed",
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
            "a field is unknown, or this request may not set it; `details.field` and `details.fields`",
        ),
        (
            Code::InvalidParameter,
            Status::BAD_REQUEST,
            "INVALID_PARAMETER",
            "a query parameter is unknown or breaks a rule; `details.parameter`",
        ),
        (
            Code::AuthorizationPending,
            Status::BAD_REQUEST,
            "AUTHORIZATION_PENDING",
            "no parent has confirmed the device yet; it asks again after 5 seconds",
        ),
        (
            Code::InvalidDeviceCode,
            Status::BAD_REQUEST,
            "INVALID_DEVICE_CODE",
            "the code of a device is unknown, was used, or has expired",
        ),
        (
            Code::Unauthenticated,
            Status::UNAUTHORIZED,
            "UNAUTHENTICATED",
            "there is no session or API token, or it has ended",
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
            "only a parent may do this, and the session is a child's or a helper's",
        ),
        (
            Code::OwnerRequired,
            Status::FORBIDDEN,
            "OWNER_REQUIRED",
            "only the owner of the family may do this",
        ),
        (
            Code::AdminRequired,
            Status::FORBIDDEN,
            "ADMIN_REQUIRED",
            "only an administrator may do this",
        ),
        (
            Code::OperatorRequired,
            Status::FORBIDDEN,
            "OPERATOR_REQUIRED",
            "only a command of the operator may do this, on the server's machine",
        ),
        (
            Code::ScopeRequired,
            Status::FORBIDDEN,
            "SCOPE_REQUIRED",
            "the API token lacks the scope in `details.scope`, or is for one child where all are needed",
        ),
        (
            Code::SessionRequired,
            Status::FORBIDDEN,
            "SESSION_REQUIRED",
            "no API token may do this: log in",
        ),
        (
            Code::SharedReadOnly,
            Status::FORBIDDEN,
            "SHARED_READ_ONLY",
            "a task or a reward that all families share, or a built-in badge, cannot be changed",
        ),
        (Code::WrongPassword, Status::FORBIDDEN, "WRONG_PASSWORD", "the current password is wrong"),
        (
            Code::PasswordRequired,
            Status::FORBIDDEN,
            "PASSWORD_REQUIRED",
            "the session is older than 15 minutes: repeat the password in the body",
        ),
        (
            Code::InvalidResetLink,
            Status::FORBIDDEN,
            "INVALID_RESET_LINK",
            "the link to reset a password is unknown, was used, or has expired",
        ),
        (
            Code::WrongPin,
            Status::FORBIDDEN,
            "WRONG_PIN",
            "the PIN of the child is missing or wrong",
        ),
        (
            Code::InvalidInvitation,
            Status::FORBIDDEN,
            "INVALID_INVITATION",
            "the invitation is unknown, was used, has expired, or is for another email address",
        ),
        (
            Code::AccountMarkedForDeletion,
            Status::FORBIDDEN,
            "ACCOUNT_MARKED_FOR_DELETION",
            "the password is correct, but the account is marked for deletion and can only be restored; `details.due_at`",
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
            "a page of another origin requested a change with the session cookie; the sentence names both origins",
        ),
        (
            Code::NotFound,
            Status::NOT_FOUND,
            "NOT_FOUND",
            "the address does not exist, or the family has no such record",
        ),
        (
            Code::MethodNotAllowed,
            Status::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "the address does not support this method; `Allow` lists those that it supports",
        ),
        (
            Code::RequestTimeout,
            Status::REQUEST_TIMEOUT,
            "REQUEST_TIMEOUT",
            "the head or the body took longer than the limit (30 seconds each by default); the connection is closed",
        ),
        (
            Code::EmailTaken,
            Status::CONFLICT,
            "EMAIL_TAKEN",
            "the email address already has an account",
        ),
        (
            Code::AlreadyAMember,
            Status::CONFLICT,
            "ALREADY_A_MEMBER",
            "the account is a member of another family",
        ),
        (
            Code::FamilyNotEmpty,
            Status::CONFLICT,
            "FAMILY_NOT_EMPTY",
            "the account's own family has records or members, so it cannot join another one",
        ),
        (
            Code::FamilyHasMembers,
            Status::CONFLICT,
            "FAMILY_HAS_MEMBERS",
            "the family has other members; `details.members` has their first names",
        ),
        (
            Code::OwnerRemains,
            Status::CONFLICT,
            "OWNER_REMAINS",
            "the owner of a family cannot leave it, be removed or get another role",
        ),
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
            "the account is not marked for deletion; it can log in",
        ),
        (
            Code::DeletionInProgress,
            Status::CONFLICT,
            "DELETION_IN_PROGRESS",
            "the deletion has started; the account cannot be restored any more",
        ),
        (
            Code::RewardAlreadyRequested,
            Status::CONFLICT,
            "REWARD_ALREADY_REQUESTED",
            "the child has already requested this reward",
        ),
        (
            Code::TaskAlreadyRequested,
            Status::CONFLICT,
            "TASK_ALREADY_REQUESTED",
            "the child has already requested this task",
        ),
        (
            Code::LimitReached,
            Status::CONFLICT,
            "LIMIT_REACHED",
            "the child has done the task as often as its limit allows",
        ),
        (
            Code::TaskNotRequestable,
            Status::CONFLICT,
            "TASK_NOT_REQUESTABLE",
            "this is a penalty, or a parent has closed the task to requests",
        ),
        (
            Code::InsufficientPoints,
            Status::CONFLICT,
            "INSUFFICIENT_POINTS",
            "the child has too few points; `details.points_needed`",
        ),
        (
            Code::NoPendingRequest,
            Status::CONFLICT,
            "NO_PENDING_REQUEST",
            "the child has no pending request for this reward or task",
        ),
        (
            Code::RequestGone,
            Status::CONFLICT,
            "REQUEST_GONE",
            "the request that `request_id` names is no longer pending; `details.ended`, `ended_at` and `tracking_event_id`",
        ),
        (
            Code::AlreadyReversed,
            Status::CONFLICT,
            "ALREADY_REVERSED",
            "the event is already reversed; `details.reversal_id`",
        ),
        (
            Code::NotReversible,
            Status::CONFLICT,
            "NOT_REVERSIBLE",
            "requests, cancellations and reversals cannot be reversed",
        ),
        (
            Code::PointsOutOfRange,
            Status::CONFLICT,
            "POINTS_OUT_OF_RANGE",
            "the child's points would exceed the supported range",
        ),
        (
            Code::FamilyLimitReached,
            Status::CONFLICT,
            "FAMILY_LIMIT_REACHED",
            "the family has reached a limit of the server; `details.limit`",
        ),
        (
            Code::BackupInProgress,
            Status::CONFLICT,
            "BACKUP_IN_PROGRESS",
            "the server is making another backup",
        ),
        (
            Code::AmountOutOfRange,
            Status::CONFLICT,
            "AMOUNT_OUT_OF_RANGE",
            "the points of the task or the cost of the reward, from an older file, are below zero: set a new value",
        ),
        (
            Code::PayloadTooLarge,
            Status::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            "the body is larger than the limit (64 KiB by default); the connection is closed",
        ),
        (
            Code::UriTooLong,
            Status::URI_TOO_LONG,
            "URI_TOO_LONG",
            "the address is longer than 32 KiB; the connection is closed",
        ),
        (
            Code::UnsupportedMediaType,
            Status::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "the body is not declared as JSON; with a session cookie, also on routes that read no body",
        ),
        (
            Code::IdempotencyKeyReused,
            Status::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED",
            "the key was used for another change",
        ),
        (
            Code::TooManyAttempts,
            Status::TOO_MANY_REQUESTS,
            "TOO_MANY_ATTEMPTS",
            "too many attempts for this account or from this client's address; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::TooManyChanges,
            Status::TOO_MANY_REQUESTS,
            "TOO_MANY_CHANGES",
            "too many changes by this account or from this client's address; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::SlowDown,
            Status::TOO_MANY_REQUESTS,
            "SLOW_DOWN",
            "the device asks for its session too often; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::TooManyStreams,
            Status::TOO_MANY_REQUESTS,
            "TOO_MANY_STREAMS",
            "the session has too many open event streams",
        ),
        (
            Code::ExportInProgress,
            Status::TOO_MANY_REQUESTS,
            "EXPORT_IN_PROGRESS",
            "the account already has an export in progress; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::HeadTooLarge,
            Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "HEAD_TOO_LARGE",
            "the head is larger than 32 KiB, or has more than 100 header fields; the connection is closed",
        ),
        (
            Code::Internal,
            Status::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "the server failed; the server log contains the reason",
        ),
        (
            Code::NotDurable,
            Status::SERVICE_UNAVAILABLE,
            "NOT_DURABLE",
            "the change could not be written; nothing has changed",
        ),
        (
            Code::OutcomeUnknown,
            Status::SERVICE_UNAVAILABLE,
            "OUTCOME_UNKNOWN",
            "it is unknown whether the change was made; a server with a data directory refuses changes until it is restarted",
        ),
        (
            Code::ReadOnly,
            Status::SERVICE_UNAVAILABLE,
            "READ_ONLY",
            "the server refuses changes until it is restarted",
        ),
        (
            Code::Overloaded,
            Status::SERVICE_UNAVAILABLE,
            "OVERLOADED",
            "too many changes of this family, or too many requests to the database, are waiting; nothing has changed; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::DatabaseUnavailable,
            Status::SERVICE_UNAVAILABLE,
            "DATABASE_UNAVAILABLE",
            "the database cannot be reached, or is read-only; nothing has changed; `details.retry_after`, and `Retry-After`",
        ),
        (
            Code::ShuttingDown,
            Status::SERVICE_UNAVAILABLE,
            "SHUTTING_DOWN",
            "the server is stopping; nothing has changed",
        ),
        (
            Code::TimedOut,
            Status::SERVICE_UNAVAILABLE,
            "TIMED_OUT",
            "the response took longer than the limit (60 seconds by default), and it is unknown whether the change was made; send the request again, with the same `Idempotency-Key` if the route accepts one",
        ),
        (
            Code::TooManyConnections,
            Status::SERVICE_UNAVAILABLE,
            "TOO_MANY_CONNECTIONS",
            "too many connections are open, in total or from this client's address; `details.retry_after`, and `Retry-After`",
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
    /// Every code, sorted by its status.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    pub fn status(self) -> StatusCode {
        self.row().1
    }

    /// As in a response: `NOT_FOUND`.
    pub fn as_str(self) -> &'static str {
        self.row().2
    }

    /// The meaning, as a clause in Markdown.
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
