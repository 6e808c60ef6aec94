/** The event stream as a browser has it, and what came over it. */
import { EventSource } from "eventsource";
import { vi } from "vitest";
import { BackendEvents, } from "../../src/common/backendEvents";
/** Opens sources that send a session's token, since Node keeps no cookies. */
export function sourceOf(token) {
    return (url) => new EventSource(url, {
        fetch: (input, init) => {
            const headers = { ...init.headers, Authorization: `Bearer ${token}` };
            return fetch(input, { ...init, headers });
        },
    });
}
/** Opens the stream of a session, and notes all that comes. */
export class Recorder {
    events;
    /** The ids of tracking events, and `resync`. */
    heard = [];
    states = [];
    errors = [];
    /** One for each time that it has ended. */
    ends = [];
    /** What its sources named as the last event, one for each source that was opened. */
    resumed = [];
    constructor({ api, token }) {
        this.events = new BackendEvents(api, (url) => {
            this.resumed.push(new URL(url).searchParams.get("last_event_id"));
            return sourceOf(token)(url);
        });
        this.events.on("tracking_event_created", ({ tracking_event_id: id }) => this.heard.push(id));
        this.events.on("resync", () => this.heard.push("resync"));
        this.events.on("state", (state) => this.states.push(state));
        this.events.on("error", (error) => this.errors.push(error));
        this.events.on("ended", (error) => this.ends.push(error));
    }
    until(condition) {
        return until(() => condition(this));
    }
}
/** Waits until the condition holds. */
export async function until(condition) {
    await vi.waitUntil(condition, { timeout: 30_000, interval: 5 });
}
