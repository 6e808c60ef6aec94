//! The adults of a family: invitations, roles, and the transfer to another owner.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::caller::member_of;
use super::family_records::fingerprint;
use super::joining::{Joining, check_room, other_members, valid};
use super::limits::one_more;
use super::sessions::{Acting, Ending, all_sessions, session_id};
use super::{Adult, Caller, Listing, LoggedIn, Owner, SentSessions, Service, ServiceError, Token};
use crate::domain::{
    Email, EventFilter, FamilyLimit, FamilyRole, IdempotencyKey, Invitation, KeyResult, Member,
    MemberId, Page, RecordKind, RuleViolation, Session, SortOrder, Timestamp, TokenHash, User,
    UserId,
};
use crate::store::{Change, Changes, Context, Fence, Scope, Snapshot, Store};

/// A new invitation.
#[derive(Debug)]
pub struct NewInvitation {
    /// It is not stored and cannot be read again; `None` for a repeat.
    pub secret: Option<Token>,
    pub invitation: ListedInvitation,
}

/// An open invitation, without its secret.
#[derive(Debug)]
pub struct ListedInvitation {
    /// Identifies the invitation. It does not give access to the family.
    pub id: String,
    pub offer: Invitation,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// An invitation, as whoever has it sees it.
#[derive(Debug)]
pub struct ShownInvitation {
    pub offer: Invitation,
    /// The owner of the family.
    pub owner: Arc<User>,
    pub expires_at: Timestamp,
}

impl ListedInvitation {
    fn of(session: &Session, offer: &Invitation) -> Self {
        Self {
            id: session_id(&session.token_hash),
            offer: offer.clone(),
            created_at: session.created_at,
            expires_at: session.expires_at,
        }
    }
}

impl Service {
    /// Returns the adults of the caller's family, the owner first. Empty for a family that never had a second one.
    pub async fn members(&self, caller: &Caller) -> Result<Vec<Arc<Member>>, ServiceError> {
        let mut members = self.records_of(caller).await?.members_of(&caller.user().id);
        members.sort_by_key(|member| member.role != FamilyRole::Owner);
        Ok(members)
    }

    /// Invites somebody to the caller's family. A repeat with the same key returns the invitation without its secret.
    ///
    /// Fails if the family has too many open invitations or members.
    pub async fn invite(
        &self,
        owner: &Owner,
        key: Option<IdempotencyKey>,
        offer: Invitation,
    ) -> Result<NewInvitation, ServiceError> {
        let secret = Token::random();
        let token_hash = TokenHash::of_invitation(&secret.hash());
        let family = owner.user().id.clone();
        let fields = json!([offer.role.as_str(), offer.email.as_ref().map(Email::as_str)]);
        let key = self.used_key(owner, key, || fingerprint("invitation", &fields));
        let commit = self.transact_as(owner, move |records, context| {
            let now = context.now();
            let open = open(records, &family, now);
            let first = key.as_ref().map(|key| key.first(records)).transpose()?.flatten();
            if let Some(KeyResult::Record(id)) = first.as_ref().map(|first| &first.result) {
                let found = open.into_iter().find(|listed| *listed.id == **id);
                let found = found.ok_or(RuleViolation::NotFound(RecordKind::Invitation))?;
                return Ok((Changes::none(), (found, true)));
            }
            one_more(FamilyLimit::Invitations, Invitation::MOST, open.len())?;
            check_room(records, &family)?;
            let session =
                Session::invitation(token_hash.clone(), family.clone(), offer.clone(), now);
            let listed = ListedInvitation::of(&session, &offer);
            let remember = key.as_ref().map(|key| key.stored(Some(listed.id.as_str().into())));
            let changes = Changes { remember, ..Changes::of([Change::PutSession(session)]) };
            Ok((changes, (listed, false)))
        });
        let (invitation, replayed) = commit.await?.value;
        Ok(NewInvitation { secret: (!replayed).then_some(secret), invitation })
    }

