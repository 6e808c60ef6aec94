/** Calls of Goldstar's HTTP API. */

import { AdministrationApi } from "./administrationApi";
import type {
  Answer,
  Approval,
  CallOptions,
  CertificateKind,
  Correction,
  MutationOptions,
  Noted,
  Paging,
  RankingQuery,
  StatisticsQuery,
} from "./apiOptions";
import { at, keyHeaders } from "./client";
import type {
  AwardList,
  Badge,
  BadgeList,
  Child,
  ChildBadgeList,
  ChildList,
  DeletionDue,
  FamilySettings,
  Health,
  ListedSessionList,
  MutationResult,
  PendingRewardList,
  PendingTaskList,
  Reward,
  RewardList,
  RewardOfferList,
  Session,
  Task,
  TaskList,
  TaskStateList,
  User,
} from "./models";
import type { Progress, Ranking, Statistics } from "./progress";
import type {
  BadgePatch,
  ChildPatch,
  FamilySettingsPatch,
  Login,
  NewBadge,
  NewChild,
  NewReward,
  NewTask,
  PasswordChange,
  PasswordReset,
  RewardPatch,
  Signup,
  TaskPatch,
  UserPatch,
} from "./requests";

export * from "./apiOptions";
export { ApiError, backOff, NetworkError, newIdempotencyKey } from "./client";
export * from "./requests";

/**
 * The calls of the API. Each throws an {@link ApiError}, a {@link NetworkError}, or the reason of
 * its signal after that was aborted.
 */
export class Api extends AdministrationApi {
  /** Creates an account, and logs in. */
  signUp(account: Signup, options?: CallOptions): Promise<{ user: User }> {
    return this.request("POST", "/auth/signup", { ...options, body: account });
  }

  logIn(login: Login, options?: CallOptions): Promise<{ user: User }> {
    return this.request("POST", "/auth/login", { ...options, body: login });
  }

  logOut(options?: CallOptions): Promise<void> {
    return this.request("POST", "/auth/logout", options);
  }

  /** Removes the account's mark for deletion. */
  restore(login: Login, options?: CallOptions): Promise<{ user: User }> {
    return this.request("POST", "/auth/restore", { ...options, body: login });
  }

  /** Sets the password of the account that a link belongs to. */
  resetPassword(reset: PasswordReset, options?: CallOptions): Promise<void> {
    return this.request("POST", "/auth/reset", { ...options, body: reset });
  }

  /** Ends every other session of the account. */
  changePassword(change: PasswordChange, options?: CallOptions): Promise<void> {
    return this.request("PUT", "/auth/password", { ...options, body: change });
  }

  /** Changes the address to log in with. `login` is the new address and the present password. */
  changeEmail(login: Login, options?: CallOptions): Promise<{ user: User }> {
    return this.request("PUT", "/user/email", { ...options, body: login });
  }

  /** The sessions of the account and of its children, the most recently used first. */
  sessions(page: Paging = {}, options?: CallOptions): Promise<ListedSessionList> {
    return this.request("GET", "/auth/sessions", { ...options, query: page });
  }

