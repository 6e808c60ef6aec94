/** Badges, and what children have earned of them. */

import type { Icon } from "./models";

export type Metric =
  | "tasks_done"
  | "points_earned"
  | "streak_days"
  | "days_without_penalty"
  | "rewards_redeemed"
  | "task_done";

/** A badge, which children earn in up to three grades. */
export interface Badge {
  /** That of a built-in badge is a word, such as `first-steps`. */
  id: string;
  /** Null for a built-in badge, which can only be hidden and shown. */
  user_id: string | null;
  name: string;
  icon: Icon | null;
  metric: Metric;
  /** The task that `task_done` counts. */
  task_id: string | null;
  /** What bronze, silver and gold need. */
  thresholds: number[];
  /** Null if all of the history counts. */
  period: "week" | "month" | null;
  /** Whether the family does not use it. */
  hidden: boolean;
  created_at: string | null;
  updated_at: string | null;
}

/** A grade of a badge that a child has earned, as the badge was at that time. */
export interface Award {
  /** Unique among the awards of the child. */
  id: string;
  child_id: string;
  badge_id: string;
  /** 1 for bronze, 2 for silver, 3 for gold. */
  grade: number;
  /** The first day of a week, a month such as `2026-02`, or null. */
  period: string | null;
  badge_name: string;
  metric: Metric;
  task_id: string | null;
  threshold: number;
  earned_at: string;
  /** Null if the passing of time reached it. */
  tracking_event_id: string | null;
  /** When the reversal of an event took it away. */
  revoked_at: string | null;
}

/** A badge, and what a child has earned of it. */
export interface ChildBadge extends Badge {
  /** What the child has of the metric: in this week or month, or in the whole history. */
  value: number;
  /** The newest 20. */
  awards: Award[];
  award_count: number;
}
