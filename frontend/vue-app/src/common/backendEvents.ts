/** Follows Goldstar's event stream, `GET /events`, for as long as the session lasts. */

import { type Api, ApiError, NetworkError } from "./api";
import type {
  BadgeAwarded,
  BadgeRevoked,
  ChangedRank,
  ChangedRecord,
  EarnedAward,
  EndedRequest,
  OccurrenceMessage,
  RankChanged,
  RecordsChanged,
  RequestEnded,
  RevokedAward,
  Session,
  Summary,
  TaskDue,
  TasksSummary,
  TrackingEventCreated,
  TrackingEventPayload,
} from "./models";

/** The events, and the arguments of their listeners. */
export interface BackendEventMap {
  /** A tracking event was recorded. Each is reported once, in the order of recording. */
  tracking_event_created: TrackingEventPayload;
  /** A request has ended: remove its prompt. A lost connection may lose it; see `state`. */
  request_ended: EndedRequest;
  /** A record was changed in another way than by a tracking event: load it again. */
  records_changed: ChangedRecord;
  /** A child has earned a grade of a badge. This follows shortly after the tracking event. */
  badge_awarded: EarnedAward;
  /** A reversal has revoked an award of a child. */
  badge_revoked: RevokedAward;
  /** A tracking event has changed the rank of a child. */
  rank_changed: ChangedRank;
  /** A child is to do a task from now on. */
  task_due: OccurrenceMessage;
  /** A task was due, and can still be done. */
  task_late: OccurrenceMessage;
  /** A task was not done in time. */
  task_missed: OccurrenceMessage;
  /** A task of a schedule was done. */
  task_done: OccurrenceMessage;
  /** The server was not running for more than an hour: this sums up what it missed. */
  tasks_summary: Summary;
  /**
   * Load everything again. This comes first, and whenever missed events cannot be replayed. Events
   * that are recorded from here on are reported.
   */
  resync: void;
  /** The connection's state has changed. */
  state: ConnectionState;
  /**
   * The session has ended, or the browser now has a session of another account or child: discard
   * what is displayed. This stream is closed; the next session needs a new one.
   */
  ended: void;
  /** Why there is no connection at the moment. It is tried again. */
  error: unknown;
}

/** `connecting` also while a lost connection is tried again; `closed` is final. */
export type ConnectionState = "connecting" | "open" | "closed";

/** The parts of the browser's `EventSource` that are used. */
export type Source = Pick<EventSource, "addEventListener" | "close">;

/**
 * Opens a source that sends the session's cookie. It may be a polyfill: the server accepts the names
 * `lastEventId` and `Last-Event-ID` as query parameters, too, and ignores unknown ones.
 */
export type OpenSource = (url: string) => Source;

const browserSource: OpenSource = (url) => new EventSource(url, { withCredentials: true });

/**
 * A session's connection to the event stream. Open one per page. Close it with the page, and before
 * a login, which ends the previous session.
 */
export class BackendEvents {
  readonly #api: Api;
  readonly #openSource: OpenSource;
  readonly #listeners = new EventTarget();
  readonly #closing = new AbortController();
  #state: ConnectionState = "connecting";
  /** The session whose events are reported; undefined until it is known. */
  #session: Session | undefined;
  #source: Source | undefined;
  /**
   * The id to resume from. The server responds to an impossible id with `resync` and a possible one.
   * Without it, events that are recorded before the first one could not be resumed.
   */
  #lastEventId = "none";
  /** The number of attempts since it was last open. */
  #retries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects. A listener that is added right after this misses nothing. */
  constructor(api: Api, openSource: OpenSource = browserSource) {
    this.#api = api;
    this.#openSource = openSource;
    void this.#connect();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Adds a listener. The returned function removes it. */
  on<T extends keyof BackendEventMap>(
    type: T,
    listener: (detail: BackendEventMap[T]) => void,
  ): () => void {
    const heard = (event: Event) => listener((event as CustomEvent<BackendEventMap[T]>).detail);
    this.#listeners.addEventListener(type, heard);
    return () => this.#listeners.removeEventListener(type, heard);
  }

  /** Closes the stream: afterwards only the state is reported. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#setState("closed");
  }

  /** Opens a source if the session is still the same. */
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
    // Messages have no id.
    source.addEventListener("request_ended", ({ data }) => {
      this.#tell("request_ended", (JSON.parse(data) as RequestEnded).payload);
    });
    source.addEventListener("records_changed", ({ data }) => {
      this.#tell("records_changed", (JSON.parse(data) as RecordsChanged).payload);
    });
    source.addEventListener("badge_awarded", ({ data }) => {
      this.#tell("badge_awarded", (JSON.parse(data) as BadgeAwarded).payload);
    });
    source.addEventListener("badge_revoked", ({ data }) => {
      this.#tell("badge_revoked", (JSON.parse(data) as BadgeRevoked).payload);
    });
    source.addEventListener("rank_changed", ({ data }) => {
      this.#tell("rank_changed", (JSON.parse(data) as RankChanged).payload);
    });
    for (const name of ["task_due", "task_late", "task_missed", "task_done"] as const) {
      source.addEventListener(name, ({ data }) => {
        this.#tell(name, (JSON.parse(data) as TaskDue).payload);
      });
    }
    source.addEventListener("tasks_summary", ({ data }) => {
      this.#tell("tasks_summary", (JSON.parse(data) as TasksSummary).payload);
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

/** Whether two sessions receive the same events. */
function isSame(one: Session, other: Session): boolean {
  return one.user.id === other.user.id && one.child_id === other.child_id;
}