  /** Ends one of these sessions. */
  endSession(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/auth/sessions/${id}`, options);
  }

  /** Ends all of these sessions, and the current one. */
  endSessions(options?: CallOptions): Promise<void> {
    return this.request("DELETE", "/auth/sessions", options);
  }

  /** Replaces the browser's session by one of a child. */
  beginChildSession(childId: string, options?: CallOptions): Promise<Session> {
    const body = { child_id: childId };
    return this.request("POST", "/auth/child-session", { ...options, body });
  }

  /** Marks the own account for deletion, and ends its sessions. */
  markForDeletion(
    password: string,
    { deleteFamily, ...options }: CallOptions & { deleteFamily?: boolean } = {},
  ): Promise<DeletionDue> {
    const body = { password, delete_family: deleteFamily };
    return this.request("POST", "/user/mark-for-deletion", { ...options, body });
  }

  /** The current session. */
  me(options?: CallOptions): Promise<Session> {
    return this.request("GET", "/auth/me", options);
  }

  /** Everything that is stored about the account: an {@link AccountExport} as JSON, for parents. */
  exportAccount(options?: CallOptions): Promise<Response> {
    return this.download("/account/export", options);
  }

  /** Gives a child the points of a task, or of its request for it, or deducts those of a penalty. */
  activateTask(childId: string, taskId: string, options?: MutationOptions & Approval) {
    return this.#mutate(at`/children/${childId}/tasks/${taskId}/activate`, options);
  }

  /** Requests the points of a task that the child has done. */
  requestTask(childId: string, taskId: string, options?: MutationOptions & Noted) {
    return this.#mutate(at`/children/${childId}/tasks/${taskId}/request`, options);
  }

  /** Cancels the child's request for a task: a parent rejects it, or the child withdraws it. */
  cancelTask(childId: string, taskId: string, options?: MutationOptions & Answer) {
    return this.#mutate(at`/children/${childId}/tasks/${taskId}/cancel`, options);
  }

  /** The tasks with what each means for a child. */
  taskStates(
    childId: string,
    page: Paging = {},
    options?: CallOptions,
  ): Promise<TaskStateList> {
    return this.request("GET", at`/children/${childId}/tasks`, { ...options, query: page });
  }

  /** The requests for tasks that wait for a parent. */
  pendingTasks(page: Paging = {}, options?: CallOptions): Promise<PendingTaskList> {
    return this.request("GET", "/tasks/pending", { ...options, query: page });
  }

  /** Sets or removes the reward that a child saves for. */
  setGoal(
    childId: string,
    rewardId: string | null,
    options?: CallOptions,
  ): Promise<{ child: Child }> {
    const body = { reward_id: rewardId };
    return this.request("PUT", at`/children/${childId}/goal`, { ...options, body });
  }

  /** Updates the fields of the account that are present. */
  updateAccount(fields: UserPatch, options?: CallOptions): Promise<{ user: User }> {
    return this.request("PATCH", "/user", { ...options, body: fields });
  }

  progress(childId: string, options?: CallOptions): Promise<Progress> {
    return this.request("GET", at`/children/${childId}/progress`, options);
  }

  statistics(
    childId: string,
    query: StatisticsQuery = {},
    options?: CallOptions,
  ): Promise<Statistics> {
    return this.request("GET", at`/children/${childId}/statistics`, { ...options, query });
  }

  /** The address of a certificate, which is a page to print: of an award, of a rank by its number, or of a month. */
  certificateUrl(childId: string, kind: CertificateKind, certificateId: string): string {
    return this.url(at`/children/${childId}/certificates/${kind}/${certificateId}`);
  }

  /** In a child's session only if the family's settings show it. */
  ranking(query: RankingQuery = {}, options?: CallOptions): Promise<Ranking> {
    return this.request("GET", "/family/ranking", { ...options, query });
  }

  familySettings(options?: CallOptions): Promise<FamilySettings> {
    return this.request("GET", "/family/settings", options);
  }

  /** Updates the settings that are present. */
  setFamilySettings(
    fields: FamilySettingsPatch,
    options?: CallOptions,
  ): Promise<FamilySettings> {
    return this.request("PUT", "/family/settings", { ...options, body: fields });
  }

  /** Requests a reward that the child can afford. */
  requestReward(childId: string, rewardId: string, options?: MutationOptions & Noted) {
    return this.#mutate(at`/children/${childId}/rewards/${rewardId}/request`, options);
  }

  /** Redeems a reward: the child pays its cost, and the request for it ends. */
  redeemReward(childId: string, rewardId: string, options?: MutationOptions & Answer) {
    return this.#mutate(at`/children/${childId}/rewards/${rewardId}/redeem`, options);
  }

  /** Cancels the child's request for a reward. */
  cancelReward(childId: string, rewardId: string, options?: MutationOptions & Answer) {
    return this.#mutate(at`/children/${childId}/rewards/${rewardId}/cancel`, options);
  }

  /** Takes back an activation or a redemption, once. Its request, if it ended one, is pending again. */
  reverseEvent(childId: string, eventId: string, options?: MutationOptions & Correction) {
    return this.#mutate(at`/children/${childId}/tracking/${eventId}/reverse`, options);
  }

  /** Adds points or takes them, without a task. */
  adjustPoints(
    childId: string,
    delta: number,
    note: string,
    options?: MutationOptions & Omit<Correction, "note">,
  ) {
    return this.#mutate(at`/children/${childId}/points/adjust`, { ...options, note }, { delta });
  }

  children(page: Paging = {}, options?: CallOptions): Promise<ChildList> {
    return this.request("GET", "/children", { ...options, query: page });
  }

  child(id: string, options?: CallOptions): Promise<{ child: Child }> {
    return this.request("GET", at`/children/${id}`, options);
  }

  createChild(child: NewChild, options?: MutationOptions): Promise<{ child: Child }> {
    return this.create("/children", child, options);
  }

  /** Updates the fields that are present. */
  updateChild(id: string, patch: ChildPatch, options?: CallOptions): Promise<{ child: Child }> {
    return this.request("PATCH", at`/children/${id}`, { ...options, body: patch });
  }

  deleteChild(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/children/${id}`, options);
  }

  tasks(page: Paging = {}, options?: CallOptions): Promise<TaskList> {
    return this.request("GET", "/tasks", { ...options, query: page });
  }

  task(id: string, options?: CallOptions): Promise<{ task: Task }> {
    return this.request("GET", at`/tasks/${id}`, options);
  }

  createTask(task: NewTask, options?: MutationOptions): Promise<{ task: Task }> {
    return this.create("/tasks", task, options);
  }

  /** Updates the fields that are present. */
  updateTask(id: string, patch: TaskPatch, options?: CallOptions): Promise<{ task: Task }> {
    return this.request("PATCH", at`/tasks/${id}`, { ...options, body: patch });
  }

  deleteTask(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/tasks/${id}`, options);
  }

  /** The built-in badges and the family's own. */
  badges(page: Paging = {}, options?: CallOptions): Promise<BadgeList> {
    return this.request("GET", "/badges", { ...options, query: page });
  }

  badge(id: string, options?: CallOptions): Promise<{ badge: Badge }> {
    return this.request("GET", at`/badges/${id}`, options);
  }

  createBadge(badge: NewBadge, options?: MutationOptions): Promise<{ badge: Badge }> {
    return this.create("/badges", badge, options);
  }

  /** Updates the fields that are present. A built-in badge can only be hidden and shown. */
  updateBadge(id: string, patch: BadgePatch, options?: CallOptions): Promise<{ badge: Badge }> {
    return this.request("PATCH", at`/badges/${id}`, { ...options, body: patch });
  }

  deleteBadge(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/badges/${id}`, options);
  }

  /** The badges, with what a child has earned of each. */
  childBadges(
    childId: string,
    page: Paging = {},
    options?: CallOptions,
  ): Promise<ChildBadgeList> {
    return this.request("GET", at`/children/${childId}/badges`, { ...options, query: page });
  }

  /** What a child has earned, the newest first. */
  awards(childId: string, page: Paging = {}, options?: CallOptions): Promise<AwardList> {
    return this.request("GET", at`/children/${childId}/awards`, { ...options, query: page });
  }

  rewards(page: Paging = {}, options?: CallOptions): Promise<RewardList> {
    return this.request("GET", "/rewards", { ...options, query: page });
  }

  reward(id: string, options?: CallOptions): Promise<{ reward: Reward }> {
    return this.request("GET", at`/rewards/${id}`, options);
  }

  createReward(reward: NewReward, options?: MutationOptions): Promise<{ reward: Reward }> {
    return this.create("/rewards", reward, options);
  }

  /** Updates the fields that are present. */
  updateReward(id: string, patch: RewardPatch, options?: CallOptions): Promise<{ reward: Reward }> {
    return this.request("PATCH", at`/rewards/${id}`, { ...options, body: patch });
  }

  deleteReward(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/rewards/${id}`, options);
  }

  /** The rewards, with the points that a child still needs for each. */
  rewardOffers(
    childId: string,
    page: Paging = {},
    options?: CallOptions,
  ): Promise<RewardOfferList> {
    return this.request("GET", at`/children/${childId}/rewards`, { ...options, query: page });
  }

  /** The requests for rewards that wait for a parent. */
  pendingRewards(page: Paging = {}, options?: CallOptions): Promise<PendingRewardList> {
    return this.request("GET", "/rewards/pending", { ...options, query: page });
  }

  /** The health of the server. If it cannot accept changes, that is an {@link ApiError}. */
  health(options?: CallOptions): Promise<Health> {
    return this.request("GET", "/health", options);
  }

  #mutate(
    path: string,
    options: MutationOptions & Approval & Correction = {},
    required: object = {},
  ): Promise<MutationResult> {
    const { idempotencyKey, requestId, points, note, partial, ...call } = options;
    const headers = keyHeaders(idempotencyKey);
    const fields = { request_id: requestId, points, note, partial, ...required };
    if (Object.values(fields).every((value) => value === undefined)) {
      return this.request("POST", path, { ...call, headers });
    }
    return this.request("POST", path, { ...call, headers, body: fields });
  }
}
