/** Follows Goldstar's event stream, `GET /events`, for as long as the session lasts. */
import { ApiError, NetworkError } from "./api";
const browserSource = (url) => new EventSource(url, { withCredentials: true });
/**
 * A session's connection to the event stream. Open one per page. Close it with the page, and before
 * a login, which ends the previous session.
 */
export class BackendEvents {
    #api;
    #openSource;
    #listeners = new EventTarget();
    #closing = new AbortController();
    #state = "connecting";
    /** The session whose events are reported; undefined until it is known. */
    #session;
    #source;
    /**
     * The id to resume from. The server responds to an impossible id with `resync` and a possible one.
     * Without it, events that are recorded before the first one could not be resumed.
     */
    #lastEventId = "none";
    /** The number of attempts since it was last open. */
    #retries = 0;
    #timer;
    /** Connects. A listener that is added right after this misses nothing. */
    constructor(api, openSource = browserSource) {
        this.#api = api;
        this.#openSource = openSource;
        void this.#connect();
    }
    get state() {
        return this.#state;
    }
    /** Adds a listener. The returned function removes it. */
    on(type, listener) {
        const heard = (event) => listener(event.detail);
        this.#listeners.addEventListener(type, heard);
        return () => this.#listeners.removeEventListener(type, heard);
    }
    /** Closes the stream: afterwards only the state is reported. */
    close() {
        this.#closing.abort();
        clearTimeout(this.#timer);
        this.#source?.close();
        this.#setState("closed");
    }
    /** Opens a source if the session is still the same. */
    async #connect() {
        const { signal } = this.#closing;
        try {
            const session = await this.#api.me({ signal });
            if (signal.aborted)
                return;
            this.#session ??= session;
            if (isSame(session, this.#session))
                this.#open();
            else
                this.#end();
        }
        catch (error) {
            if (signal.aborted)
                return;
            if (error instanceof ApiError && error.status === 401)
                this.#end();
            else
                this.#reconnect(error);
        }
    }
    #open() {
        const query = { named: true, last_event_id: this.#lastEventId };
        const source = this.#openSource(this.#api.url("/events", query));
        this.#source = source;
        source.addEventListener("open", () => {
            this.#retries = 0;
            this.#setState("open");
        });
        source.addEventListener("tracking_event_created", ({ data, lastEventId }) => {
            this.#lastEventId = lastEventId;
            this.#tell("tracking_event_created", JSON.parse(data).payload);
        });
        source.addEventListener("resync", ({ lastEventId }) => {
            this.#lastEventId = lastEventId;
            this.#tell("resync", undefined);
        });
        source.addEventListener("error", () => {
            // By itself it would reconnect with the browser's current session, or give up.
            source.close();
            const isRefused = this.#state !== "open";
            this.#reconnect(isRefused ? new NetworkError("The stream can't be opened.") : undefined);
        });
    }
    /** Connects after a while. */
    #reconnect(error) {
        this.#timer = setTimeout(() => void this.#connect(), this.#api.retryDelay(this.#retries));
        this.#retries += 1;
        // A listener may close it.
        this.#setState("connecting");
        if (error !== undefined && !this.#closing.signal.aborted)
            this.#tell("error", error);
    }
    #end() {
        this.close();
        this.#tell("ended", undefined);
    }
    #setState(state) {
        if (state === this.#state)
            return;
        this.#state = state;
        this.#tell("state", state);
    }
    #tell(type, detail) {
        this.#listeners.dispatchEvent(new CustomEvent(type, { detail }));
    }
}
/** Whether two sessions receive the same events. */
function isSame(one, other) {
    return one.user.id === other.user.id && one.child_id === other.child_id;
}
