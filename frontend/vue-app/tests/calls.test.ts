/** The calls of records and accounts, against the real server, and that none is missing. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { AdministrationApi } from "../src/common/administrationApi";
import { DevicesApi } from "../src/common/devicesApi";
import { Api, ApiError } from "../src/common/api";
import { HouseholdApi } from "../src/common/householdApi";
import { SchedulesApi } from "../src/common/schedulesApi";
import { TokensApi } from "../src/common/tokensApi";
import { TrackingApi } from "../src/common/trackingApi";
import { WebhooksApi } from "../src/common/webhooksApi";
import { family, Goldstar, type Session } from "./harness/goldstar";

let goldstar: Goldstar;
let parent: Session;
let admin: Session;

beforeAll(async () => {
  goldstar = await Goldstar.start();
  parent = await goldstar.signUp("paula@example.org");
  admin = await goldstar.logIn("ada@example.org");
});

afterAll(() => goldstar.remove());

/** Routes that are no JSON, and those of older front ends. */
const OTHERS =
  /^\/(events|metrics|docs|openapi\.json|child\/|badge-images\/|calendar\/|children\/\{id\}\/certificates\/)/;

test("every JSON route has a call", async () => {
  const file = join(import.meta.dirname, "../../../docs/openapi.json");
  const { paths } = JSON.parse(await readFile(file, "utf8")) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const routes = Object.entries(paths)
    .filter(([path]) => !OTHERS.test(path))
    .flatMap(([path, methods]) =>
      ["get", "post", "put", "patch", "delete"]
        .filter((method) => method in methods)
        .map((method) => `${method} ${path.replaceAll(/\{\w+\}/g, "ID")}`),
    );
  const called = new Set<string>();
  const record: typeof fetch = (input, init) => {
    const path = String(input).split("?", 1)[0];
    called.add(`${(init?.method ?? "GET").toLowerCase()} ${path}`);
    return Promise.resolve(new Response(`{"tracking_events":[],"total":0}`));
  };
  const api = new Api({ baseUrl: "", fetch: record });
  const classes = [Api, AdministrationApi, HouseholdApi, DevicesApi, SchedulesApi, TokensApi, TrackingApi, WebhooksApi];
  const names = classes
    .flatMap((one) => Object.getOwnPropertyNames(one.prototype))
    .filter((name) => name !== "constructor");
  for (const name of names) {
    const call = Reflect.get(api, name) as (...ids: unknown[]) => unknown;
    const result = call.call(api, "ID", "ID", {});
    if (name.startsWith("all")) await (result as AsyncGenerator).next();
    else await result;
  }
  expect(routes.filter((route) => !called.has(route))).toEqual([]);
});

test("a family sets its days", async () => {
  const { api } = parent;
  const pauses = [{ from: "2026-08-01", to: "2026-08-14" }];
  const changed = await api.setFamilySettings({ time_zone: "Europe/Berlin", pauses });
  expect(changed).toMatchObject({ time_zone: "Europe/Berlin", pauses, week_start: "monday" });
  expect(await api.familySettings()).toEqual(changed);
});

test("events add up to progress", async () => {
  const { api } = parent;
  const { child } = await api.createChild({ name: "Ida" });
  const { task } = await api.createTask({ name: "Laundry", points: 6 });
  await api.activateTask(child.id, task.id);
  const { balance, streak, rank, badges } = await api.progress(child.id);
  expect(badges.newest.map((award) => award.id)).toEqual(["first-steps.1"]);
  expect(badges.nearest[0]).toMatchObject({ badge_id: "warm-up", value: 1, threshold: 3 });
  expect(balance.all_time.good).toEqual({ count: 1, points: 6 });
  expect([streak.current, rank.points_earned]).toEqual([1, 6]);
  const { series, tasks } = await api.statistics(child.id, { by: "month" });
  expect(series.at(-1)).toMatchObject({ tasks_done: 1, points_earned: 6 });
  expect(tasks).toEqual([{ id: task.id, name: "Laundry", count: 1 }]);
  const { ranking } = await api.ranking({ by: "tasks_done" });
  expect(ranking[0]).toMatchObject({ place: 1, child_id: child.id });
  await Promise.all([api.deleteChild(child.id), api.deleteTask(task.id)]);
});

