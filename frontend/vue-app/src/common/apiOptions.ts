/** The arguments of the calls in `api.ts`. */

import type { Action, EntityType } from "./models";
import type { PeriodKind, RankedBy, RankingPeriod } from "./progress";

export interface ApiOptions {
  /** The URL of the API, without a slash at the end; by default `/api` of the page's origin. */
  baseUrl?: string;
  /** A Bearer token, for clients without a session cookie. */
  token?: string;
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch;
  /** The delay before the next retry after this many, in milliseconds; see `backOff`. */
  retryDelay?: (retries: number) => number;
}

export interface CallOptions {
  /** Aborts the call, which then throws the signal's `reason`. */
  signal?: AbortSignal | undefined;
  /** How often the call is repeated after a missing response or a 503; default 0. */
  retries?: number | undefined;
}

export interface ConfirmedOptions extends CallOptions {
  /** The administrator's password; needed if the session is older than 15 minutes. */
  password?: string | undefined;
}

export interface RequestOptions extends CallOptions {
  query?: object;
  /** Is sent as JSON. */
  body?: object;
  headers?: HeadersInit;
}

/** Retries need a key: without one, a change whose response was lost would be made twice. */
export type MutationOptions =
  | (CallOptions & {
      /** Identifies this change for 24 hours; see `newIdempotencyKey`. */
      idempotencyKey: string;
    })
  | (Omit<CallOptions, "retries"> & { idempotencyKey?: undefined; retries?: undefined });

export interface Noted {
  /** What a person writes about the mutation: at most 500 characters on one line. */
  note?: string | undefined;
}

/** The request that a parent answers: if it is no longer pending, the error is `REQUEST_GONE`. */
export interface Answer extends Noted {
  requestId?: string | undefined;
}

export interface Approval extends Answer {
  /** The points to give for a requested task, instead of the requested ones. */
  points?: number | undefined;
  /** Exceeds the limit of the task. */
  force?: boolean | undefined;
}

export interface Correction extends Noted {
  /** Takes less if the child does not have the points, instead of `INSUFFICIENT_POINTS`. */
  partial?: boolean | undefined;
}

/**
 * A time, or a whole day (`2026-02-09`). A `Date` is exact to the millisecond only: for the exact
 * time of an event, pass its text.
 */
export type Moment = Date | string;

/** The filters are combined with *and*. A missing or undefined one has no effect. */
export interface ChildTrackingFilters {
  entity_type?: EntityType | undefined;
  entity_id?: string | undefined;
  action?: Action | undefined;
  /** Events at or after this time. */
  from?: Moment | undefined;
  /** Events before this time; a day is included. */
  to?: Moment | undefined;
  /** The zone of days: a name such as `Europe/Berlin`, or `family`; UTC by default. */
  tz?: string | undefined;
  /** `desc` (default): newest first. */
  order?: "asc" | "desc" | undefined;
  /** The number of events per page: default 50, at most 500. */
  limit?: number | undefined;
  /** The number of events to skip. */
  offset?: number | undefined;
}

export interface FamilyTrackingFilters extends ChildTrackingFilters {
  child_id?: string | undefined;
}

export interface AdminTrackingFilters extends FamilyTrackingFilters {
  user_id?: string | undefined;
}

/** A part of a list. */
export interface Paging {
  /** The number of records: 500 by default and at most. */
  limit?: number | undefined;
  /** The number of records to skip. */
  offset?: number | undefined;
}

/** The form of a file of events. */
export interface ExportFormat {
  /** `csv` (default), or `ndjson`: an event in each line. */
  format?: "csv" | "ndjson" | undefined;
  /** Whether a CSV file starts with a byte order mark, by which Excel recognizes UTF-8. */
  bom?: boolean | undefined;
}

export type ChildExport = Omit<ChildTrackingFilters, "limit" | "offset"> & ExportFormat;

export type AdminExport = Omit<AdminTrackingFilters, "limit" | "offset"> & ExportFormat;

export interface StatisticsQuery {
  /** The first day, `2026-02-09`; by default 29 days before `to`. */
  from?: string | undefined;
  /** The last day; by default today. */
  to?: string | undefined;
  by?: PeriodKind | undefined;
}

/** What a certificate is for. */
export type CertificateKind = "badge" | "rank" | "month";

export interface RankingQuery {
  period?: RankingPeriod | undefined;
  by?: RankedBy | undefined;
}