    /// Returns the open invitations of the caller's family, the newest first.
    pub async fn invitations(
        &self,
        owner: &Owner,
        page: Page,
    ) -> Result<Listing<ListedInvitation>, ServiceError> {
        let records = self.records_of(owner).await?;
        let mut open = open(&*records, &owner.user().id, self.clock.now());
        open.sort_by_key(|listed| Reverse(listed.created_at));
        Ok(Listing::of(open, page))
    }

    /// Revokes an invitation of the caller's family.
    pub async fn revoke_invitation(
        self: &Arc<Self>,
        owner: &Owner,
        id: String,
    ) -> Result<(), ServiceError> {
        let family = owner.user().id.clone();
        self.end_sessions(Acting::Caller(owner), move |records, context| {
            let sessions = records.sessions_of(&family).into_iter();
            let mut open = sessions.filter(|it| is_open(it, context.now()));
            let found = open.find(|session| session_id(&session.token_hash) == id);
            let found = found.ok_or(RuleViolation::NotFound(RecordKind::Invitation))?;
            let sessions = vec![found.token_hash.clone()];
            Ok(Ending { sessions, changes: Vec::new(), value: () })
        })
        .await
    }

    /// Returns what an invitation offers, to a client at `address`.
    ///
    /// Fails after too many attempts, and in the same way for an invitation that is unknown, was used or has expired.
    pub async fn invitation(
        &self,
        address: IpAddr,
        secret: &Token,
    ) -> Result<ShownInvitation, ServiceError> {
        self.attempts.at_secret(&self.store, address).await?;
        let token_hash = TokenHash::of_invitation(&secret.hash());
        let records = self.store.read(Scope::Session(token_hash.clone())).await?;
        let (session, offer, owner) = valid(&*records, &token_hash, self.clock.now())?;
        Ok(ShownInvitation { offer, owner, expires_at: session.expires_at })
    }

    /// Makes the caller a member of the family that an invitation is to, and replaces the caller's sessions, and those
    /// in `sent`, by a session in that family.
    ///
    /// Fails if the invitation is not valid or is for another address, and if the caller is a member of a family or has
    /// a family with records.
    pub async fn accept_invitation(
        self: &Arc<Self>,
        address: IpAddr,
        adult: &Adult,
        secret: &Token,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        let ShownInvitation { owner, .. } = self.invitation(address, secret).await?;
        // Events come only from children: once the family has none, no more are added before the decision.
        let account = adult.account().id.clone();
        let filter = EventFilter { user_id: Some(account), ..Default::default() };
        let page = Page { limit: 1, offset: 0 };
        let history = self.store.events(&filter, SortOrder::Ascending, page).await?;
        if history.total > 0 {
            return Err(RuleViolation::FamilyNotEmpty.into());
        }
        let token = Token::random_for_member();
        let joining = Joining::new(secret, &token);
        let caller = adult.clone();
        let scope = Scope::of_families(families_of(adult).chain([owner.id.clone()]));
        let caller = self.end_sessions(Acting::Anyone(scope), move |records, context| {
            caller.check_session(records, context.now())?;
            let account = caller.current_account(records)?;
            if joined_family(records, &account).is_some() {
                return Err(RuleViolation::AlreadyMember);
            }
            if !is_empty(records, &account.id) {
                return Err(RuleViolation::FamilyNotEmpty);
            }
            let joined = joining.join(records, User::clone(&account), context)?;
            // Nobody joins the family that the person has left empty.
            let own = all_sessions(records, &account.id);
            let sessions = sent.and(own.into_iter().chain([joining.invitation.clone()]));
            Ok(Ending { sessions, changes: joined.changes, value: joined.caller })
        });
        Ok(LoggedIn { token, caller: caller.await? })
    }

