/**
 * What Goldstar's API answers, one to one: tests hold each type against the server's own
 * description, `docs/openapi.json`.
 *
 * A moment is a text in UTC with six digits behind the second, `2026-02-09T18:42:15.123456Z`; a
 * `Date` has room for three of them. A record of an older data directory may hold further fields,
 * which Goldstar hands on as they are.
 */

/** What a tracking event is about. A penalty is a task that takes points. */
export const EntityType = {
  Task: "task",
  Reward: "reward",
  Penalty: "penalty",
} as const;
export type EntityType = (typeof EntityType)[keyof typeof EntityType];

/** What was done: tasks and penalties are activated, rewards the other three. */
export const Action = {
  Activated: "activated",
  Requested: "requested",
  Redeemed: "redeemed",
  Cancelled: "cancelled",
} as const;
export type Action = (typeof Action)[keyof typeof Action];

/** The record of one change to a child's points or requests. It is never changed or deleted. */
export interface TrackingEvent {
  id: string;
  /** The family's account; null once that is deleted. */
  user_id: string | null;
  /** The child, which may be deleted by now. */
  child_id: string;
  entity_type: EntityType;
  /** The task, the penalty or the reward, which may be deleted by now. */
  entity_id: string;
  action: Action;
  points_before: number;
  points_after: number;
  /** Always `points_after` less `points_before`. */
  delta: number;
  /** When it happened, by the server's clock. */
  occurred_at: string;
  /** When it was recorded. */
  created_at: string;
  /** Null or missing in some events of an older data directory. */
  metadata?: TrackingMetadata | null;
}

/** More about an event, as Goldstar's own have it. Older files may hold anything here. */
export interface TrackingMetadata {
  /** What the task, the penalty or the reward was called then. */
  name?: string;
  /** Of a task or a penalty. */
  points?: number;
  /** Of a reward. */
  cost?: number;
  /** Whose session it was: `parent` or `child`. */
  actor?: string;
  /** What a penalty should have taken, where it took less. */
  requested_delta?: number;
}

export type Role = "parent" | "admin";

/** An account, as its owner sees it. */
export interface User {
  id: string;
  first_name: string;
  last_name: string;
  email: string;
  role: Role;
  image_id: string | null;
  /** Null where an older file doesn't say; so in every record. */
  created_at: string | null;
  updated_at: string | null;
}

/** An account, as a child's session sees it. */
export interface UserForChild {
  id: string;
  first_name: string;
  image_id: string | null;
}

export interface Child {
  id: string;
  user_id: string;
  name: string;
  age: number | null;
  points: number;
  /** The ids that a front end wants to show first; nothing depends on them. */
  tasks: string[];
  rewards: string[];
  image_id: string | null;
  created_at: string | null;
  updated_at: string | null;
}

/** A task, or a penalty where `is_good` is false. */
export interface Task {
  id: string;
  /** Null where it is offered to every family, and none may change it. */
  user_id: string | null;
  name: string;
  /** What it gives or, as a penalty, takes; always above 0. */
  points: number;
  is_good: boolean;
  image_id: string | null;
  created_at: string | null;
  updated_at: string | null;
}

export interface Reward {
  id: string;
  /** Null where it is offered to every family, and none may change it. */
  user_id: string | null;
  name: string;
  description: string;
  cost: number;
  image_id: string | null;
  created_at: string | null;
  updated_at: string | null;
}

/** A reward, as it is offered to one child. */
export interface RewardOffer extends Reward {
  /** How many points the child lacks; 0 where it can pay. */
  points_needed: number;
  affordable: boolean;
  /** Whether the child's request for it waits. */
  requested: boolean;
}

/** A child's request for a reward, which waits for the parent. */
export interface PendingReward {
  id: string;
  user_id: string;
  child_id: string;
  child_name: string;
  reward_id: string;
  reward_name: string;
  created_at: string | null;
}

/** One page of a list. */
export interface Page {
  /** How many records there are on all pages. */
  total: number;
  limit: number;
  offset: number;
}

export interface TrackingEventList extends Page {
  tracking_events: TrackingEvent[];
}

export interface ChildList extends Page {
  children: Child[];
}

export interface TaskList extends Page {
  tasks: Task[];
}

export interface RewardList extends Page {
  rewards: Reward[];
}

export interface RewardOfferList extends Page {
  rewards: RewardOffer[];
}

export interface PendingRewardList extends Page {
  pending_rewards: PendingReward[];
}

/** The answer to each of the four mutations. */
export interface MutationResult {
  /** The child as it is now. */
  child: Child;
  tracking_event: TrackingEvent;
}

/** Whose session it is. */
export interface Session {
  /** In a child's session a {@link UserForChild}. */
  user: User | UserForChild;
  scope: "parent" | "child" | "admin";
  /** The child, in a child's session. */
  child_id: string | null;
}