test("an adult joins and leaves", async () => {
  const { api } = parent;
  const { link } = await api.invite({ role: "helper" });
  const secret = link?.split("#")[1] ?? "";
  const person = await goldstar.signUp("oma@example.org");
  expect(await person.api.showInvitation(secret)).toMatchObject({ role: "helper" });
  await person.api.acceptInvitation(secret);
  const helper = await goldstar.logIn("oma@example.org");
  const { family_id, family_role } = await helper.api.me();
  expect([family_id, family_role]).toEqual([(await api.me()).family_id, "helper"]);
  const { members } = await api.members();
  expect(members.map((member) => member.role)).toEqual(["owner", "helper"]);
  await helper.api.leaveFamily();
  expect((await api.members()).members).toHaveLength(1);
  await api.invite({ role: "parent" });
  const { invitations } = await api.invitations();
  await api.revokeInvitation(invitations[0]?.id ?? "");
});

test("a task recurs", async () => {
  const { api } = parent;
  const { child } = await api.createChild({ name: "Ada" });
  const schedule = { who: { rotation: [child.id] }, every: "day" as const, grace_days: 1 };
  const { task } = await api.createTask({ name: "Dishes", points: 2, schedule });
  expect(task.schedule).toMatchObject({ who: { rotation: [child.id], each: "occurrence" } });
  const { date, occurrences } = await api.today(child.id);
  expect(occurrences).toMatchObject([{ task_id: task.id, day: date, state: "due", allowed: true }]);
  const { occurrence } = await api.skipTask(child.id, task.id, { date, note: "Ill" });
  expect([occurrence.state, occurrence.note]).toEqual(["skipped", "Ill"]);
  expect((await api.undoSkip(child.id, task.id)).occurrence.state).toBe("due");
  await api.activateTask(child.id, task.id);
  const week = await api.familySchedule({ from: date });
  const states = week.occurrences.map((one) => one.state);
  expect(states).toEqual(["done", ...Array(6).fill("upcoming")]);
  expect(await api.schedule(child.id)).toEqual(week);
  const { feed } = await api.createCalendarFeed(child.id);
  expect((await api.calendarFeeds(child.id)).feeds).toMatchObject([{ id: feed.id }]);
  expect(feed.url).toMatch(/^\/api\/calendar\/[0-9a-f]{32}\.ics$/);
  await api.deleteCalendarFeed(child.id, feed.id);
  const { total } = await api.familyStatistics();
  expect(total).toMatchObject({ done: 1, missed: 0, rate: 1 });
  await Promise.all([api.deleteChild(child.id), api.deleteTask(task.id)]);
});

test("a device is paired with a child", async () => {
  const { api } = parent;
  const { child } = await api.createChild({ name: "Ada" });
  const device = new Api({ baseUrl: goldstar.baseUrl });
  const codes = await device.deviceCodes("Tablet");
  expect(codes.qr_svg).toContain("<svg");
  expect(await device.deviceSession(codes.device_code)).toBeNull();
  expect((await api.inspectDeviceCode(codes.user_code)).device_name).toBe("Tablet");
  const paired = await api.pairDevice(child.id, codes.user_code);
  expect(await device.deviceSession(codes.device_code)).toMatchObject({ child_id: child.id });
  const { devices } = await api.devices(child.id);
  expect(devices).toMatchObject([{ id: paired.device.id, name: "Tablet", is_waiting: false }]);
  expect((await device.deviceChildren()).children).toEqual([]); // Node keeps no cookies.
  const unknown = device.chooseDeviceChild(child.id);
  await expect(unknown).rejects.toMatchObject({ code: "NOT_FOUND" });
  await api.setPin(child.id, "4711");
  expect(await api.pinState(child.id)).toEqual({ has_pin: true });
  await api.removePin(child.id);
  expect(await api.pinState(child.id)).toEqual({ has_pin: false });
  await api.removeDevice(child.id, paired.device.id);
  expect((await api.devices(child.id)).total).toBe(0);
  await api.deleteChild(child.id);
});

