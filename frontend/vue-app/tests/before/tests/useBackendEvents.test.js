import { afterAll, beforeAll, expect, test } from "vitest";
import { effectScope, nextTick, watch } from "vue";
import { useBackendEvents } from "../src/common/useBackendEvents";
import { sourceOf, until } from "./harness/events";
import { family, Goldstar } from "./harness/goldstar";
let goldstar;
beforeAll(async () => {
    goldstar = await Goldstar.start();
});
afterAll(() => goldstar.remove());
test("the stream lives as long as the scope that uses it", async () => {
    const { api, token } = await goldstar.signUp("paula@example.org");
    const { child, task } = await family({ api, token });
    const scope = effectScope();
    const states = [];
    const heard = [];
    const used = scope.run(() => {
        const { events, state } = useBackendEvents(api, sourceOf(token));
        watch(state, (now) => states.push(now), { immediate: true });
        events.on("resync", () => heard.push("resync"));
        events.on("tracking_event_created", (event) => heard.push(event.tracking_event_id));
        return { events, state };
    });
    await until(() => heard.length === 1);
    const { tracking_event } = await api.activateTask(child.id, task.id);
    await until(() => heard.length === 2);
    expect(heard).toEqual(["resync", tracking_event.id]);
    await nextTick();
    expect(states).toEqual(["connecting", "open"]);
    scope.stop();
    expect(used?.events.state).toBe("closed");
    expect(used?.state.value).toBe("closed");
});
