//! The adults of a family: invitations, roles, and the transfer to another owner.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::caller::member_of;
use super::family_records::fingerprint;
use super::joining::{Joining, check_room, other_members, owner_of, valid};
use super::limits::one_more;
use super::sessions::{Acting, Ending, session_id, sessions_of_account};
use super::{
    Adult, Caller, Listing, LoggedIn, Owner, Parent, SentSessions, Service, ServiceError, Token,
};
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
    fn of(session: &Session) -> Option<Self> {
        Some(Self {
            id: session_id(&session.token_hash),
            offer: session.invitation.clone()?,
            created_at: session.created_at,
            expires_at: session.expires_at,
        })
    }
}

impl Service {
    /// Returns the adults of the caller's family, the owner first. Of a family that never had another one, the owner
    /// has no id.
    pub async fn members(&self, parent: &Parent) -> Result<Vec<Arc<Member>>, ServiceError> {
        let records = self.records_of(parent).await?;
        let user = records.user(&parent.user().id).ok_or(RuleViolation::SessionEnded)?;
        let mut members = records.members_of(&user.id);
        if members.is_empty() {
            members.push(Arc::new(owner_of(&user, MemberId::from(""))));
        }
        members.sort_by_key(|member| member.role != FamilyRole::Owner);
        Ok(members)
    }

    /// Returns the adults of the caller's family whom events can name.
    pub async fn actors(&self, caller: &Caller) -> Result<Vec<Arc<Member>>, ServiceError> {
        Ok(self.records_of(caller).await?.members_of(&caller.user().id))
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
                let mut listed = open.iter().filter_map(|session| ListedInvitation::of(session));
                let found = listed.find(|listed| *listed.id == **id);
                let found = found.ok_or(RuleViolation::NotFound(RecordKind::Invitation))?;
                return Ok((Changes::none(), Some((found, true))));
            }
            one_more(FamilyLimit::Invitations, Invitation::MOST, open.len())?;
            check_room(records, &family)?;
            let session =
                Session::invitation(token_hash.clone(), family.clone(), offer.clone(), now);
            let listed = ListedInvitation::of(&session);
            let id = listed.as_ref().map(|listed| listed.id.as_str().into());
            let remember = key.as_ref().map(|key| key.stored(id));
            let changes = Changes { remember, ..Changes::of([Change::PutSession(session)]) };
            Ok((changes, listed.map(|listed| (listed, false))))
        });
        let created = commit.await?.value;
        let (invitation, replayed) =
            created.ok_or_else(|| ServiceError::internal("no invitation"))?;
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
        open.sort_by_key(|session| std::cmp::Reverse(session.created_at));
        let listed = open.iter().filter_map(|session| ListedInvitation::of(session));
        Ok(Listing::of(listed.collect(), page))
    }

    /// Revokes an invitation of the caller's family.
    pub async fn revoke_invitation(
        self: &Arc<Self>,
        owner: &Owner,
        id: String,
    ) -> Result<(), ServiceError> {
        let family = owner.user().id.clone();
        self.end_sessions(Acting::Caller(owner), move |records, context| {
            let mut open = open(records, &family, context.now());
            open.retain(|session| session_id(&session.token_hash) == id);
            if open.is_empty() {
                return Err(RuleViolation::NotFound(RecordKind::Invitation));
            }
            let sessions = open.iter().map(|session| session.token_hash.clone()).collect();
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
        if adult.is_in_other_family() {
            return Err(RuleViolation::AlreadyMember.into());
        }
        // Events come only from children: once the family has none, no more are added before the decision.
        let filter = EventFilter { user_id: Some(adult.user().id.clone()), ..Default::default() };
        let page = Page { limit: 1, offset: 0 };
        let history = self.store.events(&filter, SortOrder::Ascending, page).await?;
        if history.total > 0 {
            return Err(RuleViolation::FamilyNotEmpty.into());
        }
        let token = Token::random_for_member();
        let joining = Joining::new(secret, &token);
        let (caller, family) = (adult.clone(), owner.id.clone());
        let scope = Scope::of_families([family, adult.user().id.clone()]);
        let caller = self.end_sessions(Acting::Anyone(scope), move |records, context| {
            caller.check_session(records, context.now())?;
            let account = caller.current_account(records)?;
            if !is_empty(records, &account.id) {
                return Err(RuleViolation::FamilyNotEmpty);
            }
            let joined = joining.join(records, User::clone(&account), context)?;
            let own = sessions_of_account(records, &account.id);
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
        let caller = self.end_sessions(Acting::Caller(adult), move |records, context| {
            let account = caller.current_account(records)?;
            if !caller.is_in_other_family() {
                return Err(RuleViolation::OwnerRemains);
            }
            let (sessions, mut changes) = departure(records, &caller.user().id, &account.id);
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

    /// Gives a member another role, and ends its sessions, with their streams.
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
            let sessions = sessions_in(records, &family, &member.account_id);
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

/// The sessions of a member in a family.
pub(super) fn sessions_in(
    records: &dyn Snapshot,
    family: &UserId,
    account: &UserId,
) -> Vec<TokenHash> {
    let sessions = records.sessions_of(family);
    let own = sessions.iter().filter(|session| session.is_of_adult(account));
    own.map(|session| session.token_hash.clone()).collect()
}

fn open(records: &dyn Snapshot, family: &UserId, now: Timestamp) -> Vec<Arc<Session>> {
    let mut open = records.sessions_of(family);
    open.retain(|session| session.invitation.is_some() && session.is_live(now));
    open
}
