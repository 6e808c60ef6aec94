/** Calls about the API tokens of an account. */

import type { CallOptions, MutationOptions, Paging } from "./apiOptions";
import { at } from "./client";
import type { ApiTokenList, NewApiToken, NewApiTokenAnswer } from "./tokens";
import { TrackingApi } from "./trackingApi";

/** The calls about API tokens. */
export class TokensApi extends TrackingApi {
  /** The tokens of the account, the newest first, without their secrets. */
  tokens(page: Paging = {}, options?: CallOptions): Promise<ApiTokenList> {
    return this.request("GET", "/tokens", { ...options, query: page });
  }

  /** Creates a token. Only this response contains its secret. */
  createToken(token: NewApiToken, options?: MutationOptions): Promise<NewApiTokenAnswer> {
    return this.create("/tokens", token, options);
  }

  /** Ends a token, with its event streams. */
  revokeToken(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/tokens/${id}`, options);
  }
}
