//! The part of the model about who may act in the family: members, devices and API tokens. It also has the webhooks.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Action, Asked, Id, Told, changed, refused};

/// Who sends a request: `None` for the owner, otherwise the id of a member, a device or a token.
pub(super) type Who = Option<Id>;

/// A request about who may act, or about webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Invite {
        is_helper: bool,
    },
    RevokeInvitation(Id),
    /// A new person accepts the invitation.
    Accept(Id),
    SetRole {
        member: Id,
        is_helper: bool,
    },
    RemoveMember(Id),
    /// A device shows a code, the owner confirms it for a child, and the device fetches its session.
    Pair {
        child: Id,
    },
    RemoveDevice {
        child: Id,
        device: Id,
    },
    /// With the password of whoever adds it.
    AddToken {
        password: &'static str,
    },
    RevokeToken(Id),
    AddWebhook,
    /// Pauses a webhook, or ends its pause.
    SetEnabled(Id, bool),
    RemoveWebhook(Id),
    ReadWebhooks,
    /// Reads the lists of members, invitations, devices, the owner's tokens, and webhooks.
    ReadAll,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    /// Those of the owner, a parent, a device or a token, within the requests that it sends.
    All,
    Helper,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Household {
    /// Whether each is a helper.
    members: BTreeMap<Id, bool>,
    /// The members whose session has not ended.
    logged_in: BTreeSet<Id>,
    /// The members whose role has changed.
    changed: BTreeSet<Id>,
    /// Whether each is for a helper.
    invitations: BTreeMap<Id, bool>,
    /// The child of each.
    devices: BTreeMap<Id, Id>,
    /// Whose each is.
    tokens: BTreeMap<Id, Who>,
    /// Whether each is enabled.
    webhooks: BTreeMap<Id, bool>,
}

impl Household {
    /// The rights of somebody; `None` for whoever has been removed.
    pub(super) fn rights(&self, who: &Who) -> Option<Rights> {
        let Some(id) = who else { return Some(Rights::All) };
        if self.devices.contains_key(id) {
            return Some(Rights::All);
        }
        let of_member = |id| {
            let is_helper = *self.members.get(id)?;
            Some(if is_helper { Rights::Helper } else { Rights::All })
        };
        match self.tokens.get(id) {
            Some(None) => Some(Rights::All),
            Some(Some(member)) => of_member(member),
            None => of_member(self.logged_in.get(id)?),
        }
    }

    /// Whether a request can fail as if the token were revoked: while its member's role changes, the rights with which the
    /// request was authenticated are not those at its decision.
    pub(super) fn can_be_interrupted(&self, who: &Who) -> bool {
        let member = who.as_ref().and_then(|id| self.tokens.get(id)?.as_ref());
        member.is_some_and(|member| self.changed.contains(member))
    }

    /// Whose idempotency keys somebody uses.
    pub(super) fn owner_of_keys(&self, who: &Who) -> Who {
        who.clone().filter(|id| !self.devices.contains_key(id))
    }

    pub(super) fn remove_child(&mut self, child: &Id) {
        self.devices.retain(|_, of| of != child);
    }

    /// Executes a step of `who`, and returns the expected response. `id` is that of a new record.
    pub(super) fn step(&mut self, who: &Who, step: &Step, id: Id, has_child: bool) -> Told {
        match step {
            Step::Invite { is_helper } => _ = self.invitations.insert(id.clone(), *is_helper),
            Step::Accept(invitation) => {
                let Some(is_helper) = self.invitations.remove(invitation) else {
                    return refused("INVALID_INVITATION");
                };
                self.members.insert(id.clone(), is_helper);
                self.logged_in.insert(id.clone());
            }
            Step::Pair { .. } if !has_child => return refused("NOT_FOUND"),
            Step::Pair { child } => _ = self.devices.insert(id.clone(), child.clone()),
            Step::AddToken { .. } => _ = self.tokens.insert(id.clone(), who.clone()),
            Step::AddWebhook => _ = self.webhooks.insert(id.clone(), true),
            Step::ReadWebhooks => return Told::Listed(vec![named(&self.webhooks)]),
            Step::ReadAll => return Told::Listed(self.lists().into()),
            Step::SetRole { member, is_helper } => return self.set_role(member, *is_helper),
            Step::SetEnabled(id, value) => {
                return changed(self.webhooks.get_mut(id).map(|it| *it = *value));
            }
            Step::RevokeInvitation(id) => return deleted(self.invitations.remove(id).is_some()),
            Step::RemoveMember(member) => return deleted(self.remove_member(member)),
            Step::RemoveDevice { device, .. } => {
                return deleted(self.devices.remove(device).is_some());
            }
            Step::RevokeToken(id) => return deleted(self.tokens.remove(id).is_some()),
            Step::RemoveWebhook(id) => return deleted(self.webhooks.remove(id).is_some()),
        }
        Told::Added(id)
    }

    fn lists(&self) -> [BTreeMap<Id, Id>; 5] {
        let own = self.tokens.iter().filter(|(_, who)| who.is_none());
        let tokens = own.map(|(id, _)| (id.clone(), "".into())).collect();
        let [members, invitations] = [&self.members, &self.invitations].map(named);
        [members, invitations, self.devices.clone(), tokens, named(&self.webhooks)]
    }

    /// Another role ends the member's session. The tokens remain, with the rights of the new role.
    fn set_role(&mut self, member: &Id, is_helper: bool) -> Told {
        let found = self.members.get_mut(member);
        let has_other = found.as_ref().is_some_and(|role| **role != is_helper);
        let told = changed(found.map(|role| *role = is_helper));
        if has_other {
            self.logged_in.remove(member);
            self.changed.insert(member.clone());
        }
        told
    }

    fn remove_member(&mut self, member: &Id) -> bool {
        self.logged_in.remove(member);
        self.tokens.retain(|_, of| of.as_ref() != Some(member));
        self.members.remove(member).is_some()
    }
}

/// Whether a helper may send the request at all.
pub(super) fn is_open_to_helpers(asked: &Asked) -> bool {
    match asked {
        Asked::Mutate { mutation, .. } => mutation.action == Action::Activate,
        Asked::ReadPoints(_) | Asked::ReadRequests(_) => true,
        _ => false,
    }
}

/// A list of records with a property that each has or has not.
fn named(records: &BTreeMap<Id, bool>) -> BTreeMap<Id, Id> {
    records.iter().map(|(id, has)| (id.clone(), has.to_string().into())).collect()
}

pub(super) fn deleted(was_there: bool) -> Told {
    if was_there { Told::Deleted } else { refused("NOT_FOUND") }
}
