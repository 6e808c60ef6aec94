/** Two servers on one database behind nginx, with the TypeScript client and a browser. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Api, newIdempotencyKey } from "../../src/common/api";
import { Recorder, until } from "../../tests/harness/events";
import { family, type Session } from "../../tests/harness/goldstar";
import { launch } from "../chromium";
import { type Server, SetUp } from "./set_up";

const password = "correct horse battery";

let browser: Browser;
let setUp: SetUp;
/** A family's session, through the proxy. */
let parent: Session;
let admin: string;

beforeAll(async () => {
  // The certificate is the test's own.
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  setUp = await SetUp.start();
  browser = await launch(`--host-resolver-rules=MAP ${new URL(setUp.site).hostname} 127.0.0.1`);
  await setUp.servers[0]!.run(["admin", "create", "--email", "ada@example.org"], `${password}\n`);
  admin = await logIn(setUp.servers[0]!.address, "/auth/login", { email: "ada@example.org" });
  const baseUrl = `https://127.0.0.1:${setUp.port}/api`;
  const account = { first_name: "Paula", last_name: "Parent", email: "paula@example.org" };
  const token = await logIn(baseUrl, "/auth/signup", account);
  parent = { token, api: new Api({ baseUrl, token, retryDelay: () => 50 }) };
});

afterAll(async () => {
  await browser?.close();
  await setUp?.stop();
});

/** Logs in or signs up, and returns the session's token. */
async function logIn(baseUrl: string, path: string, account: object): Promise<string> {
  const body = JSON.stringify({ ...account, password });
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(baseUrl + path, { method: "POST", headers, body });
  if (!response.ok) throw new Error(await response.text());
  return /^session=(\w+)/.exec(response.headers.getSetCookie()[0]!)![1]!;
}

/** The number of activations that a server has executed since its start. */
async function activations(server: Server): Promise<number> {
  const headers = { Authorization: `Bearer ${admin}` };
  const metrics = await (await fetch(`${server.address}/metrics`, { headers })).text();
  const lines = metrics.split("\n").filter((line) => /http_requests_total\{.*activate/.test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** A page of the site with an event stream of the family, which the browser itself opens again. */
async function openPage(): Promise<Page> {
  const context = await browser.newContext({ baseURL: setUp.site, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto("/");
  const status = await page.evaluate(async (login) => {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/auth/login", { method: "POST", headers, body: login });
    if (!answer.ok) return answer.status;
    const heard: string[] = [];
    const source = new EventSource("/api/events");
    source.addEventListener("tracking_event_created", ({ data }) => {
      heard.push(JSON.parse(data).payload.tracking_event_id);
    });
    Object.assign(window, { heard });
    await new Promise((resolve) => source.addEventListener("open", resolve, { once: true }));
    return answer.status;
  }, JSON.stringify({ email: "paula@example.org", password }));
  expect(status).toBe(200);
  return page;
}

const heardBy = (page: Page) => page.evaluate(() => (window as unknown as { heard: string[] }).heard);

test("streams behind nginx get each event of two servers once, while one after the other is stopped", async () => {
  const { child, task } = await family(parent);
  const recorder = new Recorder(parent);
  await recorder.until(({ heard }) => heard.length > 0);
  const page = await openPage();
  const ids: string[] = [];
  const activate = async () => {
    const idempotencyKey = newIdempotencyKey();
    const options = { idempotencyKey, retries: 20 };
    ids.push((await parent.api.activateTask(child.id, task.id, options)).tracking_event.id);
  };
  /** Activates until each server has executed some activations. */
  const spread = async () => {
    const before = await Promise.all(setUp.servers.map(activations));
    await until(async () => {
      await activate();
      const now = await Promise.all(setUp.servers.map(activations));
      return now.every((count, server) => count >= before[server]! + 5);
    });
  };
  await spread();
  // One of the two has the stream.
  for (const server of setUp.servers) {
    const stopped = server.stop();
    for (let count = 0; count < 20; count += 1) await activate();
    await stopped;
    for (let count = 0; count < 5; count += 1) await activate();
    await server.start();
    await spread();
  }
  await recorder.until(({ heard }) => heard.length > ids.length);
  expect(recorder.heard).toEqual(["resync", ...ids]);
  await expect.poll(() => heardBy(page)).toEqual(ids);
  expect(recorder.states.filter((state) => state === "connecting")).not.toEqual([]);
  recorder.events.close();
});
