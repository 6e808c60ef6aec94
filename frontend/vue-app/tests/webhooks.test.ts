/** Webhooks of the real server, whose signatures the library of Standard Webhooks verifies. */

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { family, Goldstar, type Session } from "./harness/goldstar";

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

let goldstar: Goldstar;
let parent: Session;
let receiver: Server;
const received: Received[] = [];

beforeAll(async () => {
  goldstar = await Goldstar.start();
  parent = await goldstar.signUp("paula@example.org");
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
});

afterAll(async () => {
  receiver.close();
  await goldstar.remove();
});

function verified(message: Received, secret: string | null): unknown {
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
  );
  return new Webhook(secret ?? "").verify(message.body, headers);
}

test("a receiver verifies what the server sends", async () => {
  const { api } = parent;
  const { child, task } = await family(parent);
  const { port } = receiver.address() as AddressInfo;
  const events = ["tracking_event.created" as const];
  const { webhook } = await api.createWebhook({ url: `http://127.0.0.1:${port}/`, events });
  const rotated = (await api.rotateWebhookSecret(webhook.id)).webhook;
  const { tracking_event } = await api.activateTask(child.id, task.id);
  const message = await vi.waitFor(() => {
    const [first] = received;
    if (first === undefined) throw new Error("nothing was received");
    return first;
  }, 10_000);
  for (const { secret } of [webhook, rotated]) {
    expect(verified(message, secret)).toMatchObject({
      type: "tracking_event.created",
      data: { tracking_event_id: tracking_event.id, child_id: child.id },
    });
  }
  const other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  expect(() => verified(message, other)).toThrow();
  await vi.waitFor(async () => {
    const { deliveries } = await api.webhookDeliveries(webhook.id);
    expect(deliveries).toMatchObject([{ status: "delivered", response_status: 204 }]);
  }, 10_000);
  await api.testWebhook(webhook.id);
  const [delivery] = (await api.webhookDeliveries(webhook.id)).deliveries.slice(-1);
  const again = await api.resendWebhookDelivery(webhook.id, delivery?.id ?? "");
  expect(again.message_id).toBe(message.headers["webhook-id"]);
  await vi.waitFor(() => expect(received.length).toBe(3), 10_000);
  const { webhook: disabled } = await api.updateWebhook(webhook.id, { enabled: false });
  expect((await api.webhook(webhook.id)).webhook).toEqual(disabled);
  expect((await api.webhooks()).webhooks).toEqual([disabled]);
  await api.deleteWebhook(webhook.id);
});
