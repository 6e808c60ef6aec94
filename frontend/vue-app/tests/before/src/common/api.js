/** Calls of Goldstar's HTTP API: queries of the events, and the mutations. */
/** An error of the server. */
export class ApiError extends Error {
    name = "ApiError";
    /** The HTTP status. */
    status;
    /** For programs; `message` is for people. */
    code;
    /** Details that depend on the code, such as `points_needed`. */
    details;
    /** Finds the request in the server's own log. */
    requestId;
    constructor(status, body, requestId) {
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
    name = "NetworkError";
    constructor(message, cause) {
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
    retryDelay;
    #baseUrl;
    #token;
    #fetch;
    constructor(options = {}) {
        this.retryDelay = options.retryDelay ?? backOff;
        this.#baseUrl = options.baseUrl ?? "/api";
        this.#token = options.token;
        const send = options.fetch ?? fetch;
        // A browser's own `fetch` throws if it is called as a method of another object.
        this.#fetch = (input, init) => send(input, init);
    }
    /** The current session. */
    me(options) {
        return this.request("GET", "/auth/me", options);
    }
    /** A page of the events of one child, for its own family. */
    childTracking(childId, filters = {}, options) {
        return this.request("GET", at `/children/${childId}/tracking`, { ...options, query: filters });
    }
    /** A page of the events of all children of the family, including deleted ones, for parents. */
    familyTracking(filters = {}, options) {
        return this.request("GET", "/family/tracking", { ...options, query: filters });
    }
    /** A page of the events of all families, for administrators. */
    adminTracking(filters = {}, options) {
        return this.request("GET", "/admin/tracking", { ...options, query: filters });
    }
    /**
     * All events of one child, fetched page by page, each of them once, even if new ones are recorded
     * meanwhile. With the oldest first (`order: "asc"`) the new ones come last; with the newest first
     * they are omitted. `limit` is the size of a page, by default 500.
     */
    allChildTracking(childId, filters = {}, options) {
        return allPages((page) => this.childTracking(childId, page, options), filters);
    }
    /** All events of all families, for administrators; see {@link allChildTracking}. */
    allAdminTracking(filters = {}, options) {
        return allPages((page) => this.adminTracking(page, options), filters);
    }
    /** Gives a child the points of a task, or deducts those of a penalty. */
    activateTask(childId, taskId, options) {
        return this.#mutate(at `/children/${childId}/tasks/${taskId}/activate`, options);
    }
    /** Requests a reward that the child can afford. */
    requestReward(childId, rewardId, options) {
        return this.#mutate(at `/children/${childId}/rewards/${rewardId}/request`, options);
    }
    /** Redeems a reward: the child pays its cost, and the request for it ends. */
    redeemReward(childId, rewardId, options) {
        return this.#mutate(at `/children/${childId}/rewards/${rewardId}/redeem`, options);
    }
    /** Cancels the child's request for a reward. */
    cancelReward(childId, rewardId, options) {
        return this.#mutate(at `/children/${childId}/rewards/${rewardId}/cancel`, options);
    }
    /** Calls a route that has no method here. `T` is the type of the response. */
    async request(method, path, options = {}) {
        const { retries = 0, signal } = options;
        for (let tried = 0;; tried += 1) {
            try {
                return await this.#send(method, path, options);
            }
            catch (error) {
                if (tried >= retries || !mayPass(error))
                    throw error;
                await pause(this.retryDelay(tried), signal);
            }
        }
    }
    /** The URL of a route. */
    url(path, query = {}) {
        const parameters = new URLSearchParams();
        for (const [name, value] of Object.entries(query)) {
            if (value !== undefined) {
                parameters.set(name, value instanceof Date ? value.toISOString() : String(value));
            }
        }
        const text = parameters.toString();
        return this.#baseUrl + path + (text === "" ? "" : `?${text}`);
    }
    #mutate(path, options = {}) {
        const { idempotencyKey, ...call } = options;
        const headers = new Headers();
        if (idempotencyKey !== undefined)
            headers.set("Idempotency-Key", idempotencyKey);
        return this.request("POST", path, { ...call, headers });
    }
    async #send(method, path, { query, body, headers, signal }) {
        const sent = new Headers(headers);
        if (this.#token !== undefined)
            sent.set("Authorization", `Bearer ${this.#token}`);
        if (body !== undefined)
            sent.set("Content-Type", "application/json");
        const url = this.url(path, query);
        const init = {
            method,
            headers: sent,
            body: body === undefined ? null : JSON.stringify(body),
            credentials: "include",
            signal: signal ?? null,
        };
        let response;
        let text;
        try {
            response = await this.#fetch(url, init);
            text = await response.text();
        }
        catch (cause) {
            signal?.throwIfAborted();
            throw new NetworkError("The server can't be reached.", cause);
        }
        return read(response, text);
    }
}
/** A key for one click, to be sent with each attempt. */
export function newIdempotencyKey() {
    // On a home network without TLS, browsers have no `crypto.randomUUID`.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
/** The delay after this many retries, in milliseconds: it doubles from a second to half a minute. */
export function backOff(retries) {
    const longest = Math.min(1_000 * 2 ** retries, 30_000);
    // Clients that lost a server at the same time should not return at the same time.
    return longest * (0.5 + Math.random() / 2);
}
/** The path with each id encoded. */
function at(texts, ...ids) {
    return String.raw({ raw: texts }, ...ids.map(encodeURIComponent));
}
function read(response, text) {
    if (response.status === 204)
        return undefined;
    let answer;
    try {
        answer = JSON.parse(text);
    }
    catch (cause) {
        throw foreignAnswer(response, cause);
    }
    if (response.ok)
        return answer;
    const { error = "", code, ...rest } = answer ?? {};
    if (code === undefined)
        throw foreignAnswer(response);
    const requestId = response.headers.get("X-Request-Id") ?? undefined;
    throw new ApiError(response.status, { error, code, ...rest }, requestId);
}
function foreignAnswer(response, cause) {
    const message = `Something other than Goldstar answered, with status ${response.status}.`;
    return new NetworkError(message, cause);
}
/** Whether the same request may succeed later. */
function mayPass(error) {
    return error instanceof NetworkError || (error instanceof ApiError && error.status === 503);
}
function pause(milliseconds, signal) {
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
async function* allPages(fetchPage, filters) {
    let offset = 0;
    let total;
    let newer = 0;
    do {
        const page = await fetchPage({ limit: 500, ...filters, offset });
        const events = page.tracking_events;
        if (events.length === 0)
            return;
        // New events since the previous page have moved all others back by as many places.
        if (filters.order !== "asc")
            newer += Math.max(0, page.total - (total ?? page.total));
        yield* events.slice(newer);
        newer = Math.max(0, newer - events.length);
        offset += events.length;
        total = page.total;
    } while (offset < total);
}
