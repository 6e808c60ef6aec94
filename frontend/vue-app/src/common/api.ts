/** Calls of Goldstar's HTTP API: queries of the events, and the mutations. */

import type {
  AdminExport,
  AdminTrackingFilters,
  Answer,
  ApiOptions,
  Approval,
  CallOptions,
  ChildExport,
  ChildTrackingFilters,
  Correction,
  FamilyTrackingFilters,
  MutationOptions,
  Noted,
  RequestOptions,
} from "./apiOptions";
import type {
  Child,
  ErrorBody,
  ErrorCode,
  ErrorDetails,
  Session,
  MutationResult,
  PendingTaskList,
  TaskStateList,
  TrackingEvent,
  TrackingEventList,
  User,
} from "./models";

export * from "./apiOptions";

/** An error of the server. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  /** For programs; `message` is for people. */
  readonly code: ErrorCode;
  /** Details that depend on the code, such as `points_needed`. */
  readonly details: ErrorDetails | undefined;
  /** Finds the request in the server's own log. */
  readonly requestId: string | undefined;

  constructor(status: number, body: ErrorBody, requestId?: string) {
    super(body.error);
    this.status = status;
    this.code = body.code;
    this.details = body.details;
    this.requestId = requestId;
  }
}

/**
 * No response of Goldstar: the network failed, or something else responded, such as a proxy whose
 * server is down. The request may or may not have succeeded.
 */
export class NetworkError extends Error {
  override readonly name = "NetworkError";

  constructor(message: string, cause?: unknown) {
    super(message);
    // `Error` accepts it as an argument only from ES2022 on, and apps are built for less.
    Object.assign(this, { cause });
  }
}

/**
 * The calls of the API. Each throws an {@link ApiError}, a {@link NetworkError}, or the reason of
 * its signal after that was aborted.
 */
export class Api {
  /** See {@link ApiOptions}. */
  readonly retryDelay: (retries: number) => number;
  readonly #baseUrl: string;
  readonly #token: string | undefined;
  readonly #fetch: typeof fetch;

  constructor(options: ApiOptions = {}) {
    this.retryDelay = options.retryDelay ?? backOff;
    this.#baseUrl = options.baseUrl ?? "/api";
    this.#token = options.token;
    const send = options.fetch ?? fetch;
    // A browser's own `fetch` throws if it is called as a method of another object.
    this.#fetch = (input, init) => send(input, init);
  }

  /** The current session. */
  me(options?: CallOptions): Promise<Session> {
    return this.request("GET", "/auth/me", options);
  }

  /** A page of the events of one child, for its own family. */
  childTracking(
    childId: string,
    filters: ChildTrackingFilters = {},
    options?: CallOptions,
  ): Promise<TrackingEventList> {
    return this.request("GET", at`/children/${childId}/tracking`, { ...options, query: filters });
  }

  /** A page of the events of all children of the family, including deleted ones, for parents. */
  familyTracking(
    filters: FamilyTrackingFilters = {},
    options?: CallOptions,
  ): Promise<TrackingEventList> {
    return this.request("GET", "/family/tracking", { ...options, query: filters });
  }

  /** A page of the events of all families, for administrators. */
  adminTracking(
    filters: AdminTrackingFilters = {},
    options?: CallOptions,
  ): Promise<TrackingEventList> {
    return this.request("GET", "/admin/tracking", { ...options, query: filters });
  }

  /**
   * All events of one child, fetched page by page, each of them once, even if new ones are recorded
   * meanwhile. With the oldest first (`order: "asc"`) the new ones come last; with the newest first
   * they are omitted. `limit` is the size of a page, by default 500.
   */
  allChildTracking(
    childId: string,
    filters: Omit<ChildTrackingFilters, "offset"> = {},
    options?: CallOptions,
  ): AsyncGenerator<TrackingEvent, void, undefined> {
    return allPages((page) => this.childTracking(childId, page, options), filters);
  }

  /** All events of all families, for administrators; see {@link allChildTracking}. */
  allAdminTracking(
    filters: Omit<AdminTrackingFilters, "offset"> = {},
    options?: CallOptions,
  ): AsyncGenerator<TrackingEvent, void, undefined> {
    return allPages((page) => this.adminTracking(page, options), filters);
  }

