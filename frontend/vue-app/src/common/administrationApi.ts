/** Calls for administrators and the operator. */

import type {
  DeletionQueue,
  DeletionRun,
  DeletionThreshold,
  LoggedActionList,
  ManagedAccountDetails,
  ManagedAccountList,
  ResetLink,
  ServerSessionList,
  ServerSettings,
  ServerStatistics,
  Stats,
} from "./administration";
import type {
  CallOptions,
  ConfirmedOptions,
  MutationOptions,
  Paging,
  StatisticsQuery,
} from "./apiOptions";
import { at } from "./client";
import { HouseholdApi } from "./householdApi";
import type { DeletionDue } from "./models";
import type { AccountPatch, NewManagedAccount, ReplacedPassword } from "./requests";

/** The calls for administrators and the operator. */
export class AdministrationApi extends HouseholdApi {
  deletionThreshold(options?: CallOptions): Promise<DeletionThreshold> {
    return this.request("GET", "/admin/deletion-threshold", options);
  }

  setDeletionThreshold(hours: number, options?: CallOptions): Promise<DeletionThreshold> {
    return this.request("PUT", "/admin/deletion-threshold", { ...options, body: { hours } });
  }

  /** A page of the accounts. `q` is an id, or a part of an address or a name. */
  accounts(
    filter: Paging & { q?: string; email?: string; state?: "active" | "marked" } = {},
    options?: CallOptions,
  ): Promise<ManagedAccountList> {
    return this.request("GET", "/admin/accounts", { ...options, query: filter });
  }

  /** One account, and how many sessions it has. */
  account(userId: string, options?: CallOptions): Promise<ManagedAccountDetails> {
    return this.request("GET", at`/admin/accounts/${userId}`, options);
  }

  /** Creates an account. For the operator's commands: another caller gets an {@link ApiError}. */
  createAccount(
    account: NewManagedAccount,
    options?: MutationOptions,
  ): Promise<ManagedAccountDetails> {
    return this.create("/admin/accounts", account, options);
  }

  /** Changes the names or the email address of an account. */
  updateManagedAccount(
    userId: string,
    patch: AccountPatch,
    options?: CallOptions,
  ): Promise<ManagedAccountDetails> {
    return this.request("PATCH", at`/admin/accounts/${userId}`, { ...options, body: patch });
  }

  /** Replaces a password. For the operator's commands: another caller gets an {@link ApiError}. */
  setPasswordOf(
    userId: string,
    password: ReplacedPassword,
    options?: CallOptions,
  ): Promise<ManagedAccountDetails> {
    const path = at`/admin/accounts/${userId}/password`;
    return this.request("PUT", path, { ...options, body: password });
  }

  /** Writes all changes into the data files. For the operator's commands: another caller gets an {@link ApiError}. */
  makeCheckpoint(options?: CallOptions): Promise<void> {
    return this.request("POST", "/admin/checkpoint", options);
  }

  /** Makes an account an administrator's, and ends its sessions. */
  promote(userId: string, options?: ConfirmedOptions): Promise<ManagedAccountDetails> {
    return this.#confirm("POST", at`/admin/accounts/${userId}/promote`, options);
  }

  /** Creates a link with which the owner of an account sets a new password. */
  createResetLink(userId: string, options?: ConfirmedOptions): Promise<ResetLink> {
    return this.#confirm("POST", at`/admin/accounts/${userId}/reset-link`, options);
  }

  /** Makes an account a parent's, and ends its sessions. */
  demote(userId: string, options?: CallOptions): Promise<ManagedAccountDetails> {
    return this.request("POST", at`/admin/accounts/${userId}/demote`, options);
  }

  /** Deletes an account now, whether or not it is marked. */
  deleteAccount(userId: string, options?: ConfirmedOptions): Promise<DeletionRun> {
    return this.#confirm("DELETE", at`/admin/accounts/${userId}`, options);
  }

  /** Marks an account for deletion, and ends its sessions. */
  markAccount(userId: string, options?: CallOptions): Promise<DeletionDue> {
    return this.request("POST", at`/admin/accounts/${userId}/mark-for-deletion`, options);
  }

  /** Removes an account's mark for deletion. */
  unmarkAccount(userId: string, options?: CallOptions): Promise<void> {
    return this.request("POST", at`/admin/accounts/${userId}/unmark`, options);
  }

  /** Ends all sessions of an account. */
  endSessionsOf(userId: string, options?: CallOptions): Promise<void> {
    return this.request("POST", at`/admin/accounts/${userId}/end-sessions`, options);
  }

  /** The sessions of all accounts, the most recently used first. */
  serverSessions(page: Paging = {}, options?: CallOptions): Promise<ServerSessionList> {
    return this.request("GET", "/admin/sessions", { ...options, query: page });
  }

  /** The settings of the server that are in effect. */
  serverSettings(options?: CallOptions): Promise<ServerSettings> {
    return this.request("GET", "/admin/settings", options);
  }

  /** How much there is of everything on the server. */
  stats(options?: CallOptions): Promise<Stats> {
    return this.request("GET", "/admin/stats", options);
  }

  /** What happened on the server from day to day. */
  serverStatistics(
    days: Omit<StatisticsQuery, "by"> = {},
    options?: CallOptions,
  ): Promise<ServerStatistics> {
    return this.request("GET", "/admin/statistics", { ...options, query: days });
  }

  /** What administrators and the operator have done, the newest actions first. */
  administrationLog(page: Paging = {}, options?: CallOptions): Promise<LoggedActionList> {
    return this.request("GET", "/admin/log", { ...options, query: page });
  }

  /** The accounts that are marked for deletion. */
  deletionQueue(page: Paging = {}, options?: CallOptions): Promise<DeletionQueue> {
    return this.request("GET", "/admin/deletion-queue", { ...options, query: page });
  }

  /** Deletes the accounts that are due. */
  runDeletionQueue(options?: CallOptions): Promise<DeletionRun> {
    return this.request("POST", "/admin/deletion-queue/run", options);
  }

  /** Deletes one account that is due. */
  runDeletion(userId: string, options?: ConfirmedOptions): Promise<DeletionRun> {
    return this.#confirm("POST", at`/admin/deletion-queue/${userId}/run`, options);
  }

  /** Removes an account's mark for deletion. */
  unmark(userId: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/admin/deletion-queue/${userId}`, options);
  }

  /**
   * An archive of everything that the server stores, for administrators. It is complete if its body can
   * be read to the end.
   */
  createBackup(password?: string, options?: CallOptions): Promise<Response> {
    return this.download("/admin/backup", { ...options, body: { password } }, "POST");
  }

  #confirm<T>(method: string, path: string, options: ConfirmedOptions = {}): Promise<T> {
    const { password, ...call } = options;
    return this.request(method, path, password === undefined ? call : { ...call, body: { password } });
  }
}
