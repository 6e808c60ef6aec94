/**
 * The records of Goldstar's API. Tests compare each type with the server's own description,
 * `docs/openapi.json`.
 *
 * A time is a text in UTC with six digits after the second, `2026-02-09T18:42:15.123456Z`; a `Date`
 * keeps three of them. A record of an older data directory may have further fields, which Goldstar
 * returns as they are.
 */

import type { FamilyRole } from "./households";
import type { Colour, Icon } from "./icons";
import type { Plan } from "./schedules";

export * from "./accountExport";
export * from "./badges";
export * from "./devices";
export * from "./errors";
export * from "./households";
export * from "./icons";
export * from "./lists";
export * from "./schedules";
export * from "./streamData";
export * from "./tokens";
export * from "./webhooks";

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
  /** The member of the family who acted, if it has several adults. */
  actor_id?: string;
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
  /** Whether helpers may activate penalties. */
  penalties_by_helpers: boolean;
  /** A streak needs one task a day, or as many as the daily goal; or everything that was due. */
  streak_rule: "any_task" | "all_due";
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
  /** The name of the device, if it is that of a child's device. */
  device_name: string | null;
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
  /** The newest plan; null if it has no schedule. Without effect for a penalty. */
  schedule: Plan | null;
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
  /** The `user_id` of the family's records. */
  family_id: string;
  /** Null for a child. */
  family_role: FamilyRole | null;
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
