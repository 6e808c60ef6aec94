/** Webhooks: what happens in the family is sent to programs of the family. */

import type { CallOptions, MutationOptions, Paging } from "./apiOptions";
import { at } from "./client";
import { TokensApi } from "./tokensApi";
import type {
  NewWebhook,
  RequestedDelivery,
  Webhook,
  WebhookDeliveryList,
  WebhookList,
  WebhookPatch,
  WebhookWithSecret,
} from "./webhooks";

/** The calls of webhooks. */
export class WebhooksApi extends TokensApi {
  /** The webhooks of the family, without their secrets. */
  webhooks(page: Paging = {}, options?: CallOptions): Promise<WebhookList> {
    return this.request("GET", "/webhooks", { ...options, query: page });
  }

  /** Creates a webhook, which sends what happens from now on. Only this response contains its secret. */
  createWebhook(
    webhook: NewWebhook,
    options?: MutationOptions,
  ): Promise<{ webhook: WebhookWithSecret }> {
    return this.create("/webhooks", webhook, options);
  }

  webhook(id: string, options?: CallOptions): Promise<{ webhook: Webhook }> {
    return this.request("GET", at`/webhooks/${id}`, options);
  }

  /** Changes some fields. One that is enabled again continues where it has stopped. */
  updateWebhook(
    id: string,
    patch: WebhookPatch,
    options?: CallOptions,
  ): Promise<{ webhook: Webhook }> {
    return this.request("PATCH", at`/webhooks/${id}`, { ...options, body: patch });
  }

  deleteWebhook(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/webhooks/${id}`, options);
  }

  /** Gives a webhook a new secret. The one before is valid for 24 hours more. */
  rotateWebhookSecret(
    id: string,
    options?: CallOptions,
  ): Promise<{ webhook: WebhookWithSecret }> {
    return this.request("POST", at`/webhooks/${id}/rotate-secret`, options);
  }

  /** Has a test message sent soon, once. */
  testWebhook(id: string, options?: CallOptions): Promise<RequestedDelivery> {
    return this.request("POST", at`/webhooks/${id}/test`, options);
  }

  /** The last 100 deliveries, the newest first. */
  webhookDeliveries(
    id: string,
    page: Paging = {},
    options?: CallOptions,
  ): Promise<WebhookDeliveryList> {
    return this.request("GET", at`/webhooks/${id}/deliveries`, { ...options, query: page });
  }

  /** Has a message sent again soon, once, with the same id. */
  resendWebhookDelivery(
    id: string,
    deliveryId: string,
    options?: CallOptions,
  ): Promise<RequestedDelivery> {
    return this.request("POST", at`/webhooks/${id}/deliveries/${deliveryId}/resend`, options);
  }
}
