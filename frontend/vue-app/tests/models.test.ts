/**
 * The types that are written by hand, against those that are generated from the server's own
 * description. `npm run check` is what fails where they differ.
 */

import { expectTypeOf, test } from "vitest";

import type {
  AdminTrackingFilters,
  ChildTrackingFilters,
  FamilyTrackingFilters,
  Moment,
} from "../src/common/api";
import type * as administration from "../src/common/administration";
import type * as models from "../src/common/models";
import type * as progress from "../src/common/progress";
import type * as requests from "../src/common/requests";
import type { components, paths } from "../src/openapi";

type Schemas = components["schemas"];

/** What is written by hand, by the names of the description. */
interface Written {
  AccountExport: models.AccountExport;
  Award: models.Award;
  AwardList: models.AwardList;
  Badge: models.Badge;
  BadgeAwarded: models.BadgeAwarded;
  BadgeList: models.BadgeList;
  BadgeRevoked: models.BadgeRevoked;
  Balance: progress.Balance;
  Balances: progress.Progress["balance"];
  Figures: progress.Figures;
  Frequency: progress.Frequency;
  Progress: progress.Progress;
  NearBadge: progress.NearBadge;
  NewestAndNearest: progress.Progress["badges"];
  Rank: models.Rank;
  RankChanged: models.RankChanged;
  RankedChild: progress.RankedChild;
  Ranking: progress.Ranking;
  Share: progress.Share;
  Standing: progress.Standing;
  DayActivity: administration.DayActivity;
  ServerStatistics: administration.ServerStatistics;
  Statistics: progress.Statistics;
  StatisticsPeriod: progress.StatisticsPeriod;
  Streak: progress.Streak;
  Child: models.Child;
  ChildBadge: models.ChildBadge;
  ChildBadgeList: models.ChildBadgeList;
  ChildList: models.ChildList;
  DeletionAttempt: administration.DeletionAttempt;
  DeletionDue: models.DeletionDue;
  ResetLink: administration.ResetLink;
  DeletionQueue: administration.DeletionQueue;
  DeletionRun: administration.DeletionRun;
  DeletionThreshold: administration.DeletionThreshold;
  ErrorCode: models.ErrorCode;
  ErrorDetails: models.ErrorDetails;
  ExportedEndedRequest: models.ExportedEndedRequest;
  ExportedIdempotencyKey: models.ExportedIdempotencyKey;
  ExportedMessage: models.ExportedMessage;
  ExportedScheduleMark: models.ExportedScheduleMark;
  ExportedSession: models.ExportedSession;
  FamilyLimit: models.FamilyLimit;
  FamilySettings: models.FamilySettings;
  FieldCode: models.FieldCode;
  FieldError: models.FieldError;
  Health: models.Health;
  ListedSession: models.ListedSession;
  ListedSessionList: models.ListedSessionList;
  ManagedAccount: administration.ManagedAccount;
  ManagedAccountDetails: administration.ManagedAccountDetails;
  LoggedAction: administration.LoggedAction;
  LoggedActionList: administration.LoggedActionList;
  ManagedAccountList: administration.ManagedAccountList;
  ServerSession: administration.ServerSession;
  ServerSessionList: administration.ServerSessionList;
  ServerSettings: administration.ServerSettings;
  SettingInEffect: administration.SettingInEffect;
  TaskLimit: models.TaskLimit;
  Stats: administration.Stats;
  MutationResult: models.MutationResult;
  Page: models.Page;
  Pause: models.Pause;
  PendingReward: models.PendingReward;
  PendingRewardList: models.PendingRewardList;
  PendingTask: models.PendingTask;
  PendingTaskList: models.PendingTaskList;
  Projection: models.Projection;
  QueuedAccount: administration.QueuedAccount;
  RecordsChanged: models.RecordsChanged;
  RequestEnded: models.RequestEnded;
  Reward: models.Reward;
  RewardList: models.RewardList;
  RewardOffer: models.RewardOffer;
  RewardOfferList: models.RewardOfferList;
  Device: models.Device;
  DeviceAnswer: { device: models.Device };
  DeviceChild: models.DeviceChild;
  DeviceChildren: models.DeviceChildren;
  DeviceCodes: models.DeviceCodes;
  DeviceList: models.DeviceList;
  PinState: models.PinState;
  WaitingDevice: models.WaitingDevice;
  Invitation: models.Invitation;
  InvitationList: models.InvitationList;
  InvitationOffer: models.InvitationOffer;
  Member: models.Member;
  Members: { members: models.Member[] };
  NewInvitation: models.NewInvitation;
  ShownInvitation: models.ShownInvitation;
  CalendarFeed: models.CalendarFeed;
  CalendarFeedAnswer: { feed: models.NewCalendarFeed };
  CalendarFeedList: models.CalendarFeedList;
  NewCalendarFeed: models.NewCalendarFeed;
  ApiToken: models.ApiToken;
  ApiTokenList: models.ApiTokenList;
  NewApiToken: models.NewApiToken;
  NewApiTokenAnswer: models.NewApiTokenAnswer;
  Webhook: models.Webhook;
  WebhookAnswer: { webhook: models.Webhook };
  WebhookDelivery: models.WebhookDelivery;
  WebhookDeliveryList: models.WebhookDeliveryList;
  WebhookList: models.WebhookList;
  WebhookWithSecret: models.WebhookWithSecret;
  WebhookWithSecretAnswer: { webhook: models.WebhookWithSecret };
  RequestedDelivery: models.RequestedDelivery;
  NewWebhook: models.NewWebhook;
  WebhookPatch: models.WebhookPatch;
  Schedule: models.Schedule;
  ScheduleStatistics: models.ScheduleStatistics;
  Completion: models.Completion;
  ChildCompletion: models.ChildCompletion;
  WeekdayCompletion: models.WeekdayCompletion;
  TaskCompletion: models.TaskCompletion;
  Occurrence: models.Occurrence;
  OccurrenceAnswer: { occurrence: models.Occurrence };
  TaskDue: models.TaskDue;
  TasksSummary: models.TasksSummary;
  Today: models.Today;
  Session: models.Session;
  StreamData: models.StreamData;
  Task: models.Task;
  TaskList: models.TaskList;
  TaskState: models.TaskState;
  TaskStateList: models.TaskStateList;
  TrackingEvent: models.TrackingEvent;
  TrackingEventCreated: models.TrackingEventCreated;
  TrackingEventList: models.TrackingEventList;
  User: models.User;
  UserForChild: models.UserForChild;

