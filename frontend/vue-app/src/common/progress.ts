/** What the events of the children add up to; docs/progress.md defines each figure. */

import type { Award, Badge, Rank } from "./models";

/** The progress of a child. */
export interface Progress {
  balance: { today: Balance; week: Balance; all_time: Balance };
  streak: Streak;
  rank: Standing;
  badges: {
    /** The newest awards first, at most 5. */
    newest: Award[];
    /** The grade that the child is closest to first; at most 5. */
    nearest: NearBadge[];
  };
}

/** A grade that a child is close to. */
export interface NearBadge {
  badge_id: string;
  badge_name: string;
  metric: Badge["metric"];
  grade: number;
  /** What the child has; less than the threshold. */
  value: number;
  threshold: number;
}

/** The balance of good and not good. */
export interface Balance {
  /** The first day; null for the whole history. */
  from: string | null;
  to: string | null;
  good: Share;
  not_good: Share;
  /** From 0 to 1; null without tasks and penalties. */
  ratio: number | null;
  points_spent: number;
  net_change: number;
}

/** A number of events, and their points. */
export interface Share {
  count: number;
  points: number;
}

/** Days in a row. */
export interface Streak {
  current: number;
  longest: number;
  current_from: string | null;
  current_to: string | null;
  longest_from: string | null;
  longest_to: string | null;
}

/** The rank of a child. */
export interface Standing {
  number: number;
  name: string;
  threshold: number;
  points_earned: number;
  next: Rank | null;
  points_needed: number;
}

/** The figures of a child over time. */
export interface Statistics {
  from: string;
  to: string;
  by: PeriodKind;
  series: StatisticsPeriod[];
  /** The most frequent first. */
  tasks: Frequency[];
  penalties: Frequency[];
  rewards: Frequency[];
}

export type PeriodKind = "day" | "week" | "month";

/** The figures of one period. */
export interface StatisticsPeriod extends Figures {
  from: string;
  to: string;
}

export interface Figures {
  points_earned: number;
  points_lost: number;
  points_spent: number;
  tasks_done: number;
  penalties: number;
  rewards_redeemed: number;
}

/** How often a task, penalty or reward was used. */
export interface Frequency {
  id: string;
  name: string;
  count: number;
}

/** The children in their order. */
export interface Ranking {
  period: RankingPeriod;
  by: RankedBy;
  from: string | null;
  to: string | null;
  ranking: RankedChild[];
}

export type RankingPeriod = "week" | "month" | "all";
export type RankedBy = "points_earned" | "tasks_done" | "good_ratio";

/** Children with equal values have the same place. */
export interface RankedChild {
  place: number;
  child_id: string;
  name: string;
  points_earned: number;
  tasks_done: number;
  good_ratio: number | null;
}
