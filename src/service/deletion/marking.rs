//! Marks accounts for deletion and restores them.

use std::net::IpAddr;
use std::sync::Arc;

use super::super::accounts::{NewSession, Verified, with_new_session};
use super::super::joining::other_members;
use super::super::sessions::{Acting, Ending, all_sessions};
use super::super::{Adult, Authority, LoggedIn, SentSessions, Service, ServiceError, spawn};
use crate::domain::{
    AdminAction, Deletion, RecordKind, RuleViolation, Session, Timestamp, TokenHash, User, UserId,
};
use crate::followers::audit_log::DeletionEvent;
use crate::store::{Change, Changes, Snapshot};

impl Service {
    /// Returns when an account would be due if it was marked now.
    pub async fn due_if_marked_now(&self) -> Result<Timestamp, ServiceError> {
        let (policy, now) = (self.deletion_policy().await?, self.read_due_clock().await?.latest);
        Ok(policy.threshold.due_at(now).max(policy.not_before))
    }

    /// Marks the caller's account for deletion, for a client at `address`, and returns when it is due.
    /// Ends all sessions of the account, including its children's, and those in `sent`, with their
    /// streams. No new session can be created.
    ///
    /// Fails if `password` is wrong, after too many attempts, for the last administrator who is not
    /// marked, and for the owner of a family with other members unless `with_members` is set.
    pub async fn mark_for_deletion(
        self: &Arc<Self>,
        address: IpAddr,
        adult: &Adult,
        password: String,
        with_members: bool,
        sent: SentSessions,
    ) -> Result<Timestamp, ServiceError> {
        self.confirm(address, adult, password).await?;
        let (service, adult) = (Arc::clone(self), adult.clone());
        let user_id = adult.account().id.clone();
        let mark =
            async move { service.mark(Acting::Caller(&adult), user_id, with_members, sent).await };
        spawn::detached(mark).await?
    }

    /// Marks an account for deletion, and returns when it is due. Ends all its sessions, with their
    /// streams. The mark of a marked account is kept if it can be read.
    ///
    /// Fails if there is no such account, if its deletion has started, and for the last administrator who
    /// is not marked.
    pub async fn mark_account(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
    ) -> Result<Timestamp, ServiceError> {
        self.mark_for(authority, user_id, AdminAction::AccountMarked).await
    }

    /// The same as a part of an action.
    pub(super) async fn mark_for(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
        action: AdminAction,
    ) -> Result<Timestamp, ServiceError> {
        let (service, authority) = (Arc::clone(self), authority.clone());
        let mark = async move {
            let acting = Acting::Authority(&authority, user_id.clone(), action);
            service.mark(acting, user_id, true, SentSessions::default()).await
        };
        spawn::detached(mark).await?
    }

    async fn mark(
        self: &Arc<Self>,
        acting: Acting<'_>,
        user_id: UserId,
        with_members: bool,
        sent: SentSessions,
    ) -> Result<Timestamp, ServiceError> {
        let (id, policy) = (user_id.clone(), self.deletion_policy().await?);
        let now = self.read_due_clock().await?.latest;
        let marked = self.end_sessions(acting, move |records, context| {
            let user = records.user(&id).ok_or(RuleViolation::NotFound(RecordKind::User))?;
            if user.deletion.as_ref().is_some_and(Deletion::has_started) {
                return Err(RuleViolation::DeletionInProgress);
            }
            let members = other_members(records, &id);
            if !with_members && !members.is_empty() {
                return Err(RuleViolation::FamilyHasMembers(members));
            }
            let earlier = user.deletion.as_ref().filter(|deletion| deletion.is_readable());
            let is_new = earlier.is_none();
            let marked_at = earlier.map_or(now, |deletion| deletion.marked_at);
            let deletion = Some(Deletion::marked(marked_at));
            let updated_at = Some(context.now());
            let mut changes = Vec::new();
            if is_new && user.deletion.is_some() {
                // A write keeps the fields that do not change, and these cannot be read.
                changes.push(Change::PutUser(User { deletion: None, ..User::clone(&user) }));
            }
            if is_new {
                changes.push(Change::PutUser(User { updated_at, deletion, ..User::clone(&user) }));
            }
            let due_at = policy.threshold.due_at(marked_at).max(policy.not_before);
            let sessions = sent.and(all_sessions(records, &id));
            Ok(Ending { sessions, changes, value: (due_at, is_new) })
        });
        let (due_at, is_new) = marked.await?;
        if is_new {
            self.log_deletion(&user_id, DeletionEvent::Marked { due_at }).await;
        }
        Ok(due_at)
    }

