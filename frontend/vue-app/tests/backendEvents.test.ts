import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { Api, NetworkError } from "../src/common/api";
import type { BackendEvents } from "../src/common/backendEvents";
import type { ChangedRecord, Child, EndedRequest, TrackingEventPayload } from "../src/common/models";
import { Recorder, until } from "./harness/events";
import { family, Goldstar, type Session } from "./harness/goldstar";
import { BadGateway, Relay } from "./harness/relay";

let goldstar: Goldstar;
let relay: Relay;
let badGateway: BadGateway;
let parent: Session;
const opened: BackendEvents[] = [];

beforeAll(async () => {
  goldstar = await Goldstar.start();
  relay = await Relay.start(goldstar.baseUrl);
  badGateway = await BadGateway.start();
  parent = await goldstar.signUp("paula@example.org", relay.baseUrl);
});

afterEach(() => {
  opened.splice(0).forEach((events) => events.close());
  relay.target = goldstar.baseUrl;
});

afterAll(async () => {
  relay.close();
  badGateway.close();
  await goldstar.remove();
});

/** Follows a session's stream, once it has begun. */
async function follow(session = parent): Promise<Recorder> {
  const recorder = new Recorder(session);
  opened.push(recorder.events);
  await recorder.until(({ heard }) => heard.length > 0);
  return recorder;
}

/** Brings the server back after it was killed. */
async function restart(): Promise<void> {
  await goldstar.restart();
  relay.target = goldstar.baseUrl;
}

/** The session's calls past the relay. */
function directly({ token }: Session): Api {
  return new Api({ baseUrl: goldstar.baseUrl, token });
}

/** The token of a child's session, in the place of a parent's. */
async function childOf(session: Session, { child }: { child: Child }): Promise<string> {
  return (await goldstar.becomeChild(session, child.id)).token;
}

/** A session that may become another one, as a browser's does with its cookie. */
function cookieOf(browser: { token: string }): Session {
  const send: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("Authorization", `Bearer ${browser.token}`);
    return fetch(input, { ...init, headers });
  };
  return {
    token: browser.token,
    api: new Api({ baseUrl: relay.baseUrl, fetch: send, retryDelay: () => 50 }),
  };
}

/** How many streams the server has open. */
async function openStreams(): Promise<number> {
  const metrics = await (await fetch(`${goldstar.baseUrl}/metrics`)).text();
  return Number(/^goldstar_sse_readers (\d+)/m.exec(metrics)?.[1]);
}

test("each event is told of once, in its order, with what it is about", async () => {
  const { api } = parent;
  const { child, task, reward } = await family(parent);
  const recorder = await follow();
  const payloads: TrackingEventPayload[] = [];
  recorder.events.on("tracking_event_created", (payload) => payloads.push(payload));
  const first = (await api.activateTask(child.id, task.id)).tracking_event;
  const second = (await api.requestReward(child.id, reward.id)).tracking_event;
  await recorder.until(({ heard }) => heard.length === 3);
  expect(recorder.heard).toEqual(["resync", first.id, second.id]);
  const { id, user_id: _, created_at: __, metadata: ___, ...rest } = first;
  expect(payloads[0]).toEqual({ tracking_event_id: id, ...rest });
  expect(recorder.states).toEqual(["open"]);
  expect(recorder.errors).toEqual([]);
});

test("the end of a request and a changed record are reported", async () => {
  const { child, task, reward } = await family(parent);
  const recorder = await follow();
  const ended: EndedRequest[] = [];
  const changed: ChangedRecord[] = [];
  recorder.events.on("request_ended", (request) => ended.push(request));
  recorder.events.on("records_changed", (record) => changed.push(record));
  await parent.api.activateTask(child.id, task.id);
  const asked = (await parent.api.requestReward(child.id, reward.id)).tracking_event;
  const redeemed = (await parent.api.redeemReward(child.id, reward.id)).tracking_event;
  await parent.api.request("DELETE", `/tasks/${task.id}`);
  await until(() => changed.length > 0);
  expect(ended).toEqual([
    {
      request_id: asked.metadata?.request_id,
      child_id: child.id,
      entity_type: "reward",
      entity_id: reward.id,
      ended: "redeemed",
      ended_at: redeemed.occurred_at,
      tracking_event_id: redeemed.id,
    },
  ]);
  expect(changed).toEqual([{ kind: "task", id: task.id }]);
});

test("a badge that a child has earned is reported", async () => {
  const { child, task } = await family(parent);
  const recorder = await follow();
  const earned: string[] = [];
  const revoked: string[] = [];
  // Messages about the children of earlier tests can still arrive.
  const isOwn = (message: { child_id: string }) => message.child_id === child.id;
  recorder.events.on("badge_awarded", (award) => isOwn(award) && earned.push(award.award_id));
  recorder.events.on("badge_revoked", (award) => isOwn(award) && revoked.push(award.award_id));
  const { id } = (await parent.api.activateTask(child.id, task.id)).tracking_event;
  await until(() => earned.length > 0);
  expect(earned).toEqual(["first-steps.1"]);
  await parent.api.reverseEvent(child.id, id);
  await until(() => revoked.length > 0);
  expect(revoked).toEqual(["first-steps.1"]);
});

