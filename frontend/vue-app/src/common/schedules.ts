/** What children are to do on which days; docs/schedules.md explains each field. */

import type { Weekday } from "./models";

/** All children, those with these ids, or one after the other. */
export type Who = "all" | string[] | { rotation: string[]; each: "occurrence" | "week" };

/** In a request, the next child follows after each occurrence by default. */
export type NewWho =
  "all" | string[] | { rotation: string[]; each?: "occurrence" | "week" | null };

/** Who is to do a task, and when, as a task has it. */
export interface Plan {
  who: Who;
  every: "day" | "week" | "month" | null;
  interval: number | null;
  on: Weekday[] | null;
  /** The day of the month. */
  day: number | "last" | null;
  /** The only day, instead of `every`. */
  date: string | null;
  week_start: Weekday | null;
  /** The day on which it takes effect. */
  starts: string;
  /** The first day, from which the interval counts. */
  from: string | null;
  until: string | null;
  /** In the family's time zone; null for the end of the day. */
  due_time: string | null;
  grace_days: number | null;
  first_only: boolean | null;
  /** The id of a penalty. */
  on_missed: string | null;
}

/** A plan in a request: what is missing has its default. */
export interface NewPlan extends Partial<Omit<Plan, "who" | "starts">> {
  who: NewWho;
  /** By default, and if it has passed, today. */
  starts?: string | null;
  /** Instead of `every`, `interval`, `on`, `day` and `date`: a recurrence rule of RFC 5545. */
  rrule?: string;
}

/** A task that a child is to do on a day. */
export interface Occurrence {
  task_id: string;
  task_name: string;
  points: number;
  child_id: string;
  day: string;
  /** The last day on which it can be done. */
  last_day: string;
  state:
    "upcoming" | "due" | "requested" | "done" | "late" | "missed" | "skipped" | "paused";
  /** When it becomes late, or is missed if it cannot be done late. */
  due_at: string;
  /** When it can no longer be done. */
  ends_at: string;
  /** Whether the child can do or request it now. */
  allowed: boolean;
  /** The note of the parent who skipped it. */
  note: string | null;
}

/** What a child is to do on a day. */
export interface Today {
  date: string;
  /** In the order of the day. */
  occurrences: Occurrence[];
}

/** The occurrences of a period. */
export interface Schedule {
  from: string;
  to: string;
  /** In the order of their days. */
  occurrences: Occurrence[];
}

/** What became of occurrences. */
export interface Completion {
  done: number;
  missed: number;
  open: number;
  skipped: number;
  /** The part that was done of those that were done or missed, from 0 to 1; null if there are none. */
  rate: number | null;
}

export interface ChildCompletion extends Completion {
  child_id: string;
  name: string;
}

export interface WeekdayCompletion extends Completion {
  weekday: Weekday;
}

export interface TaskCompletion extends Completion {
  task_id: string;
  name: string;
}

/** What became of the occurrences of a family. */
export interface ScheduleStatistics {
  from: string;
  to: string;
  total: Completion;
  children: ChildCompletion[];
  weekdays: WeekdayCompletion[];
  tasks: TaskCompletion[];
}

/** An address with which calendar programs show the schedule of a child. */
export interface CalendarFeed {
  id: string;
  child_id: string;
  created_at: string;
}

/** A new feed. */
export interface NewCalendarFeed extends CalendarFeed {
  /** The address; null in the response to a repeat. No other response contains it. */
  url: string | null;
}
