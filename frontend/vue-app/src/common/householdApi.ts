/** The adults of a family, and the invitations with which they join it. */

import type { CallOptions, MutationOptions, Paging } from "./apiOptions";
import type { ResetLink } from "./administration";
import { at } from "./client";
import { DevicesApi } from "./devicesApi";
import type {
  InvitationList,
  InvitationOffer,
  Member,
  NewInvitation,
  ShownInvitation,
} from "./households";
import type { User } from "./models";

export class HouseholdApi extends DevicesApi {
  /** The adults of the family, the owner first. */
  members(options?: CallOptions): Promise<{ members: Member[] }> {
    return this.request("GET", "/family/members", options);
  }

  /** Gives a member another role, which ends the member's sessions. */
  setMemberRole(id: string, role: "parent" | "helper", options?: CallOptions): Promise<void> {
    return this.request("PATCH", at`/family/members/${id}`, { ...options, body: { role } });
  }

  removeMember(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/family/members/${id}`, options);
  }

  /** A link with which a member sets a new password. Only this response contains it. */
  createResetLinkOfMember(
    id: string,
    password: string,
    options?: CallOptions,
  ): Promise<ResetLink> {
    const path = at`/family/members/${id}/reset-link`;
    return this.request("POST", path, { ...options, body: { password } });
  }

  /** Returns to the empty family of the own account, with a new session. */
  leaveFamily(options?: CallOptions): Promise<{ user: User }> {
    return this.request("POST", "/family/leave", options);
  }

  /** Makes a member the owner, and ends the sessions of both. */
  transferFamily(memberId: string, password: string, options?: CallOptions): Promise<void> {
    const body = { member_id: memberId, password };
    return this.request("POST", "/family/transfer", { ...options, body });
  }

  /** Invites an adult. Only this response contains the link. */
  invite(offer: InvitationOffer, options?: MutationOptions): Promise<NewInvitation> {
    return this.create("/family/invitations", offer, options);
  }

  invitations(page: Paging = {}, options?: CallOptions): Promise<InvitationList> {
    return this.request("GET", "/family/invitations", { ...options, query: page });
  }

  revokeInvitation(id: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", at`/family/invitations/${id}`, options);
  }

  showInvitation(secret: string, options?: CallOptions): Promise<ShownInvitation> {
    return this.request("POST", "/auth/invitation", { ...options, body: { secret } });
  }

  /** Joins the family, with a new session. The own family must be empty. */
  acceptInvitation(secret: string, options?: CallOptions): Promise<{ user: User }> {
    return this.request("POST", "/auth/invitation/accept", { ...options, body: { secret } });
  }
}
