/**
 * The records of Goldstar's API. Tests compare each type with the server's own description,
 * `docs/openapi.json`.
 *
 * A time is a text in UTC with six digits after the second, `2026-02-09T18:42:15.123456Z`; a `Date`
 * keeps three of them. A record of an older data directory may have further fields, which Goldstar
 * returns as they are.
 */

/** What a tracking event is about. A penalty is a task that deducts points. */
export const EntityType = {
  Task: "task",
  Reward: "reward",
  Penalty: "penalty",
} as const;
export type EntityType = (typeof EntityType)[keyof typeof EntityType];

/**
 * What was done. Requests are `cancelled` or end with another event. With `metadata.reverses`, an event of
 * any type is `cancelled`: it takes back an earlier one.
 */
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
  /** The family's account; null after it was deleted. */
  user_id: string | null;
  /** The child, which may have been deleted. */
  child_id: string;
  entity_type: EntityType;
  /** The task, penalty or reward, which may have been deleted. */
  entity_id: string;
  action: Action;
  points_before: number;
  points_after: number;
  /** `points_after` minus `points_before`. */
  delta: number;
  /** When it happened, by the server's clock. */
  occurred_at: string;
  /** When it was recorded. */
  created_at: string;
  /** Null or missing in some events of an older data directory. */
  metadata?: TrackingMetadata | null;
}

/** Details of an event. Events of older files may have anything here. */
export interface TrackingMetadata {
  /** The name of the task, penalty or reward at the time. */
  name?: string;
  /** Of a task or a penalty. */
  points?: number;
  /** Of a reward. */
  cost?: number;
  /** Whose session it was: `parent` or `child`. */
  actor?: string;
  /** The full deduction, if less was deducted. */
  requested_delta?: number;
  /** The event that this one reverses. */
  reverses?: string;
  /** True if the event is an adjustment, not of a task or penalty. */
  adjustment?: boolean;
  /** What a person wrote; null after the account was deleted. */
  note?: string | null;
  /** The request that begins or ends with the event, or is pending again. */
  request_id?: string;
  /** When the request was made that the event ends. */
  requested_at?: string;
  /** The points of the request for a task that the event ends. */
  requested_points?: number;
}

/** A picture of a task or reward, which each front end draws in its own way. */
export type Icon =
  | "bath"
  | "bed"
  | "bike"
  | "book"
  | "broom"
  | "cake"
  | "car"
  | "cat"
  | "clock"
  | "clothes"
  | "computer"
  | "cooking"
  | "dishes"
  | "dog"
  | "film"
  | "football"
  | "friends"
  | "game"
  | "garden"
  | "gift"
  | "heart"
  | "homework"
  | "house"
  | "ice_cream"
  | "laundry"
  | "lunch"
  | "money"
  | "moon"
  | "music"
  | "paint"
  | "park"
  | "pencil"
  | "phone"
  | "pizza"
  | "plant"
  | "puzzle"
  | "school"
  | "shoes"
  | "shopping"
  | "shout"
  | "star"
  | "sun"
  | "swimming"
  | "table"
  | "teeth"
  | "thanks"
  | "trash"
  | "trip"
  | "walk"
  | "warning";

/** The colour of a child. */
export type Colour =
  | "red"
  | "orange"
  | "yellow"
  | "green"
  | "teal"
  | "blue"
  | "indigo"
  | "purple"
  | "pink"
  | "brown"
  | "grey";

export type Role = "parent" | "admin";

/** An account, as its owner sees it. */
export interface User {
  id: string;
  first_name: string;
  last_name: string;
  email: string;
  role: Role;
  image_id: string | null;
  /** Null if an older file does not have it; the same in every record. */
  created_at: string | null;
  updated_at: string | null;
  /** A BCP 47 tag; null for the browser's language. */
  language: string | null;
}

export type Weekday =
  | "monday"
  | "tuesday"
  | "wednesday"
  | "thursday"
  | "friday"
  | "saturday"
  | "sunday";

/** Days without chores, with the first and the last. */
export interface Pause {
  from: string;
  to: string;
}

