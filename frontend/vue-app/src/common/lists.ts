/** Pages of lists. */

import type { Award, Badge, ChildBadge } from "./badges";
import type { Device } from "./devices";
import type { Actor } from "./households";
import type {
  Child,
  ListedSession,
  PendingReward,
  PendingTask,
  Reward,
  RewardOffer,
  Task,
  TaskState,
  TrackingEvent,
} from "./models";
import type { CalendarFeed } from "./schedules";

/** One page of a list. */
export interface Page {
  /** The number of records on all pages. */
  total: number;
  limit: number;
  offset: number;
}

export interface TrackingEventList extends Page {
  tracking_events: TrackingEvent[];
  /** The id of each event of the page that is reversed, with the id of its reversal. */
  reversals: Record<string, string>;
  /** The adults of the family by `metadata.actor_id`, without those who have left. */
  actors: Record<string, Actor>;
}

export interface ChildList extends Page {
  children: Child[];
}

export interface TaskList extends Page {
  tasks: Task[];
}

export interface CalendarFeedList extends Page {
  feeds: CalendarFeed[];
}

export interface DeviceList extends Page {
  devices: Device[];
}

export interface ListedSessionList extends Page {
  sessions: ListedSession[];
}

export interface TaskStateList extends Page {
  tasks: TaskState[];
}

export interface PendingTaskList extends Page {
  pending_tasks: PendingTask[];
}

export interface BadgeList extends Page {
  badges: Badge[];
}

export interface ChildBadgeList extends Page {
  badges: ChildBadge[];
}

export interface AwardList extends Page {
  awards: Award[];
}

export interface RewardList extends Page {
  rewards: Reward[];
}

export interface RewardOfferList extends Page {
  rewards: RewardOffer[];
}

export interface PendingRewardList extends Page {
  pending_rewards: PendingReward[];
}