test("records are created, listed, updated and deleted", async () => {
  const { api } = parent;
  const { child } = await api.createChild({ name: "Leo", points: 3 });
  expect((await api.children()).children).toEqual([child]);

  const { task } = await api.createTask({ name: "Homework", points: 5, icon: "homework" });
  const changed = (await api.updateTask(task.id, { points: 6 })).task;
  expect((await api.task(task.id)).task).toEqual(changed);
  const { reward } = await api.createReward({ name: "Cinema", cost: 2 });
  await api.requestReward(child.id, reward.id);
  expect((await api.pendingRewards()).pending_rewards).toMatchObject([{ cost: 2 }]);
  expect((await api.rewardOffers(child.id)).rewards).toContainEqual(
    expect.objectContaining({ id: reward.id, requested: true }),
  );
  await api.deleteReward(reward.id);
  await api.deleteTask(task.id);
  await expect(api.reward(reward.id)).rejects.toBeInstanceOf(ApiError);
  await api.updateChild(child.id, { colour: "teal" });
  expect((await api.children({ limit: 1 })).limit).toBe(1);
  await api.deleteChild(child.id);
});

test("a family has badges", async () => {
  const { api } = parent;
  const { child } = await api.createChild({ name: "Ida" });
  const definition = { name: "Bookworm", metric: "tasks_done", thresholds: [5, 25] } as const;
  const { badge } = await api.createBadge({ ...definition, thresholds: [5, 25] });
  expect((await api.updateBadge(badge.id, { period: "week" })).badge.period).toBe("week");
  await api.updateBadge("first-steps", { hidden: true });
  expect((await api.badge("first-steps")).badge.hidden).toBe(true);
  expect((await api.badges()).badges.map(({ id }) => id)).toContain(badge.id);
  const own = (await api.childBadges(child.id)).badges.map(({ id }) => id);
  expect([own.includes(badge.id), own.includes("first-steps")]).toEqual([true, false]);
  expect((await api.awards(child.id)).awards).toEqual([]);
  await api.deleteBadge(badge.id);
  await api.deleteChild(child.id);
});

test("accounts are created, changed, marked and restored", async () => {
  const api = new Api({ baseUrl: goldstar.baseUrl });
  const login = { email: "petra@example.org", password: "correct horse battery" };
  const { user } = await api.signUp({ first_name: "Petra", last_name: "P", ...login });
  expect((await api.logIn(login)).user.id).toBe(user.id);
  const session = await goldstar.logIn(login.email);
  await session.api.markForDeletion(login.password);
  expect((await admin.api.deletionQueue()).users.map(({ id }) => id)).toContain(user.id);
  await api.restore(login);
  expect((await admin.api.deletionQueue()).users).toEqual([]);
  const again = await goldstar.logIn(login.email);
  const email = "petra@example.com";
  expect((await again.api.changeEmail({ ...login, email })).user.email).toBe(email);
  const other = await goldstar.logIn(email);
  for (const { id, is_current } of (await again.api.sessions()).sessions) {
    if (!is_current) await again.api.endSession(id);
  }
  await expect(other.api.me()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  const { child } = await family(again);
  const passwords = { current_password: login.password, new_password: "another horse battery" };
  await again.api.changePassword(passwords);
  const renewed = await api.logIn({ email, password: passwords.new_password });
  expect(renewed.user.id).toBe(user.id);
  expect(child.user_id).toBe(user.id);
});

test("administrators see and set the threshold, and anyone the health", async () => {
  const { hours, minimum } = await admin.api.deletionThreshold();
  expect((await admin.api.setDeletionThreshold(minimum)).hours).toBe(minimum);
  expect((await admin.api.setDeletionThreshold(hours)).hours).toBe(hours);
  expect((await admin.api.runDeletionQueue()).results).toEqual([]);
  const found = await admin.api.accounts({ q: "paula@" });
  const [account] = found.accounts;
  expect(found.total).toBe(1);
  await admin.api.markAccount(account?.id ?? "");
  await admin.api.unmarkAccount(account?.id ?? "");
  await admin.api.endSessionsOf(account?.id ?? "");
  expect((await admin.api.account(account?.id ?? "")).sessions).toBe(0);
  expect((await parent.api.health()).status).toBe("ok");
});
