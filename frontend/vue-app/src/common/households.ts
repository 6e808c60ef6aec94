/** The adults of a family. The field names are those of the API. */

import type { Page } from "./lists";

export type FamilyRole = "owner" | "parent" | "helper";

/** An adult of a family. */
export interface Member {
  /** Events name it in `metadata.actor_id`. Null for the owner of a family that never had another member. */
  id: string | null;
  first_name: string;
  last_name: string;
  role: FamilyRole;
  /** Null if an older file does not contain it. */
  created_at: string | null;
}

/** An open invitation, without its secret. */
export interface Invitation {
  id: string;
  role: FamilyRole;
  /** The only address whose account may accept it; null for any. */
  email: string | null;
  created_at: string;
  expires_at: string;
}

export interface InvitationList extends Page {
  invitations: Invitation[];
}

/** A new invitation. */
export interface NewInvitation {
  invitation: Invitation;
  /** The address of the front end's page, `/invitation#<secret>`. Null in the response to a repeat. */
  link: string | null;
}

/** What an invitation offers to whoever has its secret. */
export interface ShownInvitation {
  role: FamilyRole;
  /** The given name of the family's owner. */
  owner: string;
  email: string | null;
  expires_at: string;
}

/** What the owner of a family offers. */
export interface InvitationOffer {
  role: "parent" | "helper";
  email?: string;
}

/** Who has caused an event, by `metadata.actor_id`. */
export interface Actor {
  name: string;
  role: FamilyRole;
}
