/** Webhooks, which send what happens in the family to programs of the family. */

import type { Page } from "./lists";

/** The types of the messages that a webhook can send. */
export type WebhookEvent =
  | "tracking_event.created"
  | "request.ended"
  | "badge.awarded"
  | "badge.revoked"
  | "rank.changed"
  | "task.due"
  | "task.late"
  | "task.missed"
  | "task.done"
  | "tasks.summary"
  | "records.changed";

export interface Webhook {
  id: string;
  url: string;
  events: WebhookEvent[];
  /** It sends only what is about this child; null for everything about the family. */
  child_id: string | null;
  enabled: boolean;
  /** A parent, an answer 410, or five days without a success. */
  disabled_by: "parent" | "gone" | "failing" | null;
  disabled_at: string | null;
  /** Null after a success. */
  failing_since: string | null;
  next_attempt_at: string | null;
  created_at: string;
  updated_at: string;
}

/** A webhook with its new secret. */
export interface WebhookWithSecret extends Webhook {
  /** Null in the response to a repeat. No other response contains it. */
  secret: string | null;
}

export interface WebhookList extends Page {
  webhooks: Webhook[];
}

export interface NewWebhook {
  url: string;
  events: WebhookEvent[];
  child_id?: string | null;
}

export type WebhookPatch = Partial<NewWebhook> & { enabled?: boolean };

/** The delivery of a message. */
export interface WebhookDelivery {
  id: string;
  webhook_id: string;
  /** The header `webhook-id`, which is the same in every attempt. */
  message_id: string;
  type: WebhookEvent | "webhook.test";
  created_at: string;
  /** `retrying`: another attempt follows. */
  status: "delivered" | "retrying" | "failed";
  attempts: number;
  /** The last attempt. */
  attempted_at: string;
  duration_ms: number;
  /** Null without an answer. */
  response_status: number | null;
  /** Why there is no answer. */
  error: "forbidden" | "unresolved" | "unreachable" | "tls" | "protocol" | "timeout" | null;
}

export interface WebhookDeliveryList extends Page {
  deliveries: WebhookDelivery[];
}

/** A message that will be sent soon. */
export interface RequestedDelivery {
  message_id: string;
}
