/** The errors of the API. */

import type { TokenScope } from "./tokens";

/** The body of an error. */
export interface ErrorBody {
  /** A sentence for a person. */
  error: string;
  code: ErrorCode;
  details?: ErrorDetails;
}

/** Which of these are present depends on the error's code. */
export interface ErrorDetails {
  /** The first field of the body that is wrong. */
  field?: string;
  /** Every field of the body that is wrong, by its name; at most 20. */
  fields?: Record<string, FieldError>;
  /** The query parameter that is wrong. */
  parameter?: string;
  /** The number of missing points. */
  points_needed?: number;
  /** The limit that the family has reached. */
  limit?: FamilyLimit;
  /** How many seconds to wait. */
  retry_after?: number;
  /** The scope that an API token needs. */
  scope?: TokenScope;
  /** The first names of the members of the family besides its owner. */
  members?: string[];
  /** When the account is to be deleted. */
  due_at?: string | null;
  /** When the limit allows the task again; null if never. */
  available_at?: string | null;
  /** How the request ended. */
  ended?: "redeemed" | "activated" | "cancelled" | "deleted" | "unknown";
  /** When the request ended. */
  ended_at?: string;
  /** The event that ended the request. */
  tracking_event_id?: string;
  /** The event that has reversed the event. */
  reversal_id?: string;
}

/** What is wrong with one field of a body. */
export interface FieldError {
  code: FieldCode;
  /** A sentence for a person. */
  error: string;
}

/** The kind of a field's error. */
export type FieldCode =
  | "MISSING"
  | "WRONG_TYPE"
  | "INVALID"
  | "REPEATED"
  | "UNKNOWN"
  | "NOT_ALLOWED";

/** A limit of a family, and its value. */
export interface FamilyLimit {
  name: "children" | "tasks" | "rewards" | "pending_requests" | "badges" | "scheduled_tasks" | "calendar_feeds" | "devices" | "webhooks" | "requested_deliveries" | "members" | "invitations" | "api_tokens" | "display_bytes";
  most: number;
}

/** `docs/api.md`, "Errors", explains each. */
export type ErrorCode =
  | "INVALID_JSON"
  | "MALFORMED_REQUEST"
  | "VALIDATION_FAILED"
  | "FIELD_NOT_ALLOWED"
  | "INVALID_PARAMETER"
  | "AUTHORIZATION_PENDING"
  | "INVALID_DEVICE_CODE"
  | "UNAUTHENTICATED"
  | "INVALID_CREDENTIALS"
  | "PARENT_REQUIRED"
  | "OWNER_REQUIRED"
  | "ADMIN_REQUIRED"
  | "OPERATOR_REQUIRED"
  | "SCOPE_REQUIRED"
  | "SESSION_REQUIRED"
  | "SHARED_READ_ONLY"
  | "WRONG_PASSWORD"
  | "PASSWORD_REQUIRED"
  | "INVALID_RESET_LINK"
  | "WRONG_PIN"
  | "INVALID_INVITATION"
  | "ACCOUNT_MARKED_FOR_DELETION"
  | "SIGNUP_CLOSED"
  | "FOREIGN_ORIGIN"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "REQUEST_TIMEOUT"
  | "EMAIL_TAKEN"
  | "ALREADY_A_MEMBER"
  | "FAMILY_NOT_EMPTY"
  | "FAMILY_HAS_MEMBERS"
  | "OWNER_REMAINS"
  | "LAST_ADMINISTRATOR"
  | "NOT_MARKED_FOR_DELETION"
  | "DELETION_IN_PROGRESS"
  | "REWARD_ALREADY_REQUESTED"
  | "TASK_ALREADY_REQUESTED"
  | "LIMIT_REACHED"
  | "TASK_NOT_REQUESTABLE"
  | "ALREADY_REVERSED"
  | "NOT_REVERSIBLE"
  | "INSUFFICIENT_POINTS"
  | "NO_PENDING_REQUEST"
  | "REQUEST_GONE"
  | "POINTS_OUT_OF_RANGE"
  | "FAMILY_LIMIT_REACHED"
  | "BACKUP_IN_PROGRESS"
  | "AMOUNT_OUT_OF_RANGE"
  | "PAYLOAD_TOO_LARGE"
  | "URI_TOO_LONG"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "TOO_MANY_ATTEMPTS"
  | "TOO_MANY_CHANGES"
  | "SLOW_DOWN"
  | "TOO_MANY_STREAMS"
  | "EXPORT_IN_PROGRESS"
  | "HEAD_TOO_LARGE"
  | "INTERNAL"
  | "NOT_DURABLE"
  | "OUTCOME_UNKNOWN"
  | "READ_ONLY"
  | "OVERLOADED"
  | "DATABASE_UNAVAILABLE"
  | "SHUTTING_DOWN"
  | "TIMED_OUT"
  | "TOO_MANY_CONNECTIONS"
  | "STORAGE_FULL";
