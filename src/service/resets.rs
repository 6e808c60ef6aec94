//! Links with which the owner of an account sets a new password. Whoever creates one does not get to know
//! the password.

use std::net::IpAddr;
use std::sync::Arc;

use super::administration::changeable;
use super::sessions::{Acting, Ending, sessions_of_account};
use super::{Authority, Owner, Service, ServiceError, Token};
use crate::domain::password::NewPassword;
use crate::domain::{
    AdminAction, MemberId, RuleViolation, Session, Timestamp, TokenHash, User, UserId,
};
use crate::store::{Change, Scope, Snapshot, Store};

/// A new link.
#[derive(Debug)]
pub struct ResetLink {
    /// It is not stored and cannot be read again.
    pub secret: Token,
    pub expires_at: Timestamp,
}

impl Service {
    /// Creates a link to reset the password of an account. Beyond the limit, the oldest links of the
    /// account end.
    ///
    /// Fails if there is no such account, and if its deletion has started.
    pub async fn create_reset_link(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
    ) -> Result<ResetLink, ServiceError> {
        let secret = Token::random();
        let token_hash = TokenHash::of_reset_link(&secret.hash());
        let acting = Acting::Authority(authority, user_id.clone(), AdminAction::ResetLinkCreated);
        let expires_at = self.end_sessions(acting, move |records, context| {
            new_link(records, &token_hash, &user_id, context.now())
        });
        Ok(ResetLink { secret, expires_at: expires_at.await? })
    }

    /// Creates a link to reset the password of a member of the owner's family, for a client at `address`.
    ///
    /// Fails if `password` is not the owner's, after too many attempts, and if the family has no such member besides
    /// its owner.
    pub async fn create_reset_link_of_member(
        self: &Arc<Self>,
        address: IpAddr,
        owner: &Owner,
        id: MemberId,
        password: String,
    ) -> Result<ResetLink, ServiceError> {
        self.confirm(address, owner, password).await?;
        let secret = Token::random();
        let token_hash = TokenHash::of_reset_link(&secret.hash());
        let expires_at = self.decide_on_member(owner, id, move |records, member, context| {
            new_link(records, &token_hash, &member.account_id, context.now())
        });
        Ok(ResetLink { secret, expires_at: expires_at.await? })
    }

    /// Sets the password of the account whose link has that secret, for a client at `address`. Ends all
    /// sessions and links of the account. The account may be marked for deletion.
    ///
    /// Fails after too many attempts. Fails in the same way for a secret that is unknown, was used, or has
    /// expired, and if the deletion of the account has started.
    pub async fn reset_password(
        self: &Arc<Self>,
        address: IpAddr,
        secret: &Token,
        new: NewPassword,
    ) -> Result<(), ServiceError> {
        self.attempts.at_secret(&self.store, address).await?;
        let token_hash = TokenHash::of_reset_link(&secret.hash());
        let records = self.store.read(Scope::Session(token_hash.clone())).await?;
        let (_, user) = valid(&*records, &token_hash, self.clock.now())?;
        let password = self.passwords.hash(new).await?;
        let families = user.member_of.iter().chain([&user.id]).cloned();
        let acting = Acting::Anyone(Scope::of_families(families));
        self.end_sessions(acting, move |records, context| {
            let now = context.now();
            let (link, user) = valid(records, &token_hash, now)?;
            let password = Arc::clone(&password);
            let user = User { password, updated_at: Some(now), ..User::clone(&user) };
            let sessions = sessions_of_account(records, &link.user_id);
            Ok(Ending { sessions, changes: vec![Change::PutUser(user)], value: () })
        })
        .await
    }
}

/// A new link of an account, and the links that end for it. Fails if there is no such account, and if its deletion has
/// started.
fn new_link(
    records: &dyn Snapshot,
    token_hash: &TokenHash,
    user_id: &UserId,
    now: Timestamp,
) -> Result<Ending<Timestamp>, RuleViolation> {
    changeable(records, user_id)?;
    let link = Session::reset_link(token_hash.clone(), user_id.clone(), now);
    let (sessions, expires_at) = (surplus_links(records, user_id), link.expires_at);
    Ok(Ending { sessions, changes: vec![Change::PutSession(link)], value: expires_at })
}

/// Returns a link that can be used, and its account.
fn valid(
    records: &dyn Snapshot,
    token_hash: &TokenHash,
    now: Timestamp,
) -> Result<(Arc<Session>, Arc<User>), RuleViolation> {
    let link = records.session(token_hash).filter(|link| link.is_live(now));
    let link = link.ok_or(RuleViolation::InvalidResetLink)?;
    let user = changeable(records, &link.user_id).map_err(|_| RuleViolation::InvalidResetLink)?;
    Ok((link, user))
}

/// Returns the links to end so that the account can have one more: the oldest ones.
fn surplus_links(records: &dyn Snapshot, user_id: &UserId) -> Vec<TokenHash> {
    let mut links = records.sessions_of(user_id);
    links.retain(|link| link.is_reset_link());
    links.sort_by_key(|link| link.created_at);
    let surplus = (links.len() + 1).saturating_sub(Session::MOST_RESET_LINKS);
    links.iter().take(surplus).map(|link| link.token_hash.clone()).collect()
}
