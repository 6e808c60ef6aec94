import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { Api, ApiError, NetworkError, newIdempotencyKey, } from "../src/common/api";
import { Action, EntityType } from "../src/common/models";
import { family, Goldstar } from "./harness/goldstar";
import { BadGateway, Relay } from "./harness/relay";
let goldstar;
let parent;
let admin;
beforeAll(async () => {
    goldstar = await Goldstar.start();
    parent = await goldstar.signUp("paula@example.org");
    admin = await goldstar.logIn("ada@example.org");
});
afterAll(() => goldstar.remove());
/** What a call is refused with. */
async function refusal(call) {
    const error = await call.then(() => undefined, (why) => why);
    expect(error).toBeInstanceOf(ApiError);
    return error;
}
const ids = (events) => events.map((event) => event.id);
async function collect(items) {
    const all = [];
    for await (const item of items)
        all.push(item);
    return all;
}
describe("the four mutations", () => {
    test("change the child's points, and answer the event that is recorded", async () => {
        const { api } = parent;
        const { child, task, penalty, reward } = await family(parent);
        const activated = await api.activateTask(child.id, task.id);
        expect(activated.child).toMatchObject({ id: child.id, points: 15 });
        expect(activated.tracking_event).toMatchObject({
            child_id: child.id,
            entity_type: EntityType.Task,
            entity_id: task.id,
            action: Action.Activated,
            points_before: 10,
            points_after: 15,
            delta: 5,
            metadata: { name: "Make the bed", points: 5, actor: "parent" },
        });
        const requested = await api.requestReward(child.id, reward.id);
        expect(requested.tracking_event).toMatchObject({ action: Action.Requested, delta: 0 });
        const cancelled = await api.cancelReward(child.id, reward.id);
        expect(cancelled.tracking_event).toMatchObject({ action: Action.Cancelled, delta: 0 });
        const redeemed = await api.redeemReward(child.id, reward.id);
        expect(redeemed.tracking_event).toMatchObject({ action: Action.Redeemed, delta: -12 });
        const taken = await api.activateTask(child.id, penalty.id);
        expect(taken.tracking_event).toMatchObject({ entity_type: EntityType.Penalty, delta: -3 });
        const { tracking_events } = await api.childTracking(child.id, { order: "asc" });
        const answers = [activated, requested, cancelled, redeemed, taken];
        expect(tracking_events).toEqual(answers.map((answer) => answer.tracking_event));
    });
    test("with the same key happen once", async () => {
        const { api } = parent;
        const { child, task } = await family(parent);
        const idempotencyKey = newIdempotencyKey();
        const first = await api.activateTask(child.id, task.id, { idempotencyKey });
        const second = await api.activateTask(child.id, task.id, { idempotencyKey });
        expect(second).toEqual(first);
        const other = { idempotencyKey: newIdempotencyKey() };
        const third = await api.activateTask(child.id, task.id, other);
        expect(third.child.points).toBe(20);
    });
    test("whose answer was lost are sent again, and happen once", async () => {
        const relay = await Relay.start(goldstar.baseUrl);
        const { child, task } = await family(parent);
        const { baseUrl } = relay;
        const api = new Api({ baseUrl, token: parent.token, retryDelay: () => 0 });
        relay.answersToLose = 2;
        const options = { idempotencyKey: newIdempotencyKey(), retries: 2 };
        const answer = await api.activateTask(child.id, task.id, options);
        expect(relay.answersToLose).toBe(0);
        expect(answer.child.points).toBe(15);
        const { tracking_events } = await api.childTracking(child.id);
        expect(tracking_events).toEqual([answer.tracking_event]);
        relay.close();
    });
    test("need a key for that", () => {
        expectTypeOf().not.toExtend();
        expectTypeOf().toExtend();
        expectTypeOf().toExtend();
    });
    test("are given up after so many retries, and at once where a retry can't help", async () => {
        const { child, reward } = await family(parent);
        let sent = 0;
        const count = (input, init) => {
            sent += 1;
            return fetch(input, init);
        };
        const relay = await Relay.start(goldstar.baseUrl);
        relay.target = undefined;
        const options = { token: parent.token, retryDelay: () => 0, fetch: count };
        const unreachable = new Api({ ...options, baseUrl: relay.baseUrl });
        const retries = { idempotencyKey: newIdempotencyKey(), retries: 2 };
        await expect(unreachable.requestReward(child.id, reward.id, retries)).rejects.toThrow(NetworkError);
        expect(sent).toBe(3);
        const reachable = new Api({ ...options, baseUrl: goldstar.baseUrl });
        await refusal(reachable.requestReward(child.id, reward.id, retries));
        expect(sent).toBe(4);
        relay.close();
    });
});
describe("the tracking of a child", () => {
    test("is filtered", async () => {
        const { api } = parent;
        const { child, task, penalty, reward } = await family(parent);
        const first = (await api.activateTask(child.id, task.id)).tracking_event;
        const second = (await api.activateTask(child.id, penalty.id)).tracking_event;
        const third = (await api.activateTask(child.id, task.id)).tracking_event;
        const fourth = (await api.requestReward(child.id, reward.id)).tracking_event;
        const found = async (filters) => ids((await api.childTracking(child.id, filters)).tracking_events);
        expect(await found({})).toEqual(ids([fourth, third, second, first]));
        expect(await found({ order: "asc", limit: undefined })).toEqual(ids([first, second, third, fourth]));
        expect(await found({ entity_type: "penalty" })).toEqual([second.id]);
        expect(await found({ entity_type: EntityType.Reward })).toEqual([fourth.id]);
        expect(await found({ entity_id: task.id })).toEqual(ids([third, first]));
        expect(await found({ action: Action.Requested })).toEqual([fourth.id]);
        expect(await found({ from: third.occurred_at })).toEqual(ids([fourth, third]));
        expect(await found({ to: third.occurred_at })).toEqual(ids([second, first]));
        expect(await found({ limit: 2, offset: 1 })).toEqual(ids([third, second]));
        const [day = ""] = first.occurred_at.split("T");
        expect(await found({ from: day, entity_id: penalty.id })).toEqual([second.id]);
        expect(await found({ to: "2026-02-09" })).toEqual([]);
    });
    test("takes dates", async () => {
        const { api } = parent;
        const { child, task } = await family(parent);
        const { tracking_event: event } = await api.activateTask(child.id, task.id);
        const occurred = new Date(event.occurred_at);
        const after = new Date(occurred.getTime() + 1);
        const found = async (filters) => ids((await api.childTracking(child.id, filters)).tracking_events);
        expect(await found({ from: occurred, to: after })).toEqual([event.id]);
        expect(await found({ from: after })).toEqual([]);
        expect(await found({ to: occurred })).toEqual([]);
    });
    test("takes no date that is none", async () => {
        const call = admin.api.adminTracking({ from: new Date("yesterday") });
        await expect(call).rejects.toThrow(RangeError);
    });
    test("is asked for again where no answer came", async () => {
        const { child, task } = await family(parent);
        const { tracking_event } = await parent.api.activateTask(child.id, task.id);
        const relay = await Relay.start(goldstar.baseUrl);
        const api = new Api({ baseUrl: relay.baseUrl, token: parent.token, retryDelay: () => 0 });
        relay.answersToLose = 2;
        const { tracking_events } = await api.childTracking(child.id, {}, { retries: 2 });
        expect(tracking_events).toEqual([tracking_event]);
        relay.answersToLose = 1;
        await expect(api.childTracking(child.id)).rejects.toThrow(NetworkError);
        relay.close();
    });
    test("tells its page", async () => {
        const { api } = parent;
        const { child, task } = await family(parent);
        for (let made = 0; made < 3; made += 1)
            await api.activateTask(child.id, task.id);
        const page = await api.childTracking(child.id, { limit: 2, offset: 2 });
        expect(page).toMatchObject({ total: 3, limit: 2, offset: 2 });
        expect(page.tracking_events).toHaveLength(1);
    });
    test.each(["asc", "desc", undefined])("comes whole, page by page, while events are recorded (%s)", async (order) => {
        const { api } = parent;
        const { child, task } = await family(parent);
        const activate = async () => (await api.activateTask(child.id, task.id)).tracking_event.id;
        const before = [];
        for (let made = 0; made < 7; made += 1)
            before.push(await activate());
        const meanwhile = [];
        const heard = [];
        for await (const event of api.allChildTracking(child.id, { order, limit: 2 })) {
            // First more in one go than a page holds.
            const count = { 1: 3, 5: 1 }[heard.length] ?? 0;
            for (let made = 0; made < count; made += 1)
                meanwhile.push(await activate());
            heard.push(event.id);
        }
        expect(meanwhile).toHaveLength(4);
        const expected = order === "asc" ? [...before, ...meanwhile] : [...before].reverse();
        expect(heard).toEqual(expected);
    });
    test("may be empty", async () => {
        const { child } = await family(parent);
        expect(await collect(parent.api.allChildTracking(child.id))).toEqual([]);
    });
});
test("a parent finds the events of a deleted child", async () => {
    const session = await goldstar.signUp("fay@example.org");
    const { child, task } = await family(session);
    const event = (await session.api.activateTask(child.id, task.id)).tracking_event;
    await session.api.request("DELETE", `/children/${child.id}`);
    const found = async (filters) => ids((await session.api.familyTracking(filters)).tracking_events);
    expect(await found({})).toEqual([event.id]);
    expect(await found({ child_id: child.id })).toEqual([event.id]);
    expect(await found({ action: "redeemed" })).toEqual([]);
});
test("an administrator finds the events of all families", async () => {
    const other = await goldstar.signUp("otto@example.org");
    const events = [];
    for (const session of [parent, other]) {
        const { child, task } = await family(session);
        events.push((await session.api.activateTask(child.id, task.id)).tracking_event);
    }
    const [own, others] = events;
    const since = { from: own.occurred_at };
    const all = await collect(admin.api.allAdminTracking({ ...since, order: "asc", limit: 1 }));
    expect(all).toEqual([own, others]);
    const found = async (filters) => ids((await admin.api.adminTracking(filters)).tracking_events);
    expect(await found({ ...since, child_id: own.child_id })).toEqual([own.id]);
    expect(await found({ ...since, user_id: others.user_id ?? "" })).toEqual([others.id]);
    expect(await found({ ...since, entity_id: own.entity_id, action: "redeemed" })).toEqual([]);
});
test("a child's session says whose it is, and may not do what a parent may", async () => {
    const { child, task } = await family(parent);
    const { api } = await goldstar.becomeChild(await goldstar.logIn("paula@example.org"), child.id);
    expect(await api.me()).toMatchObject({ scope: "child", child_id: child.id });
    const error = await refusal(api.activateTask(child.id, task.id));
    expect(error).toMatchObject({ status: 403, code: "PARENT_REQUIRED" });
});
describe("a refusal says", () => {
    test("that there is no session", async () => {
        const error = await refusal(new Api({ baseUrl: goldstar.baseUrl }).me());
        expect(error).toMatchObject({ status: 401, code: "UNAUTHENTICATED", details: undefined });
        expect(error.message).not.toBe("");
        expect(error.requestId).toMatch(/^\w+-\d+$/);
    });
    test("that something doesn't exist, whatever its id looks like", async () => {
        const { child } = await family(parent);
        for (const id of ["nobody", `${child.id}?`, `${child.id}#`, `${child.id}/../${child.id}`]) {
            const error = await refusal(parent.api.childTracking(id));
            expect(error).toMatchObject({ status: 404, code: "NOT_FOUND" });
            expect(error.message).toBe("There is no child with this id.");
        }
    });
    test("how many points a child lacks", async () => {
        const { child, reward } = await family(parent);
        const error = await refusal(parent.api.redeemReward(child.id, reward.id));
        expect(error).toMatchObject({ status: 409, code: "INSUFFICIENT_POINTS" });
        expect(error.details).toEqual({ points_needed: 2 });
    });
    test("that a key was used for another mutation", async () => {
        const { child, task, penalty } = await family(parent);
        const key = { idempotencyKey: newIdempotencyKey() };
        await parent.api.activateTask(child.id, task.id, key);
        const error = await refusal(parent.api.activateTask(child.id, penalty.id, key));
        expect(error).toMatchObject({ status: 422, code: "IDEMPOTENCY_KEY_REUSED" });
    });
    test("that an empty key is none", async () => {
        const { child, task } = await family(parent);
        const call = parent.api.activateTask(child.id, task.id, { idempotencyKey: "" });
        expect((await refusal(call)).status).toBe(400);
        expect((await parent.api.childTracking(child.id)).total).toBe(0);
    });
    test("which parameter is wrong", async () => {
        const error = await refusal(admin.api.adminTracking({ limit: 0 }));
        expect(error).toMatchObject({ status: 400, code: "INVALID_PARAMETER" });
        expect(error.details).toEqual({ parameter: "limit" });
    });
    test("that only an administrator may ask", async () => {
        const error = await refusal(parent.api.adminTracking());
        expect(error).toMatchObject({ status: 403, code: "ADMIN_REQUIRED" });
    });
    test("which field is wrong", async () => {
        const call = parent.api.request("POST", "/rewards", { body: { name: "Kite", cost: 0 } });
        expect((await refusal(call)).details).toMatchObject({ field: "cost" });
    });
});
test("an answer without a body is taken", async () => {
    const { api } = await goldstar.logIn("paula@example.org");
    expect(await api.request("POST", "/auth/logout")).toBeUndefined();
    expect(await refusal(api.me())).toMatchObject({ status: 401 });
});
describe("no answer of the server's", () => {
    test("is a network error where the connection breaks", async () => {
        const relay = await Relay.start(goldstar.baseUrl);
        relay.target = undefined;
        const call = new Api({ baseUrl: relay.baseUrl }).me();
        await expect(call).rejects.toThrow(NetworkError);
        await expect(call).rejects.toHaveProperty("cause");
        relay.close();
    });
    test.each([
        [502, "<h1>Bad Gateway</h1>"],
        [502, ""],
        [503, "null"],
        [404, '{"message": "no route"}'],
        [200, "<!doctype html>"],
    ])("is a network error where a proxy answers %i %j", async (status, body) => {
        const proxy = await BadGateway.start(status, body);
        const call = new Api({ baseUrl: proxy.baseUrl }).me();
        await expect(call).rejects.toThrow(NetworkError);
        await expect(call).rejects.toThrow(String(status));
        proxy.close();
    });
});
describe("an aborted call", () => {
    test("throws the signal's reason", async () => {
        const reason = new Error("the user has left");
        const aborted = AbortSignal.abort(reason);
        const { child, task } = await family(parent);
        await expect(parent.api.me({ signal: aborted })).rejects.toBe(reason);
        await expect(parent.api.adminTracking({}, { signal: aborted })).rejects.toBe(reason);
        await expect(parent.api.activateTask(child.id, task.id, { signal: aborted })).rejects.toBe(reason);
        const all = collect(parent.api.allChildTracking(child.id, {}, { signal: aborted }));
        await expect(all).rejects.toBe(reason);
        expect((await parent.api.childTracking(child.id)).total).toBe(0);
    });
    test("ends while it is under way", async () => {
        const abort = new AbortController();
        const call = parent.api.me({ signal: abort.signal });
        const reason = new Error("the user has left");
        abort.abort(reason);
        await expect(call).rejects.toBe(reason);
    });
    test("ends while it waits for a retry", async () => {
        const relay = await Relay.start(goldstar.baseUrl);
        relay.target = undefined;
        const abort = new AbortController();
        const reason = new Error("the user has left");
        const api = new Api({
            baseUrl: relay.baseUrl,
            retryDelay: () => {
                setImmediate(() => abort.abort(reason));
                return 600_000;
            },
        });
        const options = { idempotencyKey: newIdempotencyKey(), retries: 1, signal: abort.signal };
        await expect(api.activateTask("child", "task", options)).rejects.toBe(reason);
        relay.close();
    });
});
