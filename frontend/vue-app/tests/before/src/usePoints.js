import { ref } from "vue";
import { Api, newIdempotencyKey } from "./common/api";
import { useBackendEvents } from "./common/useBackendEvents";
/** A child's current points; undefined while they are loaded. */
export function usePoints(childId, api = new Api(), openSource) {
    const points = ref();
    const { events, state } = useBackendEvents(api, openSource);
    let loads = 0;
    events.on("resync", async () => {
        points.value = undefined;
        const load = (loads += 1);
        const { child } = await api.request("GET", `/children/${childId}`, {
            retries: 10,
        });
        // An event or another `resync` that has arrived meanwhile is newer.
        if (load === loads)
            points.value ??= child.points;
    });
    events.on("tracking_event_created", (event) => {
        if (event.child_id === childId)
            points.value = event.points_after;
    });
    /** Throws an `ApiError` with a `code`, or a `NetworkError`. */
    async function activate(taskId) {
        await api.activateTask(childId, taskId, {
            idempotencyKey: newIdempotencyKey(),
            retries: 3,
        });
    }
    return { points, state, activate };
}
