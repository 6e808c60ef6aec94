import { ref } from "vue";

import { Api, newIdempotencyKey } from "./common/api";
import type { OpenSource } from "./common/backendEvents";
import type { Child } from "./common/models";
import { useBackendEvents } from "./common/useBackendEvents";

/** A child's points, as they are at every moment; undefined while they are loaded. */
export function usePoints(childId: string, api = new Api(), openSource?: OpenSource) {
  const points = ref<number>();
  const { events, state } = useBackendEvents(api, openSource);

  events.on("resync", async () => {
    points.value = undefined;
    const { child } = await api.request<{ child: Child }>("GET", `/children/${childId}`);
    // An event that has come meanwhile is newer.
    points.value ??= child.points;
  });
  events.on("tracking_event_created", (event) => {
    if (event.child_id === childId) points.value = event.points_after;
  });

  /** Throws an `ApiError` with a `code`, or a `NetworkError`. */
  async function activate(taskId: string) {
    await api.activateTask(childId, taskId, {
      idempotencyKey: newIdempotencyKey(),
      retries: 3,
    });
  }

  return { points, state, activate };
}
