/** How the API is called: requests, errors and retries. */

import type { ApiOptions, CallOptions, MutationOptions, RequestOptions } from "./apiOptions";
import type { ErrorBody, ErrorCode, ErrorDetails } from "./models";

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

/** Sends requests. */
export class Client {
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

  /** Calls a route. `T` is the type of the response. */
  request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return this.#retry(() => this.#send<T>(method, path, options), options);
  }

  /** Gets a file, or has it made by another method; its body has not been read yet. */
  download(path: string, options: RequestOptions = {}, method = "GET"): Promise<Response> {
    return this.#retry(async () => {
      const response = await this.#fetchResponse(method, path, options);
      if (!response.ok) read(response, await this.#textOf(response, options.signal));
      return response;
    }, options);
  }

  /** Creates a record. A repeat with the same key creates nothing, and returns the same record. */
  create<T>(path: string, body: object, options: MutationOptions = {}): Promise<T> {
    const { idempotencyKey, ...call } = options;
    return this.request("POST", path, { ...call, headers: keyHeaders(idempotencyKey), body });
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

/** The delay after this many retries, in milliseconds: it doubles from a second to half a minute. */
export function backOff(retries: number): number {
  const longest = Math.min(1_000 * 2 ** retries, 30_000);
  // Clients that lost a server at the same time should not return at the same time.
  return longest * (0.5 + Math.random() / 2);
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

/** The path with each id encoded. */
export function at(texts: TemplateStringsArray, ...ids: string[]): string {
  return String.raw({ raw: texts }, ...ids.map(encodeURIComponent));
}

export function keyHeaders(key: string | undefined): Headers {
  return new Headers(key === undefined ? {} : { "Idempotency-Key": key });
}

/** A key for one click, to be sent with each attempt. */
export function newIdempotencyKey(): string {
  // On a home network without TLS, browsers have no `crypto.randomUUID`.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
