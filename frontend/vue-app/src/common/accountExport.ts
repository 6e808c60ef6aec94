/** The export of an account, which contains everything that is stored about it. */

import type { Award, Badge } from "./badges";
import type {
  CalendarFeed,
  Child,
  FamilySettings,
  Member,
  PendingReward,
  PendingTask,
  Reward,
  Task,
  TrackingEvent,
  User,
} from "./models";
import type { ApiToken } from "./tokens";
import type { Webhook, WebhookDelivery } from "./webhooks";

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
  calendar_feeds: CalendarFeed[];
  webhooks: Webhook[];
  members: Member[];
  idempotency_keys: ExportedIdempotencyKey[];
  /** The account's own. */
  api_tokens: ApiToken[];
  /** The family's own, and the hidden ones. */
  badges: Badge[];
  awards: Award[];
  schedule_marks: ExportedScheduleMark[];
  /** In no order. */
  webhook_deliveries: WebhookDelivery[];
  messages: ExportedMessage[];
  /** The oldest first. */
  tracking_events: TrackingEvent[];
}

/** A session, without its token. */
export interface ExportedSession {
  /** Null for a parent's session. */
  child_id: string | null;
  /** The name of the device, if it is that of a child's device. */
  device_name: string | null;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  /** Whether it is a link to reset the password. */
  is_reset_link: boolean;
  /** Whether it is a device that has not fetched its session yet. */
  is_waiting: boolean;
  /** Whether it is an invitation to the family. */
  is_invitation: boolean;
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

/** What is stored about an occurrence of a scheduled task. */
export interface ExportedScheduleMark {
  task_id: string;
  child_id: string;
  day: string;
  /** `skipped`, `penalty`, or the message that was sent. */
  kind: string;
  /** What the parent wrote who skipped it. */
  note: string | null;
  created_at: string;
}

/** A message of the event stream, from the last 30 days. */
export interface ExportedMessage {
  type: string;
  payload: Record<string, unknown>;
  created_at: string;
}