/** A tracking event, as the event stream tells of it. */
export interface TrackingEventPayload {
  /** The event's `id`. */
  tracking_event_id: string;
  child_id: string;
  entity_type: EntityType;
  entity_id: string;
  action: Action;
  points_before: number;
  points_after: number;
  delta: number;
  occurred_at: string;
}

/** The `data` of a frame of the event stream. */
export interface TrackingEventCreated {
  type: "tracking_event_created";
  payload: TrackingEventPayload;
}

/** The `data` of the frame that tells to load everything anew. */
export interface Resync {
  type: "resync";
}

/** How long an account that is marked for deletion waits. */
export interface DeletionThreshold {
  hours: number;
  minimum: number;
  maximum: number;
  default: number;
}

/** An account that is marked for deletion, as an administrator sees it. */
export interface QueuedAccount {
  id: string;
  email: string;
  marked_for_deletion_at: string | null;
  /** Null if the mark cannot be read. */
  due_at: string | null;
  /** Only a `pending` or an `unreadable` one can be restored. */
  status: "pending" | "in_progress" | "retrying" | "failed" | "unreadable";
  attempts: number;
  last_error: string | null;
  /** Null if an attempt is under way, the last one has failed for good, or the mark cannot be read. */
  next_attempt_at: string | null;
}

export interface DeletionQueue {
  /** How many accounts there are on all pages. */
  count: number;
  users: QueuedAccount[];
}

/** What became of the accounts that a run tried. */
export interface DeletionRun {
  results: DeletionAttempt[];
}

export interface DeletionAttempt {
  /** The account. */
  id: string;
  outcome: "deleted" | "failed" | "interrupted" | "held";
  /** Why it has failed. */
  error: string | null;
}

/** When a marked account is due. */
export interface DeletionDue {
  due_at: string;
}

/** How the server is. */
export interface Health {
  /**
   * `degraded`: all works, but something lags; `failing`: the last write has failed, and the server tries
   * again; `read_only`: no change is taken until a restart.
   */
  status: "ok" | "degraded" | "failing" | "read_only";
  /** Why changes are refused; for whoever may monitor the server. */
  reason?: string;
  /** Only for whoever may monitor the server. */
  projections?: Projection[];
}

/** A part of the server that follows what is recorded. */
export interface Projection {
  name: string;
  /** How many events it has yet to take. */
  backlog: number;
  last_error: string | null;
}

/** An error's answer. */
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
  /** How many points the child lacks. */
  points_needed?: number;
  /** The limit that the family has reached. */
  limit?: FamilyLimit;
  /** How many seconds to wait. */
  retry_after?: number;
  /** When the account is to be deleted. */
  due_at?: string | null;
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

/** What a family may have only so much of, and how much. */
export interface FamilyLimit {
  name: "children" | "tasks" | "rewards" | "pending_requests" | "display_bytes";
  most: number;
}

/** What each means is in `docs/api.md`, "Errors". */
export type ErrorCode =
  | "INVALID_JSON"
  | "MALFORMED_REQUEST"
  | "VALIDATION_FAILED"
  | "FIELD_NOT_ALLOWED"
  | "INVALID_PARAMETER"
  | "UNAUTHENTICATED"
  | "INVALID_CREDENTIALS"
  | "PARENT_REQUIRED"
  | "ADMIN_REQUIRED"
  | "SHARED_READ_ONLY"
  | "WRONG_PASSWORD"
  | "ACCOUNT_MARKED_FOR_DELETION"
  | "SIGNUP_CLOSED"
  | "FOREIGN_ORIGIN"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "REQUEST_TIMEOUT"
  | "EMAIL_TAKEN"
  | "LAST_ADMINISTRATOR"
  | "NOT_MARKED_FOR_DELETION"
  | "DELETION_IN_PROGRESS"
  | "REWARD_ALREADY_REQUESTED"
  | "INSUFFICIENT_POINTS"
  | "NO_PENDING_REQUEST"
  | "POINTS_OUT_OF_RANGE"
  | "FAMILY_LIMIT_REACHED"
  | "AMOUNT_OUT_OF_RANGE"
  | "PAYLOAD_TOO_LARGE"
  | "URI_TOO_LONG"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "IDEMPOTENCY_KEY_REUSED"
  | "TOO_MANY_ATTEMPTS"
  | "TOO_MANY_CHANGES"
  | "TOO_MANY_STREAMS"
  | "HEAD_TOO_LARGE"
  | "INTERNAL"
  | "NOT_DURABLE"
  | "OUTCOME_UNKNOWN"
  | "READ_ONLY"
  | "SHUTTING_DOWN"
  | "TIMED_OUT"
  | "TOO_MANY_CONNECTIONS"
  | "STORAGE_FULL";