  AccountPatch: requests.AccountPatch;
  BadgePatch: requests.BadgePatch;
  ChildPatch: requests.ChildPatch;
  FamilySettingsPatch: requests.FamilySettingsPatch;
  EmailChange: requests.Login;
  Login: requests.Login;
  NewBadge: requests.NewBadge;
  NewChild: requests.NewChild;
  NewManagedAccount: requests.NewManagedAccount;
  NewReward: requests.NewReward;
  NewTask: requests.NewTask;
  PasswordChange: requests.PasswordChange;
  ReplacedPassword: requests.ReplacedPassword;
  PasswordAgain: requests.PasswordAgain;
  PasswordReset: requests.PasswordReset;
  RewardPatch: requests.RewardPatch;
  Signup: requests.Signup;
  TaskPatch: requests.TaskPatch;
  UserPatch: requests.UserPatch;

  BadgeAnswer: { badge: models.Badge };
  ChildAnswer: { child: models.Child };
  RewardAnswer: { reward: models.Reward };
  TaskAnswer: { task: models.Task };
  UserAnswer: { user: models.User };
}

/** The bodies of requests that the calls build from their arguments. */
type Requests =
  | "Adjustment"
  | "Approval"
  | "ChildSession"
  | "ChosenChild"
  | "AccountDeletion"
  | "DeviceCode"
  | "FamilyTransfer"
  | "Goal"
  | "InvitationSecret"
  | "MemberPatch"
  | "NewDevice"
  | "OwnPassword"
  | "NewPin"
  | "NewThreshold"
  | "RequestAnswer"
  | "RequestNote"
  | "Reversal"
  | "ShownCode"
  | "Skip";

/** The fields that have a name: further ones, of an older data directory, have no type. */
type Named<T> = T extends readonly (infer Item)[]
  ? Named<Item>[]
  : T extends object
    ? { [Field in keyof T as string extends Field ? never : Field]: Named<T[Field]> }
    : T;

test("every record that is answered has a type", () => {
  expectTypeOf<keyof Written | "Error">().toEqualTypeOf<Exclude<keyof Schemas, Requests>>();
});

test("each type is the server's", () => {
  expectTypeOf<Named<Written>>().toEqualTypeOf<Named<Pick<Schemas, keyof Written>>>();
});

test("the types of errors are the server's", () => {
  type Rest<T> = Named<Omit<T, "details">>;
  expectTypeOf<Rest<models.ErrorBody>>().toEqualTypeOf<Rest<Schemas["Error"]>>();
  expectTypeOf<keyof models.ErrorBody>().toEqualTypeOf<keyof Schemas["Error"]>();
});

test("the enums are the server's", () => {
  type Event = Schemas["TrackingEvent"];
  expectTypeOf<models.EntityType>().toEqualTypeOf<Event["entity_type"]>();
  expectTypeOf<models.Action>().toEqualTypeOf<Event["action"]>();
});

test("the filters are the server's", () => {
  /** As a caller may give them. */
  type Taken<Parameters> = {
    [Name in keyof Parameters]: Name extends "from" | "to"
      ? Moment | undefined
      : Parameters[Name] | undefined;
  };
  type Admin = NonNullable<paths["/admin/tracking"]["get"]["parameters"]["query"]>;
  type Child = NonNullable<paths["/children/{id}/tracking"]["get"]["parameters"]["query"]>;
  expectTypeOf<Named<AdminTrackingFilters>>().toEqualTypeOf<Named<Taken<Admin>>>();
  type Family = NonNullable<paths["/family/tracking"]["get"]["parameters"]["query"]>;
  expectTypeOf<Named<FamilyTrackingFilters>>().toEqualTypeOf<Named<Taken<Family>>>();
  expectTypeOf<Named<ChildTrackingFilters>>().toEqualTypeOf<Named<Taken<Child>>>();
});
