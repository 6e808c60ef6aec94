/** Follows Goldstar's event stream, `GET /events`, for as long as the session lasts. */

import { type Api, ApiError, NetworkError } from "./api";
import type { Session, TrackingEventCreated, TrackingEventPayload } from "./models";

/** What can be listened to, and what a listener is given. */
export interface BackendEventMap {
  /** A tracking event was recorded. Each is told of once, in the order of recording. */
  tracking_event_created: TrackingEventPayload;
  /**
   * Load everything anew: this comes first, and whenever it can't be told what was missed. What
   * is recorded from here on is told of.
   */
  resync: void;
  /** The connection's state has changed. */
  state: ConnectionState;
  /**
   * The session has ended, or by now the browser has another account's or another child's: drop
   * what is shown. This stream is closed; the next session needs another one.
   */
  ended: void;
  /** Why it can't be connected at the moment. It is tried again. */
  error: unknown;
}

/** `connecting` also while a lost connection is tried again; `closed` is for ever. */
export type ConnectionState = "connecting" | "open" | "closed";

/** What is needed of the browser's `EventSource`. */
export type Source = Pick<EventSource, "addEventListener" | "close">;

/**
 * Opens a source that sends the session's cookie. It may be a polyfill: the server accepts the names
 * `lastEventId` and `Last-Event-ID` as query parameters, too, and ignores unknown ones.
 */
export type OpenSource = (url: string) => Source;

const browserSource: OpenSource = (url) => new EventSource(url, { withCredentials: true });

/**
 * A session's connection to the event stream. Open one a page, and close it with the page, and before
 * a login: that doesn't end the session which the browser had until then.
 */
export class BackendEvents {
  readonly #api: Api;
  readonly #openSource: OpenSource;
  readonly #listeners = new EventTarget();
  readonly #closing = new AbortController();
  #state: ConnectionState = "connecting";
  /** Whose events are told of; undefined until that is known. */
  #session: Session | undefined;
  #source: Source | undefined;
  /**
   * The row to go on after. The server answers an id that it can't know with `resync`, and so with
   * such a row: without one, what is recorded before the first event couldn't be resumed.
   */
  #lastEventId = "none";
  /** How often it was tried since it was last open. */
  #retries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects; a listener that is added right after this misses nothing. */
  constructor(api: Api, openSource: OpenSource = browserSource) {
    this.#api = api;
    this.#openSource = openSource;
    void this.#connect();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Adds a listener; what this returns takes it away. */
  on<T extends keyof BackendEventMap>(
    type: T,
    listener: (detail: BackendEventMap[T]) => void,
  ): () => void {
    const heard = (event: Event) => listener((event as CustomEvent<BackendEventMap[T]>).detail);
    this.#listeners.addEventListener(type, heard);
    return () => this.#listeners.removeEventListener(type, heard);
  }

  /** Ends it: nothing is told of any more but the state. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#setState("closed");
  }

  /** Opens a source, where it would still be the same session's. */
  async #connect(): Promise<void> {
    const { signal } = this.#closing;
    try {
      const session = await this.#api.me({ signal });
      if (signal.aborted) return;
      this.#session ??= session;
      if (isSame(session, this.#session)) this.#open();
      else this.#end();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 401) this.#end();
      else this.#reconnect(error);
    }
  }

  #open(): void {
    const query = { named: true, last_event_id: this.#lastEventId };
    const source = this.#openSource(this.#api.url("/events", query));
    this.#source = source;
    source.addEventListener("open", () => {
      this.#retries = 0;
      this.#setState("open");
    });
    source.addEventListener("tracking_event_created", ({ data, lastEventId }) => {
      this.#lastEventId = lastEventId;
      this.#tell("tracking_event_created", (JSON.parse(data) as TrackingEventCreated).payload);
    });
    source.addEventListener("resync", ({ lastEventId }) => {
      this.#lastEventId = lastEventId;
      this.#tell("resync", undefined);
    });
    source.addEventListener("error", () => {
      // Left to itself it would come back with whatever session the browser has then, or give up.
      source.close();
      const isRefused = this.#state !== "open";
      this.#reconnect(isRefused ? new NetworkError("The stream can't be opened.") : undefined);
    });
  }

  /** Connects after a while. */
  #reconnect(error: unknown): void {
    this.#timer = setTimeout(() => void this.#connect(), this.#api.retryDelay(this.#retries));
    this.#retries += 1;
    // A listener may close it.
    this.#setState("connecting");
    if (error !== undefined && !this.#closing.signal.aborted) this.#tell("error", error);
  }

  #end(): void {
    this.close();
    this.#tell("ended", undefined);
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell("state", state);
  }

  #tell<T extends keyof BackendEventMap>(type: T, detail: BackendEventMap[T]): void {
    this.#listeners.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Whether two sessions hear of the same. */
function isSame(one: Session, other: Session): boolean {
  return one.user.id === other.user.id && one.child_id === other.child_id;
}