test("a listener is told of nothing any more once it is taken away", async () => {
  const { child, task } = await family(parent);
  const recorder = await follow();
  const heard: string[] = [];
  const stop = recorder.events.on("tracking_event_created", (event) => {
    heard.push(event.tracking_event_id);
    stop();
  });
  const first = (await parent.api.activateTask(child.id, task.id)).tracking_event;
  await parent.api.activateTask(child.id, task.id);
  await recorder.until((all) => all.heard.length === 3);
  expect(heard).toEqual([first.id]);
});

test("a child's session hears of that child", async () => {
  const [one, other] = [await family(parent), await family(parent)];
  const login = await goldstar.logIn("paula@example.org", relay.baseUrl);
  const recorder = await follow(await goldstar.becomeChild(login, one.child.id));
  await parent.api.activateTask(other.child.id, other.task.id);
  const own = (await parent.api.activateTask(one.child.id, one.task.id)).tracking_event;
  await recorder.until(({ heard }) => heard.length === 2);
  expect(recorder.heard).toEqual(["resync", own.id]);
});

describe("nothing is missed or doubled", () => {
  test("over a connection that was cut", async () => {
    const { api } = parent;
    const { child, task } = await family(parent);
    const recorder = await follow();
    const events = [(await api.activateTask(child.id, task.id)).tracking_event.id];
    await recorder.until(({ heard }) => heard.length === 2);
    relay.target = undefined;
    relay.cut();
    await recorder.until(({ states }) => states.at(-1) === "connecting");
    const direct = directly(parent);
    for (let made = 0; made < 3; made += 1) {
      events.push((await direct.activateTask(child.id, task.id)).tracking_event.id);
    }
    relay.target = goldstar.baseUrl;
    await recorder.until(({ heard }) => heard.length === 5);
    expect(recorder.heard).toEqual(["resync", ...events]);
    expect(recorder.states).toEqual(["open", "connecting", "open"]);
  });

  test("over a connection that was cut before the first event", async () => {
    const { child, task } = await family(parent);
    const recorder = await follow();
    relay.target = undefined;
    relay.cut();
    await recorder.until(({ states }) => states.at(-1) === "connecting");
    const direct = directly(parent);
    const { tracking_event } = await direct.activateTask(child.id, task.id);
    relay.target = goldstar.baseUrl;
    await recorder.until(({ heard }) => heard.length === 2);
    expect(recorder.heard).toEqual(["resync", tracking_event.id]);
  });

  test("over the server's death", async () => {
    const { api } = parent;
    const { child, task } = await family(parent);
    const recorder = await follow();
    const first = (await api.activateTask(child.id, task.id)).tracking_event;
    await recorder.until(({ heard }) => heard.length === 2);
    await goldstar.kill();
    await recorder.until(({ states }) => states.at(-1) === "connecting");
    await restart();
    const second = (await api.activateTask(child.id, task.id)).tracking_event;
    await recorder.until(({ heard }) => heard.length === 3);
    expect(recorder.heard).toEqual(["resync", first.id, second.id]);
  });

  test("where a source gives up, and another one is opened", async () => {
    const session = await goldstar.logIn("paula@example.org", relay.baseUrl);
    const direct = { ...session, api: directly(session) };
    const { child, task } = await family(direct);
    const recorder = await follow(session);
    const first = (await direct.api.activateTask(child.id, task.id)).tracking_event;
    await recorder.until(({ heard }) => heard.length === 2);

    // While it is away its place is taken, so that the server answers 429.
    relay.target = undefined;
    relay.cut();
    const others = await Promise.all(Array.from({ length: 10 }, () => follow(direct)));
    const second = (await direct.api.activateTask(child.id, task.id)).tracking_event;
    relay.target = goldstar.baseUrl;
    await recorder.until(({ resumed }) => resumed.length === 3);
    others.forEach(({ events }) => events.close());
    await recorder.until(({ heard }) => heard.length === 3);
    expect(recorder.heard).toEqual(["resync", first.id, second.id]);
    const [none, ...resumed] = recorder.resumed;
    expect(none).toBe("none");
    expect(new Set(resumed).size).toBe(1);
    expect(Number(resumed[0])).toBeGreaterThan(0);
    expect(recorder.ends).toEqual([]);
    expect(recorder.errors.at(-1)).toMatchObject({ message: "The stream can't be opened." });
  });

  test("where something else answers for a while", async () => {
    const { child, task } = await family(parent);
    const recorder = await follow();
    relay.target = badGateway.baseUrl;
    relay.cut();
    await recorder.until(({ errors }) => errors.length >= 2);
    const { tracking_event } = await directly(parent).activateTask(child.id, task.id);
    relay.target = goldstar.baseUrl;
    relay.cut();
    await recorder.until(({ heard }) => heard.length === 2);
    expect(recorder.heard).toEqual(["resync", tracking_event.id]);
    for (const error of recorder.errors) expect(error).toBeInstanceOf(NetworkError);
    expect(recorder.states).toEqual(["open", "connecting", "open"]);
  });
});

