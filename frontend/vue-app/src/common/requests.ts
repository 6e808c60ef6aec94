/** The bodies of requests. */

import type { Colour, Icon, Metric, Pause, Rank, TaskLimit, Weekday } from "./models";
import type { NewPlan } from "./schedules";

export interface NewAccount {
  first_name: string;
  last_name: string;
  email: string;
  password: string;
}

export interface Signup extends NewAccount {
  /** The secret of an invitation to a family. */
  invitation?: string;
}

/** A new account, from a command of the operator. */
export interface NewManagedAccount extends NewAccount {
  role?: "parent" | "admin";
}

export interface AccountPatch {
  first_name?: string;
  last_name?: string;
  email?: string;
}

/** A password, from a command of the operator. */
export interface ReplacedPassword {
  new_password: string;
}

/** What an administrator repeats unless the session is younger than 15 minutes. */
export interface PasswordAgain {
  password?: string;
}

/** The secret behind the `#` of a link, and the new password. */
export interface PasswordReset {
  secret: string;
  new_password: string;
}

export interface Login {
  email: string;
  password: string;
}

export interface PasswordChange {
  current_password: string;
  new_password: string;
}

export interface UserPatch {
  first_name?: string;
  last_name?: string;
  image_id?: string | null;
  language?: string | null;
}

/** A change of the family's settings: missing fields keep their values. */
export interface FamilySettingsPatch {
  /** Null for the default. */
  time_zone?: string | null;
  day_starts_at?: number;
  week_start?: Weekday;
  rest_days?: Weekday[];
  pauses?: Pause[];
  daily_goal?: number | null;
  /** Null for the default ranks. */
  ranks?: Rank[] | null;
  shows_ranking?: boolean;
  penalties_by_helpers?: boolean;
  streak_rule?: "any_task" | "all_due";
}

export interface NewChild {
  name: string;
  age?: number | null;
  /** The points to begin with; default 0. */
  points?: number;
  image_id?: string | null;
  tasks?: string[];
  rewards?: string[];
  colour?: Colour | null;
}

export type ChildPatch = Partial<Omit<NewChild, "points">>;

export interface NewTask {
  name: string;
  points: number;
  /** False for a penalty; default true. */
  is_good?: boolean;
  image_id?: string | null;
  /** Whether children can request it; default true. */
  requestable?: boolean;
  icon?: Icon | null;
  /** How often each child may do it. */
  limit?: TaskLimit | null;
  /** Who is to do it when. It takes effect today, or on the later day that it names. */
  schedule?: NewPlan | null;
}

export type TaskPatch = Partial<NewTask>;

export interface NewBadge {
  name: string;
  icon?: Icon | null;
  metric: Metric;
  task_id?: string | null;
  /** One to three rising numbers. */
  thresholds: number[];
  period?: "week" | "month" | null;
}

/** Of a built-in badge only `hidden`. */
export type BadgePatch = Partial<NewBadge> & { hidden?: boolean };

export interface NewReward {
  name: string;
  description?: string;
  cost: number;
  image_id?: string | null;
  icon?: Icon | null;
}

export type RewardPatch = Partial<NewReward>;
