/** The data of the event stream. */

import type { Action, EntityType } from "./models";

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
  kind: "child" | "task" | "reward" | "pending_reward" | "pending_task" | "badge" | "occurrence" | "webhook";
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

/** The reversal of an event has revoked an award. */
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

/** A task that a child is to do on a day. */
export interface OccurrenceMessage {
  task_id: string;
  task_name: string;
  child_id: string;
  date: string;
  due_at: string;
  ends_at: string;
}

export interface TaskDue {
  type: "task_due" | "task_late" | "task_missed" | "task_done";
  payload: OccurrenceMessage;
}

/** What happened to the tasks of a child while no server was running. */
export interface Summary {
  child_id: string;
  from: string;
  to: string;
  due: number;
  late: number;
  missed: number;
}

export interface TasksSummary {
  type: "tasks_summary";
  payload: Summary;
}

/** The `data` of a frame of the event stream with an event or a message. */
export type StreamData =
  | TrackingEventCreated
  | RequestEnded
  | RecordsChanged
  | BadgeAwarded
  | BadgeRevoked
  | RankChanged
  | TaskDue
  | TasksSummary;

/** The `data` of the frame that requires all data to be loaded again. */
export interface Resync {
  type: "resync";
}