  /**
   * A file of all events of one child, for parents. Its body is read from the response:
   * `response.blob()`, or `response.body` for a long history. For a link that downloads it, use
   * {@link url} with the same path and parameters.
   */
  exportChildTracking(
    childId: string,
    query: ChildExport = {},
    options?: CallOptions,
  ): Promise<Response> {
    return this.download(at`/children/${childId}/tracking/export`, { ...options, query });
  }

  /** A file of all events of all families, for administrators; see {@link exportChildTracking}. */
  exportAdminTracking(query: AdminExport = {}, options?: CallOptions): Promise<Response> {
    return this.download("/admin/tracking/export", { ...options, query });
  }

  /** Everything that is stored about the account: an {@link AccountExport} as JSON, for parents. */
  exportAccount(options?: CallOptions): Promise<Response> {
    return this.download("/account/export", options);
  }

  /** Gives a child the points of a task, or of its request for it, or deducts those of a penalty. */
  activateTask(childId: string, taskId: string, options?: MutationOptions & Approval) {
    return this.#mutate(at`/children/${childId}/tasks/${taskId}/activate`, options);
  }

  /** Requests the points of a task that the child has done. */
  requestTask(childId: string, taskId: string, options?: MutationOptions & Noted) {
    return this.#mutate(at`/children/${childId}/tasks/${taskId}/request`, options);
  }

  /** Cancels the child's request for a task: a parent rejects it, or the child withdraws it. */
  cancelTask(childId: string, taskId: string, options?: MutationOptions & Answer) {
    return this.#mutate(at`/children/${childId}/tasks/${taskId}/cancel`, options);
  }

  /** The tasks with what each means for a child. */
  taskStates(childId: string, options?: CallOptions): Promise<TaskStateList> {
    return this.request("GET", at`/children/${childId}/tasks`, options);
  }

  /** The requests for tasks that wait for a parent. */
  pendingTasks(options?: CallOptions): Promise<PendingTaskList> {
    return this.request("GET", "/tasks/pending", options);
  }

  /** Sets or removes the reward that a child saves for. */
  setGoal(
    childId: string,
    rewardId: string | null,
    options?: CallOptions,
  ): Promise<{ child: Child }> {
    const body = { reward_id: rewardId };
    return this.request("PUT", at`/children/${childId}/goal`, { ...options, body });
  }

  /** Updates the fields of the account that are present. */
  updateAccount(
    fields: Partial<Pick<User, "first_name" | "last_name" | "image_id" | "language">>,
    options?: CallOptions,
  ): Promise<{ user: User }> {
    return this.request("PATCH", "/user", { ...options, body: fields });
  }

  /** Requests a reward that the child can afford. */
  requestReward(childId: string, rewardId: string, options?: MutationOptions & Noted) {
    return this.#mutate(at`/children/${childId}/rewards/${rewardId}/request`, options);
  }

  /** Redeems a reward: the child pays its cost, and the request for it ends. */
  redeemReward(childId: string, rewardId: string, options?: MutationOptions & Answer) {
    return this.#mutate(at`/children/${childId}/rewards/${rewardId}/redeem`, options);
  }

  /** Cancels the child's request for a reward. */
  cancelReward(childId: string, rewardId: string, options?: MutationOptions & Answer) {
    return this.#mutate(at`/children/${childId}/rewards/${rewardId}/cancel`, options);
  }

  /** Takes back an activation or a redemption, once. Its request, if it ended one, is pending again. */
  reverseEvent(childId: string, eventId: string, options?: MutationOptions & Correction) {
    return this.#mutate(at`/children/${childId}/tracking/${eventId}/reverse`, options);
  }

  /** Adds points or takes them, without a task. */
  adjustPoints(
    childId: string,
    delta: number,
    note: string,
    options?: MutationOptions & Omit<Correction, "note">,
  ) {
    return this.#mutate(at`/children/${childId}/points/adjust`, { ...options, note }, { delta });
  }

