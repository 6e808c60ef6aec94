/** API tokens, with which programs use the API instead of a session. `docs/tokens.md` explains them. */

import type { Page } from "./lists";

/** What a token may do. No scope includes another one. */
export type TokenScope =
  | "read"
  | "activate"
  | "requests"
  | "manage"
  | "admin:read"
  | "admin:write";

/** A token, without its secret. */
export interface ApiToken {
  /** Identifies the token. It does not give access to anything. */
  id: string;
  name: string;
  /** The beginning of the secret. */
  prefix: string;
  scopes: TokenScope[];
  /** The only child that it shows and changes; null for all children. */
  child_id: string | null;
  created_at: string;
  /** Accurate to an hour. Null if it was never used. */
  last_used_at: string | null;
  /** The address of the client of that use. */
  last_address: string | null;
  /** Null if it ends only when it was not used for 366 days. */
  expires_at: string | null;
}

export interface ApiTokenList extends Page {
  tokens: ApiToken[];
}

export interface NewApiToken {
  name: string;
  scopes: TokenScope[];
  child_id?: string | null;
  expires_at?: string | null;
  /** The account's own one. Not needed if the session is younger than 15 minutes. */
  password?: string;
}

/** A new token. */
export interface NewApiTokenAnswer {
  token: ApiToken;
  /** Null in the response to a repeat. No other response contains it. */
  secret: string | null;
}
