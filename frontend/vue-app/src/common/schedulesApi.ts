/** What children are to do on which days. */

import type { CallOptions, MutationOptions, Paging } from "./apiOptions";
import { at } from "./client";
import type { CalendarFeedList } from "./lists";
import type {
  NewCalendarFeed,
  Occurrence,
  Schedule,
  ScheduleStatistics,
  Today,
} from "./schedules";
import { WebhooksApi } from "./webhooksApi";

/** The days of a query, the first and the last included. */
export interface Days {
  from?: string;
  to?: string;
}

/** The calls of schedules. A task gets its schedule by `createTask` and `updateTask`. */
export class SchedulesApi extends WebhooksApi {
  /** What a child is to do on a day, by default today. */
  today(childId: string, date?: string, options?: CallOptions): Promise<Today> {
    return this.request("GET", at`/children/${childId}/today`, { ...options, query: { date } });
  }

  /** The occurrences of a child on at most 62 days; by default on seven days from today on. */
  schedule(childId: string, days: Days = {}, options?: CallOptions): Promise<Schedule> {
    return this.request("GET", at`/children/${childId}/schedule`, { ...options, query: days });
  }

  /** The occurrences of all children, for parents; see {@link schedule}. */
  familySchedule(days: Days = {}, options?: CallOptions): Promise<Schedule> {
    return this.request("GET", "/family/schedule", { ...options, query: days });
  }

  /** The child need not do the task on that day. A repeat replaces the note. */
  skipTask(
    childId: string,
    taskId: string,
    skip: { date: string; note?: string | null },
    options?: CallOptions,
  ): Promise<{ occurrence: Occurrence }> {
    const path = at`/children/${childId}/tasks/${taskId}/skip`;
    return this.request("POST", path, { ...options, body: skip });
  }

  /** The child is to do the task on that day after all; by default today. */
  undoSkip(
    childId: string,
    taskId: string,
    date?: string,
    options?: CallOptions,
  ): Promise<{ occurrence: Occurrence }> {
    const path = at`/children/${childId}/tasks/${taskId}/skip`;
    return this.request("DELETE", path, { ...options, query: { date } });
  }

  /** How much of what was due was done, on at most 93 days; by default on the last 30. */
  familyStatistics(days: Days = {}, options?: CallOptions): Promise<ScheduleStatistics> {
    return this.request("GET", "/family/statistics", { ...options, query: days });
  }

  /** The calendar feeds of a child, without their addresses. */
  calendarFeeds(
    childId: string,
    page: Paging = {},
    options?: CallOptions,
  ): Promise<CalendarFeedList> {
    const path = at`/children/${childId}/calendar-feeds`;
    return this.request("GET", path, { ...options, query: page });
  }

  /** Creates an address with which calendar programs show the child's schedule. Only this response contains it. */
  createCalendarFeed(
    childId: string,
    options?: MutationOptions,
  ): Promise<{ feed: NewCalendarFeed }> {
    return this.create(at`/children/${childId}/calendar-feeds`, {}, options);
  }

  deleteCalendarFeed(childId: string, feedId: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/children/${childId}/calendar-feeds/${feedId}`, options);
  }
}
