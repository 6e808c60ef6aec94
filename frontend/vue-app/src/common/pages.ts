/** Fetches a list page by page. */

import type { ChildTrackingFilters } from "./apiOptions";
import type { TrackingEvent, TrackingEventList } from "./models";

/** Implements `Api.allChildTracking`. */
export async function* allPages<F extends ChildTrackingFilters>(
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