    /// Ends the caller's membership. The caller's sessions, and those in `sent`, are replaced by one in its own family.
    ///
    /// Fails for the owner of a family.
    pub async fn leave_family(
        self: &Arc<Self>,
        adult: &Adult,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        let token = Token::random();
        let (caller, token_hash) = (adult.clone(), token.hash());
        let scope = Scope::of_families(families_of(adult));
        let caller = self.end_sessions(Acting::Anyone(scope), move |records, context| {
            caller.check_session(records, context.now())?;
            let account = caller.current_account(records)?;
            // While that family is marked for deletion, the member's session is in its own one.
            let family = joined_family(records, &account).ok_or(RuleViolation::OwnerRemains)?;
            let (sessions, mut changes) = departure(records, &family, &account.id);
            let hash = token_hash.clone();
            let session = Session::begin(hash, account.id.clone(), None, context.now());
            changes.push(Change::PutSession(session.clone()));
            let value = Caller::owner(User { member_of: None, ..User::clone(&account) }, session);
            Ok(Ending { sessions: sent.and(sessions), changes, value })
        });
        Ok(LoggedIn { token, caller: caller.await? })
    }

    /// Ends the membership of another member, with its sessions and streams.
    pub async fn remove_member(
        self: &Arc<Self>,
        owner: &Owner,
        id: MemberId,
    ) -> Result<(), ServiceError> {
        let family = owner.user().id.clone();
        self.change_member(owner, id, move |records, member| {
            departure(records, &family, &member.account_id)
        })
        .await
    }

    /// Gives a member another role, and ends its sessions, with their streams. Its API tokens remain, and do what the new
    /// role allows.
    pub async fn set_member_role(
        self: &Arc<Self>,
        owner: &Owner,
        id: MemberId,
        role: FamilyRole,
    ) -> Result<(), ServiceError> {
        let family = owner.user().id.clone();
        self.change_member(owner, id, move |records, member| {
            if member.role == role {
                return (Vec::new(), Vec::new());
            }
            let mut sessions = sessions_in(records, &family, &member.account_id);
            sessions.retain(|hash| !hash.is_of_api_token());
            (sessions, vec![Change::PutMember(Member { role, ..member.clone() })])
        })
        .await
    }

    /// Ends the memberships that a family and its account have, before both are deleted.
    pub(super) async fn end_memberships(
        &self,
        account: &UserId,
        lease: Option<&Fence>,
    ) -> Result<(), ServiceError> {
        let records = self.store.read(Scope::Family(account.clone())).await?;
        let others = records.members_of(account).into_iter();
        let others = others.filter(|it| it.account_id != *account);
        let mut ended: Vec<_> =
            others.map(|member| (account.clone(), member.account_id.clone())).collect();
        let joined = records.user(account).and_then(|user| user.member_of.clone());
        ended.extend(joined.map(|family| (family, account.clone())));
        for (family, member) in ended {
            let (scope, lease) =
                (Scope::of_families([family.clone(), member.clone()]), lease.cloned());
            let done = self.transact(scope, move |records, _| {
                let (sessions, changes) = departure(records, &family, &member);
                let removed = sessions.into_iter().map(Change::RemoveSession);
                Ok((Changes::of(removed.chain(changes)).under(lease.clone()), ()))
            });
            done.await?;
        }
        Ok(())
    }

    /// Another member of the owner's family.
    async fn member(&self, owner: &Owner, id: &MemberId) -> Result<Arc<Member>, ServiceError> {
        Ok(other_member(&*self.records_of(owner).await?, &owner.user().id, id)?)
    }

    async fn change_member(
        self: &Arc<Self>,
        owner: &Owner,
        id: MemberId,
        change: impl Fn(&dyn Snapshot, &Member) -> (Vec<TokenHash>, Vec<Change>) + Send + Sync + 'static,
    ) -> Result<(), ServiceError> {
        self.decide_on_member(owner, id, move |records, member, _| {
            let (sessions, changes) = change(records, member);
            Ok(Ending { sessions, changes, value: () })
        })
        .await
    }