  /** Calls a route that has no method here. `T` is the type of the response. */
  request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return this.#retry(() => this.#send<T>(method, path, options), options);
  }

  /** Gets a file, whose body has not been read yet. */
  download(path: string, options: RequestOptions = {}): Promise<Response> {
    return this.#retry(async () => {
      const response = await this.#fetchResponse("GET", path, options);
      if (!response.ok) read(response, await this.#textOf(response, options.signal));
      return response;
    }, options);
  }

  async #retry<T>(send: () => Promise<T>, { retries = 0, signal }: CallOptions): Promise<T> {
    for (let tried = 0; ; tried += 1) {
      try {
        return await send();
      } catch (error) {
        if (tried >= retries || !mayPass(error)) throw error;
        await pause(this.retryDelay(tried), signal);
      }
    }
  }

  /** The URL of a route. */
  url(path: string, query: object = {}): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) {
        parameters.set(name, value instanceof Date ? value.toISOString() : String(value));
      }
    }
    const text = parameters.toString();
    return this.#baseUrl + path + (text === "" ? "" : `?${text}`);
  }

  #mutate(
    path: string,
    options: MutationOptions & Approval & Correction = {},
    required: object = {},
  ): Promise<MutationResult> {
    const { idempotencyKey, requestId, points, note, partial, ...call } = options;
    const headers = new Headers();
    if (idempotencyKey !== undefined) headers.set("Idempotency-Key", idempotencyKey);
    const fields = { request_id: requestId, points, note, partial, ...required };
    if (Object.values(fields).every((value) => value === undefined)) {
      return this.request("POST", path, { ...call, headers });
    }
    return this.request("POST", path, { ...call, headers, body: fields });
  }

  async #send<T>(method: string, path: string, options: RequestOptions): Promise<T> {
    const response = await this.#fetchResponse(method, path, options);
    return read<T>(response, await this.#textOf(response, options.signal));
  }

  async #fetchResponse(
    method: string,
    path: string,
    { query, body, headers, signal }: RequestOptions,
  ): Promise<Response> {
    const sent = new Headers(headers);
    if (this.#token !== undefined) sent.set("Authorization", `Bearer ${this.#token}`);
    if (body !== undefined) sent.set("Content-Type", "application/json");
    const url = this.url(path, query);
    const init: RequestInit = {
      method,
      headers: sent,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "include",
      signal: signal ?? null,
    };
    return this.#connected(() => this.#fetch(url, init), signal);
  }

  #textOf(response: Response, signal: AbortSignal | undefined): Promise<string> {
    return this.#connected(() => response.text(), signal);
  }

  async #connected<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      signal?.throwIfAborted();
      throw new NetworkError("The server can't be reached.", cause);
    }
  }
}

/** A key for one click, to be sent with each attempt. */
export function newIdempotencyKey(): string {
  // On a home network without TLS, browsers have no `crypto.randomUUID`.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The delay after this many retries, in milliseconds: it doubles from a second to half a minute. */
export function backOff(retries: number): number {
  const longest = Math.min(1_000 * 2 ** retries, 30_000);
  // Clients that lost a server at the same time should not return at the same time.
  return longest * (0.5 + Math.random() / 2);
}

/** The path with each id encoded. */
function at(texts: TemplateStringsArray, ...ids: string[]): string {
  return String.raw({ raw: texts }, ...ids.map(encodeURIComponent));
}

function read<T>(response: Response, text: string): T {
  if (response.status === 204) return undefined as T;
  let answer: Partial<ErrorBody> | null;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw foreignAnswer(response, cause);
  }
  if (response.ok) return answer as T;
  const { error = "", code, ...rest } = answer ?? {};
  if (code === undefined) throw foreignAnswer(response);
  const requestId = response.headers.get("X-Request-Id") ?? undefined;
  throw new ApiError(response.status, { error, code, ...rest }, requestId);
}

function foreignAnswer(response: Response, cause?: unknown): NetworkError {
  const message = `Something other than Goldstar answered, with status ${response.status}.`;
  return new NetworkError(message, cause);
}

/** Whether the same request may succeed later. */
function mayPass(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && error.status === 503);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Implements {@link Api.allChildTracking}. */
async function* allPages<F extends ChildTrackingFilters>(
  fetchPage: (filters: F) => Promise<TrackingEventList>,
  filters: F,
): AsyncGenerator<TrackingEvent, void, undefined> {
  let offset = 0;
  let total: number | undefined;
  let newer = 0;
  do {
    const page = await fetchPage({ limit: 500, ...filters, offset });
    const events = page.tracking_events;
    if (events.length === 0) return;
    // New events since the previous page have moved all others back by as many places.
    if (filters.order !== "asc") newer += Math.max(0, page.total - (total ?? page.total));
    yield* events.slice(newer);
    newer = Math.max(0, newer - events.length);
    offset += events.length;
    total = page.total;
  } while (offset < total);
}