/** How a family divides time into days. */
export interface FamilySettings {
  time_zone: string;
  /** The zone of a family that sets none. */
  default_time_zone: string;
  /** In hours after midnight. */
  day_starts_at: number;
  week_start: Weekday;
  rest_days: Weekday[];
  pauses: Pause[];
  /** A number of tasks for each child. */
  daily_goal: number | null;
  ranks: Rank[];
  /** Whether children see the ranking. */
  shows_ranking: boolean;
}

/** A rank, which a child reaches with points earned in its lifetime. */
export interface Rank {
  name: string;
  /** The number of points at which the rank begins. */
  threshold: number;
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
  /** The ids that a front end displays first; Goldstar attaches no rule to them. */
  tasks: string[];
  rewards: string[];
  image_id: string | null;
  created_at: string | null;
  updated_at: string | null;
  colour: Colour | null;
  /** The reward that the child saves for. */
  goal_reward_id: string | null;
  /** The sum of the costs of the pending requests; `points` still contains them. */
  reserved: number;
}

/** A session of the account, or of one of its children. */
export interface ListedSession {
  /** Identifies the session. It cannot be used to log in. */
  id: string;
  scope: "parent" | "child";
  /** The child, if it is a child's session. */
  child_id: string | null;
  created_at: string;
  /** Accurate to an hour. */
  last_used_at: string;
  /** When the session ends if it is not used again. */
  expires_at: string;
  /** Whether it is the session of the request. */
  is_current: boolean;
}

/** A task, or a penalty if `is_good` is false. */
export interface Task {
  id: string;
  /** Null if it is shared with every family; then none may change it. */
  user_id: string | null;
  name: string;
  /** The points that it gives or, as a penalty, deducts; always above 0. */
  points: number;
  is_good: boolean;
  image_id: string | null;
  created_at: string | null;
  updated_at: string | null;
  /** Whether children can request it. Without effect for a penalty. */
  requestable: boolean;
  icon: Icon | null;
  /** How often each child may do it; null if as often as it wants. Without effect for a penalty. */
  limit: TaskLimit | null;
}

/** How often each child may do a task. */
export interface TaskLimit {
  /** From 1 to 100. */
  count: number;
  /** The period of the family's calendar in which it counts. */
  per: "day" | "week" | "ever";
}

/** A task, as it concerns one child. */
export interface TaskState extends Task {
  /** Whether the child has a pending request for it. */
  requested: boolean;
  request_id: string | null;
  /** Whether its limit allows the child to do it now. A pending request counts like a task done. */
  available: boolean;
  /** When the limit allows it again. Null if it is available, and if it never will be. */
  available_at: string | null;
  /** When it was last activated for the child, within 90 days. */
  last_done_at: string | null;
  /** When a parent last cancelled a request of the child, within 90 days. */
  last_rejected_at: string | null;
  /** The parent's note about that. */
  last_rejection: string | null;
}

export interface Reward {
  id: string;
  /** Null if it is shared with every family; then none may change it. */
  user_id: string | null;
  name: string;
  description: string;
  cost: number;
  image_id: string | null;
  created_at: string | null;
  updated_at: string | null;
  icon: Icon | null;
}

/** A reward, as it is offered to one child. */
export interface RewardOffer extends Reward {
  /** The number of missing points; 0 if the child can afford it. */
  points_needed: number;
  affordable: boolean;
  /** Whether the child has a pending request for it. */
  requested: boolean;
}

/** A child's pending request for a reward. */
export interface PendingReward {
  id: string;
  user_id: string;
  child_id: string;
  child_name: string;
  reward_id: string;
  reward_name: string;
  created_at: string | null;
  /** The cost at the time of the request; null in older files. */
  cost: number | null;
  note: string | null;
}

/** A child's pending request for the points of a task. */
export interface PendingTask {
  id: string;
  user_id: string;
  child_id: string;
  child_name: string;
  task_id: string;
  task_name: string;
  /** The points at the time of the request. */
  points: number;
  created_at: string;
  note: string | null;
}

