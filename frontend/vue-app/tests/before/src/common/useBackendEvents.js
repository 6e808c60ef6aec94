import { onScopeDispose, readonly, shallowRef } from "vue";
import {} from "./api";
import { BackendEvents } from "./backendEvents";
/** The event stream of a component: it closes when the component, or its scope, is disposed. */
export function useBackendEvents(api, openSource) {
    const events = new BackendEvents(api, openSource);
    const state = shallowRef(events.state);
    events.on("state", (now) => {
        state.value = now;
    });
    onScopeDispose(() => events.close());
    return { events, state: readonly(state) };
}
