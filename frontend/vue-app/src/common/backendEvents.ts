/** Follows Goldstar's event stream, `GET /events`, for as long as the session lasts. */

import { type Api, ApiError } from "./api";
import type { Resync, TrackingEventCreated, TrackingEventPayload } from "./models";

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
  /** The session has ended, and the stream with it: log in, and open another one. */
  ended: ApiError;
  /** Why the server can't be asked at the moment. It is tried again. */
  error: unknown;
}

/** `connecting` also while a lost connection is tried again; `closed` is for ever. */
export type ConnectionState = "connecting" | "open" | "closed";

/** What is needed of the browser's `EventSource`. */
export type Source = Pick<EventSource, "readyState" | "CLOSED" | "addEventListener" | "close">;

/** Opens a source that sends the session's cookie. */
export type OpenSource = (url: string) => Source;

const browserSource: OpenSource = (url) => new EventSource(url, { withCredentials: true });

/** A connection to the event stream: open one a page, and close it with the page. */
export class BackendEvents {
  readonly #api: Api;
  readonly #openSource: OpenSource;
  readonly #listeners = new EventTarget();
  readonly #closing = new AbortController();
  #source: Source;
  #state: ConnectionState = "connecting";
  /** The last row that was told of. */
  #lastEventId: number | undefined;
  /** How often it was tried since it was last open. */
  #retries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects; a listener that is added right after this misses nothing. */
  constructor(api: Api, openSource: OpenSource = browserSource) {
    this.#api = api;
    this.#openSource = openSource;
    this.#source = this.#open();
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
    this.#source.close();
    this.#setState("closed");
  }

  #open(): Source {
    // The server answers an id that it can't know with `resync`, and so with the row to go on from.
    // Without one it would go on from now, and a connection lost before the first event couldn't be
    // resumed by this class.
    const lastEventId = this.#lastEventId ?? "none";
    const url = this.#api.url("/events", { named: true, last_event_id: lastEventId });
    const source = this.#openSource(url);
    source.addEventListener("open", () => {
      this.#retries = 0;
      this.#setState("open");
    });
    const receive = (message: MessageEvent<string>) => this.#receive(message);
    source.addEventListener("tracking_event_created", receive);
    source.addEventListener("resync", receive);
    source.addEventListener("error", () => {
      this.#setState("connecting");
      // Otherwise it tries again by itself, and sends the last id that it has seen.
      if (source.readyState === source.CLOSED) void this.#reopen();
    });
    return source;
  }

  #receive({ data, lastEventId }: MessageEvent<string>): void {
    const event = JSON.parse(data) as TrackingEventCreated | Resync;
    const id = Number(lastEventId);
    if (event.type === "resync") {
      this.#lastEventId = id;
      this.#tell("resync", undefined);
    } else if (this.#lastEventId === undefined || id > this.#lastEventId) {
      this.#lastEventId = id;
      this.#tell("tracking_event_created", event.payload);
    }
  }

  /** For a source that has given up, upon an answer that isn't a stream. It can't tell which. */
  async #reopen(): Promise<void> {
    const { signal } = this.#closing;
    const error: unknown = await this.#api.me({ signal }).then(() => undefined, (why) => why);
    if (signal.aborted) return;
    if (error instanceof ApiError && error.status === 401) {
      this.close();
      this.#tell("ended", error);
      return;
    }
    if (error !== undefined) this.#tell("error", error);
    if (signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#source = this.#open();
    }, this.#api.retryDelay(this.#retries));
    this.#retries += 1;
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
