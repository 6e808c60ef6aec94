/** What administrators see and do. The field names are those of the API. */

import type { Page } from "./models";

/** How long an account that is marked for deletion waits. */
export interface DeletionThreshold {
  hours: number;
  minimum: number;
  maximum: number;
  default: number;
}

/** An account that is marked for deletion, as an administrator sees it. */
export interface QueuedAccount {
  id: string;
  email: string;
  marked_for_deletion_at: string | null;
  /** Null if the mark cannot be read. */
  due_at: string | null;
  /** Only a `pending` or an `unreadable` one can be restored. */
  status: "pending" | "in_progress" | "retrying" | "failed" | "unreadable";
  attempts: number;
  last_error: string | null;
  /** Null if an attempt is under way, the last one has failed for good, or the mark cannot be read. */
  next_attempt_at: string | null;
  /** The servers that have not removed the account's audit logs yet. */
  waiting_for: string[];
}

export interface DeletionQueue {
  /** The number of accounts on all pages. */
  count: number;
  users: QueuedAccount[];
}

/** An account, as an administrator sees it: nothing of its family. */
export interface ManagedAccount {
  id: string;
  first_name: string;
  last_name: string;
  email: string;
  role: "parent" | "admin";
  created_at: string | null;
  /** Null if it is not marked, or if the mark cannot be read. */
  marked_for_deletion_at: string | null;
  due_at: string | null;
  /** The status in the queue; null if the account is not marked. */
  deletion_status: string | null;
}

export interface ManagedAccountDetails extends ManagedAccount {
  /** The number of sessions, including those of its children. */
  sessions: number;
  last_used_at: string | null;
}

export interface ManagedAccountList extends Page {
  accounts: ManagedAccount[];
}

/** The results of a run. */
export interface DeletionRun {
  results: DeletionAttempt[];
}

export interface DeletionAttempt {
  /** The account. */
  id: string;
  outcome: "deleted" | "failed" | "interrupted" | "held" | "waiting";
  /** Why it failed. */
  error: string | null;
}

/** A session of any account, for administrators. */
export interface ServerSession {
  id: string;
  user_id: string;
  email: string;
  scope: "parent" | "child" | "admin";
  created_at: string;
  last_used_at: string;
  expires_at: string;
}

export interface ServerSessionList extends Page {
  sessions: ServerSession[];
}

/** How much there is of everything on the server. */
export interface Stats {
  accounts: number;
  administrators: number;
  marked_accounts: number;
  sessions: number;
  children: number;
  tasks: number;
  rewards: number;
  events: number;
  events_last_day: number;
  events_last_week: number;
  events_last_month: number;
  bytes: number;
}

/** A setting of the server, without a secret. */
export interface SettingInEffect {
  /** The line of a settings file; a comment if it is a secret. */
  line: string;
  /** A flag, a variable, a file, or `default`. */
  origin: string;
}

export interface ServerSettings {
  settings: SettingInEffect[];
}

/** An action of an administrator or the operator. */
export interface LoggedAction {
  id: string;
  created_at: string;
  action: string;
  /** A pseudonym; null for the operator. */
  actor: string | null;
  actor_email: string | null;
  /** A pseudonym; null if the action is about no account. */
  account: string | null;
  account_email: string | null;
}

export interface LoggedActionList extends Page {
  actions: LoggedAction[];
}

/** A link to reset a password. */
export interface ResetLink {
  link: string;
  expires_at: string;
}

/** What happened on the server from day to day, in UTC. */
export interface ServerStatistics {
  from: string;
  to: string;
  /** The families with an event on any of these days. */
  active_families: number;
  /** Every day, also those without events. */
  series: DayActivity[];
}

/** What happened on a day in UTC. */
export interface DayActivity {
  day: string;
  /** The number of events, those of deleted families included. */
  events: number;
  tasks: number;
  rewards: number;
  penalties: number;
  active_families: number;
  /** The accounts that were created and still exist. */
  sign_ups: number;
  deletions: number;
}
