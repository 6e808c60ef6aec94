import { onScopeDispose, readonly, type ShallowRef, shallowRef } from "vue";

import { type Api } from "./api";
import { BackendEvents, type ConnectionState, type OpenSource } from "./backendEvents";

/** The event stream of a component: it closes when the component, or its scope, is disposed. */
export function useBackendEvents(
  api: Api,
  openSource?: OpenSource,
): { events: BackendEvents; state: Readonly<ShallowRef<ConnectionState>> } {
  const events = new BackendEvents(api, openSource);
  const state = shallowRef(events.state);
  events.on("state", (now) => {
    state.value = now;
  });
  onScopeDispose(() => events.close());
  return { events, state: readonly(state) };
}