export type Metric =
  | "tasks_done"
  | "points_earned"
  | "streak_days"
  | "days_without_penalty"
  | "rewards_redeemed"
  | "task_done";

/** A badge, which children earn in up to three grades. */
export interface Badge {
  /** That of a built-in badge is a word, such as `first-steps`. */
  id: string;
  /** Null for a built-in badge, which can only be hidden and shown. */
  user_id: string | null;
  name: string;
  icon: Icon | null;
  metric: Metric;
  /** The task that `task_done` counts. */
  task_id: string | null;
  /** What bronze, silver and gold need. */
  thresholds: number[];
  /** Null if all of the history counts. */
  period: "week" | "month" | null;
  /** Whether the family does not use it. */
  hidden: boolean;
  created_at: string | null;
  updated_at: string | null;
}

/** A grade of a badge that a child has earned, as the badge was at that time. */
export interface Award {
  /** Unique among the awards of the child. */
  id: string;
  child_id: string;
  badge_id: string;
  /** 1 for bronze, 2 for silver, 3 for gold. */
  grade: number;
  /** The first day of a week, a month such as `2026-02`, or null. */
  period: string | null;
  badge_name: string;
  metric: Metric;
  task_id: string | null;
  threshold: number;
  earned_at: string;
  /** Null if the passing of time reached it. */
  tracking_event_id: string | null;
  /** When the reversal of an event took it away. */
  revoked_at: string | null;
}

/** A badge, and what a child has earned of it. */
export interface ChildBadge extends Badge {
  /** What the child has of the metric: in this week or month, or in the whole history. */
  value: number;
  /** The newest 20. */
  awards: Award[];
  award_count: number;
}

/** Everything that is stored about an account. Later versions add fields. */
export interface AccountExport {
  exported_at: string;
  family_settings: FamilySettings;
  account: User;
  children: Child[];
  tasks: Task[];
  rewards: Reward[];
  pending_rewards: PendingReward[];
  pending_tasks: PendingTask[];
  ended_requests: ExportedEndedRequest[];
  sessions: ExportedSession[];
  idempotency_keys: ExportedIdempotencyKey[];
  /** The family's own, and the hidden ones. */
  badges: Badge[];
  awards: Award[];
  messages: ExportedMessage[];
  /** The oldest first. */
  tracking_events: TrackingEvent[];
}

/** A session, without its token. */
export interface ExportedSession {
  /** Null for a parent's session. */
  child_id: string | null;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  /** Whether it is a link to reset the password. */
  is_reset_link: boolean;
}

/** A request that has ended. */
export interface ExportedEndedRequest {
  id: string;
  child_id: string;
  entity_type: string;
  entity_id: string;
  /** The points of the task or the cost of the reward at the time of the request. */
  price: number | null;
  requested_at: string | null;
  /** What the child or a parent wrote with the request. */
  note: string | null;
  ended: string;
  ended_at: string;
  /** Null if its child, task or reward was deleted. */
  tracking_event_id: string | null;
}

export interface ExportedIdempotencyKey {
  key: string;
  created_at: string;
}

/** A message of the event stream, from the last 30 days. */
export interface ExportedMessage {
  type: string;
  payload: Record<string, unknown>;
  created_at: string;
}

/** One page of a list. */
export interface Page {
  /** The number of records on all pages. */
  total: number;
  limit: number;
  offset: number;
}

export interface TrackingEventList extends Page {
  tracking_events: TrackingEvent[];
  /** The id of each event of the page that is reversed, with the id of its reversal. */
  reversals: Record<string, string>;
}

export interface ChildList extends Page {
  children: Child[];
}

export interface TaskList extends Page {
  tasks: Task[];
}

export interface ListedSessionList extends Page {
  sessions: ListedSession[];
}

export interface TaskStateList extends Page {
  tasks: TaskState[];
}

export interface PendingTaskList extends Page {
  pending_tasks: PendingTask[];
}

export interface BadgeList extends Page {
  badges: Badge[];
}

export interface ChildBadgeList extends Page {
  badges: ChildBadge[];
}