    /// Commits what `decide` decides about a member that is not the owner. The snapshot contains the family and the
    /// member's account.
    pub(super) async fn decide_on_member<T: Send + 'static>(
        self: &Arc<Self>,
        owner: &Owner,
        id: MemberId,
        decide: impl Fn(&dyn Snapshot, &Member, &mut Context) -> Result<Ending<T>, RuleViolation>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, ServiceError> {
        let family = owner.user().id.clone();
        let account = self.member(owner, &id).await?.account_id.clone();
        let scope = Scope::of_families([family.clone(), account]);
        let caller = owner.clone();
        self.end_sessions(Acting::Anyone(scope), move |records, context| {
            caller.check_session(records, context.now())?;
            let member = other_member(records, &family, &id)?;
            decide(records, &member, context)
        })
        .await
    }
}

/// The families that the caller's account has to do with: that of the session, its own, and the one that it has joined.
fn families_of(adult: &Adult) -> impl Iterator<Item = UserId> {
    let account = adult.account();
    let joined = account.member_of.clone();
    [adult.user().id.clone(), account.id.clone()].into_iter().chain(joined)
}

/// The family that an account is a member of, if that family agrees.
fn joined_family(records: &dyn Snapshot, account: &User) -> Option<UserId> {
    let family = account.member_of.clone()?;
    member_of(records, &family, &account.id).map(|_| family)
}

/// Whether a family has no records that would be out of reach of a member of another one.
fn is_empty(records: &dyn Snapshot, family: &UserId) -> bool {
    let is_alone = other_members(records, family).is_empty();
    let counts = [records.count_children(family), records.count_tasks(family)];
    is_alone && counts == [0, 0] && records.count_rewards(family) == 0
}

/// Returns a member of a family that is not its owner.
fn other_member(
    records: &dyn Snapshot,
    family: &UserId,
    id: &MemberId,
) -> Result<Arc<Member>, RuleViolation> {
    let found = records.members_of(family).into_iter().find(|member| member.id == *id);
    match found.ok_or(RuleViolation::NotFound(RecordKind::Member))? {
        member if member.role == FamilyRole::Owner => Err(RuleViolation::OwnerRemains),
        member => Ok(member),
    }
}

/// The sessions of a member in a family, and the changes that end the membership. The snapshot must contain both
/// families.
fn departure(
    records: &dyn Snapshot,
    family: &UserId,
    account: &UserId,
) -> (Vec<TokenHash>, Vec<Change>) {
    let sessions = sessions_in(records, family, account);
    let member = member_of(records, family, account);
    let user = records.user(account).filter(|user| user.member_of.as_ref() == Some(family));
    let removed = member.map(|member| Change::RemoveMember(member.id.clone()));
    let freed = user.map(|user| Change::PutUser(User { member_of: None, ..User::clone(&user) }));
    (sessions, removed.into_iter().chain(freed).collect())
}

/// The sessions, links and API tokens of an adult in a family.
pub(super) fn sessions_in(
    records: &dyn Snapshot,
    family: &UserId,
    account: &UserId,
) -> Vec<TokenHash> {
    let sessions = records.sessions_of(family);
    let own = sessions.iter().filter(|session| session.is_of_adult(account));
    own.map(|session| session.token_hash.clone()).collect()
}

/// Whether it is an invitation that can be accepted.
fn is_open(session: &Session, now: Timestamp) -> bool {
    session.invitation.is_some() && session.is_live(now)
}

/// The invitations of a family that can be accepted.
fn open(records: &dyn Snapshot, family: &UserId, now: Timestamp) -> Vec<ListedInvitation> {
    let mut sessions = records.sessions_of(family);
    sessions.retain(|session| is_open(session, now));
    let listed = |it: &Arc<Session>| Some(ListedInvitation::of(it, it.invitation.as_ref()?));
    sessions.iter().filter_map(listed).collect()
}
