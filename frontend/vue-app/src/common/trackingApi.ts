/** Queries and exports of the tracking events. */

import type {
  AdminExport,
  AdminTrackingFilters,
  CallOptions,
  ChildExport,
  ChildTrackingFilters,
  FamilyTrackingFilters,
} from "./apiOptions";
import { at, Client } from "./client";
import type { TrackingEvent, TrackingEventList } from "./models";
import { allPages } from "./pages";

/** The calls of the tracking events. */
export class TrackingApi extends Client {
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
}