export interface AwardList extends Page {
  awards: Award[];
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

/** The response to each mutation. */
export interface MutationResult {
  /** The child as it is now. */
  child: Child;
  tracking_event: TrackingEvent;
}

/** The current session. */
export interface Session {
  /** In a child's session a {@link UserForChild}. */
  user: User | UserForChild;
  scope: "parent" | "child" | "admin";
  /** The child, in a child's session. */
  child_id: string | null;
}

/** A tracking event, as the event stream sends it. */
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

/** A request that has ended: remove its prompt. */
export interface EndedRequest {
  request_id: string;
  child_id: string;
  entity_type: "task" | "reward";
  /** The requested task or reward. */
  entity_id: string;
  /** `deleted` with its child, task or reward, or because the task can no longer be requested. */
  ended: "redeemed" | "activated" | "cancelled" | "deleted";
  ended_at: string;
  /** The event that ended it; null if it was `deleted`. */
  tracking_event_id: string | null;
}

/** The `data` of a message about a request. */
export interface RequestEnded {
  type: "request_ended";
  payload: EndedRequest;
}

/** A record that was created, updated or deleted in another way than by a tracking event. */
export interface ChangedRecord {
  kind: "child" | "task" | "reward" | "pending_reward" | "pending_task" | "badge";
  id: string;
}

/** The `data` of a message about a record. */
export interface RecordsChanged {
  type: "records_changed";
  payload: ChangedRecord;
}

/** What messages about an award have in common. */
interface AwardMessage {
  award_id: string;
  child_id: string;
  badge_id: string;
  badge_name: string;
  grade: number;
  period: string | null;
}

/** A child has earned a badge. */
export interface EarnedAward extends AwardMessage {
  earned_at: string;
  /** Null if the end of a day reached it. */
  tracking_event_id: string | null;
}

/** The reversal of an event has taken a badge away. */
export interface RevokedAward extends AwardMessage {
  revoked_at: string;
  /** The reversal. */
  tracking_event_id: string;
}

/** The rank of a child after the event that changed it. */
export interface ChangedRank {
  child_id: string;
  /** From 1. */
  number: number;
  name: string;
  threshold: number;
  points_earned: number;
  tracking_event_id: string;
}

export interface BadgeAwarded {
  type: "badge_awarded";
  payload: EarnedAward;
}

export interface BadgeRevoked {
  type: "badge_revoked";
  payload: RevokedAward;
}

export interface RankChanged {
  type: "rank_changed";
  payload: ChangedRank;
}

/** The `data` of a frame of the event stream with an event or a message. */
export type StreamData =
  | TrackingEventCreated
  | RequestEnded
  | RecordsChanged
  | BadgeAwarded
  | BadgeRevoked
  | RankChanged;

/** The `data` of the frame that requires all data to be loaded again. */
export interface Resync {
  type: "resync";
}

/** When a marked account is due. */
export interface DeletionDue {
  due_at: string;
}

/** The health of the server. */
export interface Health {
  /**
   * `degraded`: everything works, but something lags; `failing`: the last write has failed, and the
   * server tries again; `read_only`: no change is accepted until a restart.
   */
  status: "ok" | "degraded" | "failing" | "read_only";
  /** Why changes are refused; for whoever may monitor the server. */
  reason?: string;
  /** Only for whoever may monitor the server. */
  projections?: Projection[];
  /**
   * When the last verified backup of the schedule began. Only if there is one, and for whoever may monitor
   * the server.
   */
  last_backup_at?: string;
}

/** A part of the server that follows the recorded changes. */
export interface Projection {
  name: string;
  /** How many changes it has not processed yet. */
  backlog: number;
  last_error: string | null;
}

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
  name: "children" | "tasks" | "rewards" | "pending_requests" | "badges" | "display_bytes";
  most: number;
}

/** `docs/api.md`, "Errors", explains each. */
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
  | "OPERATOR_REQUIRED"
  | "SHARED_READ_ONLY"
  | "WRONG_PASSWORD"
  | "PASSWORD_REQUIRED"
  | "INVALID_RESET_LINK"
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