    /// Restores a marked account, for a client at `address`, and creates a session. Ends the sessions in
    /// `sent`.
    ///
    /// Fails for an unknown email address and for a wrong password, after the same time; at once after
    /// too many attempts; if the account is not marked; and if its deletion has started.
    pub async fn restore(
        self: &Arc<Self>,
        address: IpAddr,
        email: &str,
        password: String,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        let verified = self.verified_user(address, email, password).await?;
        let service = Arc::clone(self);
        spawn::detached(async move { service.restore_verified(verified, sent).await }).await?
    }

    /// Restores a marked account, even if its mark cannot be read.
    ///
    /// Fails if the account is not marked, and if its deletion has started.
    pub async fn unmark(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
    ) -> Result<(), ServiceError> {
        let (service, authority) = (Arc::clone(self), authority.clone());
        let unmark = async move {
            let id = user_id.clone();
            let recording = service.recording(&authority, AdminAction::AccountUnmarked).await?;
            let done =
                service.transact(authority.scope_of([id.clone()]), move |records, context| {
                    authority.check(records, context.now())?;
                    let user =
                        records.user(&id).ok_or(RuleViolation::NotFound(RecordKind::User))?;
                    let deletion =
                        user.deletion.as_ref().ok_or(RuleViolation::NotMarkedForDeletion)?;
                    if deletion.has_started() {
                        return Err(RuleViolation::DeletionInProgress);
                    }
                    let user = unmarked(User::clone(&user), context.now());
                    let logged = recording.entry(Some(&id), context);
                    Ok((Changes::of([Change::PutUser(user), logged]), ()))
                });
            done.await?;
            service.log_deletion(&user_id, DeletionEvent::Restored).await;
            Ok(())
        };
        spawn::detached(unmark).await?
    }

    async fn restore_verified(
        self: &Arc<Self>,
        verified: Verified,
        sent: SentSessions,
    ) -> Result<LoggedIn, ServiceError> {
        let token = verified.token();
        let token_hash = token.hash();
        let user_id = verified.id().clone();
        let limits = self.settings().family;
        let acting = Acting::Anyone(verified.scope());
        let restored = self.end_sessions(acting, move |records, context| {
            let changes = restore(records, &verified, &token_hash, context.now())?;
            Ok(with_new_session(changes, limits, &sent, records))
        });
        let caller = restored.await?.ok_or_else(|| self.wrong_credentials())?;
        self.log_deletion(&user_id, DeletionEvent::Restored).await;
        Ok(LoggedIn { token, caller })
    }
}

/// The account without its mark. What was due while it was marked has no consequences: nobody could do it.
fn unmarked(user: User, now: Timestamp) -> User {
    let schedule_at = user.schedule_at.map(|_| now);
    User { deletion: None, schedule_at, updated_at: Some(now), ..user }
}

/// Returns `None` if the verified password has changed since, or the account no longer exists.
fn restore(
    records: &dyn Snapshot,
    verified: &Verified,
    token_hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<NewSession>, RuleViolation> {
    let Some(user) = verified.current(records) else { return Ok(None) };
    let deletion = user.deletion.as_ref().ok_or(RuleViolation::NotMarkedForDeletion)?;
    if deletion.has_started() {
        return Err(RuleViolation::DeletionInProgress);
    }
    let user = unmarked(user, now);
    let caller = verified.session(records, &user, token_hash, now);
    let session = Session::clone(caller.session());
    let changes = vec![Change::PutUser(user), Change::PutSession(session)];
    Ok(Some(NewSession { caller, changes }))
}
