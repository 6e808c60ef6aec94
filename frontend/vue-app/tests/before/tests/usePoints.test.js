import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { effectScope, watch } from "vue";
import { usePoints } from "../src/usePoints";
import { sourceOf, until } from "./harness/events";
import { family, Goldstar } from "./harness/goldstar";
let goldstar;
beforeAll(async () => {
    goldstar = await Goldstar.start();
});
afterAll(() => goldstar.remove());
test("the example shows the points as they are", async () => {
    const session = await goldstar.signUp("paula@example.org");
    const { child, task } = await family(session);
    const other = await family(session);
    const scope = effectScope();
    const used = scope.run(() => usePoints(child.id, session.api, sourceOf(session.token)));
    if (used === undefined)
        throw new Error("the scope has ended");
    const shown = [];
    watch(used.points, (points) => shown.push(points), { flush: "sync" });
    await until(() => shown.length === 1);
    await session.api.activateTask(other.child.id, other.penalty.id);
    await used.activate(task.id);
    await until(() => shown.length === 2);
    expect(shown).toEqual([10, 15]);
    scope.stop();
    expect(used.state.value).toBe("closed");
});
