//! An account goes into the queue, and comes out of it.

use std::net::IpAddr;
use std::sync::Arc;

use super::super::{Admin, FamilyLimits, LoggedIn, Parent, Service, ServiceError, Token};
use super::to_its_end;
use crate::audit_log::DeletionEvent;
use crate::domain::{Deletion, Kind, Refusal, Role, Session, Timestamp, TokenHash, User, UserId};
use crate::store::{Change, Changes, View};

/// What a marking did.
struct Marked {
    due_at: Timestamp,
    ended: Vec<TokenHash>,
}

impl Service {
    /// Marks the caller's account for deletion, for a client at `address`, and says when it is due.
    /// All sessions of the account end with their streams, its children's too, and no new one
    /// begins.
    ///
    /// Refuses where `password` isn't the account's, after too many attempts, and the last
    /// administrator that isn't marked.
    pub async fn mark_for_deletion(
        self: &Arc<Self>,
        address: IpAddr,
        parent: &Parent,
        password: String,
    ) -> Result<Timestamp, ServiceError> {
        self.attempts.at_password(address, &parent.user().email)?;
        let verified = Arc::clone(&parent.user().password);
        if !self.passwords.verify(Some(verified), password).await? {
            return Err(Refusal::WrongPassword.into());
        }
        let (service, parent) = (Arc::clone(self), parent.clone());
        to_its_end(async move { service.mark(&parent).await }).await?
    }

    async fn mark(&self, parent: &Parent) -> Result<Timestamp, ServiceError> {
        let (decider, settings) = (parent.clone(), self.settings.deletion);
        let marked_at = self.read_due_clock().await.latest;
        let outcome = self.transact_as(parent, move |view, now| {
            let user = decider.unchanged_user(view)?;
            if user.role == Role::Admin && view.count_admins() <= 1 {
                return Err(Refusal::LastAdministrator);
            }
            let deletion = Deletion::marked(marked_at);
            let due_at = settings.policy(view).threshold.due_at(deletion.marked_at);
            let sessions = view.sessions_of(&user.id);
            let ended: Vec<_> = sessions.iter().map(|session| session.token_hash.clone()).collect();
            let user =
                User { deletion: Some(deletion), updated_at: Some(now), ..User::clone(&user) };
            let removed = ended.iter().cloned().map(Change::RemoveSession);
            let changes = Changes::of(removed.chain([Change::PutUser(user)]));
            Ok((changes, Marked { due_at, ended }))
        });
        let Marked { due_at, ended } = outcome.await?.value;
        for token_hash in ended {
            self.hub.close_session(&token_hash);
        }
        self.note(&parent.user().id, DeletionEvent::Marked { due_at }).await;
        Ok(due_at)
    }

    /// Takes an account out of the queue for a client at `address` that knows its password, and
    /// begins a session.
    ///
    /// Refuses, after the same time, an email address without account and a wrong password; either,
    /// at once, after too many attempts; an account that isn't marked; and one whose deletion has
    /// begun.
    pub async fn restore(
        self: &Arc<Self>,
        address: IpAddr,
        email: &str,
        password: String,
    ) -> Result<LoggedIn, ServiceError> {
        let verified = self.verified_user(address, email, password).await?;
        let service = Arc::clone(self);
        to_its_end(async move { service.restore_verified(verified).await }).await?
    }

    /// Takes a marked account out of the queue, whatever its mark looks like.
    ///
    /// Refuses an account that isn't marked, and one whose deletion has begun.
    pub async fn unmark(
        self: &Arc<Self>,
        admin: &Admin,
        user_id: UserId,
    ) -> Result<(), ServiceError> {
        let (service, admin) = (Arc::clone(self), admin.clone());
        let unmark = async move {
            let id = user_id.clone();
            let done = service.transact_as(&admin, move |view, now| {
                let user = view.user(&id).ok_or(Refusal::NotFound(Kind::User))?;
                let deletion = user.deletion.as_ref().ok_or(Refusal::NotFound(Kind::User))?;
                if deletion.has_begun() {
                    return Err(Refusal::DeletionInProgress);
                }
                let user = User { deletion: None, updated_at: Some(now), ..User::clone(&user) };
                Ok((Changes::of([Change::PutUser(user)]), ()))
            });
            done.await?;
            service.note(&user_id, DeletionEvent::Restored).await;
            Ok(())
        };
        to_its_end(unmark).await?
    }

    async fn restore_verified(&self, verified: Arc<User>) -> Result<LoggedIn, ServiceError> {
        let token = Token::random();
        let token_hash = token.hash();
        let user_id = verified.id.clone();
        let limits = self.settings.family;
        let outcome =
            self.transact(move |view, now| restore(view, &verified, limits, token_hash, now));
        let Some(ended) = outcome.await?.value else {
            return Err(self.refuse_credentials());
        };
        self.close_sessions(&ended);
        self.note(&user_id, DeletionEvent::Restored).await;
        self.logged_in(token)
    }
}

/// Gives the sessions that end for the new one. Nothing, and none, where the verified password has been changed since, or the account is gone.
fn restore(
    view: &dyn View,
    verified: &User,
    limits: FamilyLimits,
    token_hash: TokenHash,
    now: Timestamp,
) -> Result<(Changes, Option<Vec<TokenHash>>), Refusal> {
    let user = view.user(&verified.id).filter(|user| user.password == verified.password);
    let Some(user) = user else {
        return Ok((Changes::none(), None));
    };
    let deletion = user.deletion.as_ref().ok_or(Refusal::NotMarkedForDeletion)?;
    if deletion.has_begun() {
        return Err(Refusal::DeletionInProgress);
    }
    let session = Session::begin(token_hash, user.id.clone(), None, now);
    let ended = limits.sessions_to_end(view, &user.id);
    let removed = ended.iter().cloned().map(Change::RemoveSession);
    let user = User { deletion: None, updated_at: Some(now), ..User::clone(&user) };
    let put = [Change::PutUser(user), Change::PutSession(session)];
    Ok((Changes::of(removed.chain(put)), Some(ended)))
}