test("each outage is waited for anew, longer and longer", async () => {
  const delays: number[] = [];
  const retryDelay = (retries: number) => {
    delays.push(retries);
    return 20;
  };
  const { token } = parent;
  const api = new Api({ baseUrl: relay.baseUrl, token, retryDelay });
  const recorder = await follow({ token, api });
  for (let outage = 1; outage <= 2; outage += 1) {
    const earlier = delays.length;
    relay.target = badGateway.baseUrl;
    relay.cut();
    await recorder.until(() => delays.length >= earlier + 3);
    relay.target = goldstar.baseUrl;
    relay.cut();
    const isOpen = (state: string) => state === "open";
    await recorder.until(({ states }) => states.filter(isOpen).length > outage);
    expect(delays.slice(earlier, earlier + 3)).toEqual([0, 1, 2]);
  }
});

test("a server that has lost what was heard asks to load anew, and is heard again", async () => {
  const { api } = parent;
  const { child, task } = await family(parent);
  await goldstar.kill();
  await goldstar.backUp();
  await restart();
  const recorder = await follow();
  for (let made = 0; made < 2; made += 1) await api.activateTask(child.id, task.id);
  await recorder.until(({ heard }) => heard.length === 3);
  await goldstar.kill();
  await goldstar.restoreBackup();
  await restart();
  await recorder.until(({ heard }) => heard.length === 4);
  // Its row has the number of one that was heard before.
  const { tracking_event } = await api.activateTask(child.id, task.id);
  await recorder.until(({ heard }) => heard.length === 5);
  expect(recorder.heard.slice(3)).toEqual(["resync", tracking_event.id]);
});

describe("it ends", () => {
  test("with the session, and says so", async () => {
    const session = await goldstar.logIn("paula@example.org", relay.baseUrl);
    const recorder = await follow(session);
    await session.api.request("POST", "/auth/logout");
    await recorder.until(({ ends }) => ends.length > 0);
    expect(recorder.events.state).toBe("closed");
    expect(recorder.states).toEqual(["open", "connecting", "closed"]);
    expect(recorder.resumed).toHaveLength(1);
    expect(recorder.errors).toEqual([]);
  });

  test.each(["another account's", "a child's", "another child's"])(
    "where the browser has %s session when it connects again",
    async (whose) => {
      const [mia, noah] = [await family(parent), await family(parent)];
      const own = await goldstar.logIn("paula@example.org");
      const token = whose === "another child's" ? await childOf(own, mia) : own.token;
      const browser = { token };
      const recorder = await follow(cookieOf(browser));
      relay.target = undefined;
      relay.cut();
      await recorder.until(({ states }) => states.at(-1) === "connecting");
      const isOthers = whose === "another account's";
      const next = await goldstar.logIn(isOthers ? "ada@example.org" : "paula@example.org");
      browser.token = isOthers ? next.token : await childOf(next, noah);
      await directly(parent).activateTask(noah.child.id, noah.task.id);
      relay.target = goldstar.baseUrl;
      await recorder.until(({ ends }) => ends.length > 0);
      expect(recorder.heard).toEqual(["resync"]);
      expect(recorder.events.state).toBe("closed");
      expect(recorder.resumed).toHaveLength(1);
    },
  );

  test("before it begins, where there is no session", async () => {
    const token = "0".repeat(64);
    const recorder = new Recorder({
      token,
      api: new Api({ baseUrl: relay.baseUrl, token }),
    });
    await recorder.until(({ ends }) => ends.length > 0);
    expect(recorder.states).toEqual(["closed"]);
    expect(recorder.heard).toEqual([]);
    expect(recorder.resumed).toEqual([]);
  });

  test("when it is closed", async () => {
    const { child, task } = await family(parent);
    const [one, other] = [await follow(), await follow()];
    one.events.close();
    expect(one.events.state).toBe("closed");
    one.events.close();
    await parent.api.activateTask(child.id, task.id);
    await other.until(({ heard }) => heard.length === 2);
    expect(one.heard).toEqual(["resync"]);
    expect(one.states).toEqual(["open", "closed"]);
    // The server is rid of it as well.
    await until(async () => (await openStreams()) === 1);
  });

  test.each([
    ["before it waits for its next turn", (close: () => void) => close()],
    ["while it waits for its next turn", (close: () => void) => setImmediate(close)],
  ])("when it is closed %s", async (_, inTime) => {
    const [one, other] = [await follow(), await follow()];
    one.events.on("error", () => inTime(() => one.events.close()));
    relay.target = badGateway.baseUrl;
    relay.cut();
    await one.until(({ states }) => states.at(-1) === "closed");
    // The other one has its turns meanwhile.
    const turns = other.errors.length;
    await other.until(({ errors }) => errors.length >= turns + 3);
    expect(one.resumed).toHaveLength(1);
    relay.target = goldstar.baseUrl;
    relay.cut();
    await other.until(({ states }) => states.at(-1) === "open");
    expect(one.states).toEqual(["open", "connecting", "closed"]);
  });
});
