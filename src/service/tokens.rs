//! The API tokens of an account.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::administration_log::Recording;
use super::family_records::fingerprint;
use super::limits::one_more;
use super::sessions::session_id;
use super::{Adult, ApiSecret, Caller, Listing, Parent, Service, ServiceError};
use crate::domain::{
    AdminAction, ApiToken, ChildId, FamilyLimit, Id, IdempotencyKey, Invalid, KeyResult, Name,
    Page, RecordKind, RuleViolation, Session, Timestamp, TokenScope,
};
use crate::store::{Change, Changes, Snapshot};

#[derive(Clone, Debug)]
pub struct NewApiToken {
    pub name: Name,
    pub scopes: Arc<[TokenScope]>,
    /// `None` for all children.
    pub child_id: Option<ChildId>,
    /// `None` for a token that ends when it was not used for [`ApiToken::LIFETIME`].
    pub expires_at: Option<Timestamp>,
}

/// A token that was created, or that of the first request with the same key.
#[derive(Debug)]
pub struct CreatedToken {
    /// It is not stored and cannot be read again; `None` for a repeat.
    pub secret: Option<ApiSecret>,
    pub token: ListedToken,
}

/// A token, without its secret.
#[derive(Clone, Debug)]
pub struct ListedToken {
    /// Identifies the token. It does not give access to anything.
    pub id: String,
    pub token: ApiToken,
    pub child_id: Option<ChildId>,
    pub created_at: Timestamp,
    /// `None` if it was never used. Accurate to [`Session::TOUCH_INTERVAL`].
    pub last_used_at: Option<Timestamp>,
    /// The end that was chosen for it.
    pub expires_at: Option<Timestamp>,
}

impl ListedToken {
    /// `None` if it is no API token.
    fn of(session: &Session) -> Option<Self> {
        let token = session.api_token.clone()?;
        Some(Self {
            id: session_id(&session.token_hash),
            child_id: session.child_id.clone(),
            created_at: session.created_at,
            last_used_at: token.last_address.as_ref().map(|_| session.last_used_at),
            expires_at: token.has_fixed_end.then_some(session.expires_at),
            token: ApiToken::clone(&token),
        })
    }
}

impl Service {
    /// Creates a token of the caller's account in its family. A repeat with the same key returns the token without its
    /// secret.
    ///
    /// Fails if `password` is not the account's; without a password, if the session is not recent; and if the account has
    /// [`ApiToken::MOST`]. Administrative scopes are only for administrators, and not for one child.
    pub async fn create_token(
        &self,
        address: IpAddr,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewApiToken,
        password: Option<String>,
    ) -> Result<CreatedToken, ServiceError> {
        self.confirm_again(address, parent, password).await?;
        check_scopes(parent, &new)?;
        let action = AdminAction::ApiTokenCreated;
        let recording = self.recording_of_token(parent, &new.scopes, action).await?;
        let secret = ApiSecret::random();
        let (token_hash, prefix) = (secret.hash(), Arc::from(secret.shown()));
        let decider = parent.clone();
        let key = self.used_key(parent, key, || fingerprint("api-token", &fields(&new)));
        let commit = self.transact_as(parent, move |records, context| {
            let mut listed = tokens(records, &decider, context.now());
            let first = key.as_ref().map(|key| key.first(records)).transpose()?.flatten();
            if let Some(KeyResult::Record(id)) = first.as_ref().map(|first| &first.result) {
                let found = listed.find(|token| *token.id == **id);
                let found = found.ok_or(RuleViolation::NotFound(RecordKind::ApiToken))?;
                return Ok((Changes::none(), (found, true)));
            }
            one_more(FamilyLimit::ApiTokens, ApiToken::MOST, listed.count())?;
            let end = |at| ApiToken::check_end("expires_at", at, context.now());
            let expires_at = new.expires_at.map(end).transpose()?;
            let child = new.child_id.as_ref().map(|id| decider.child(records, id)).transpose()?;
            let token = ApiToken {
                name: new.name.clone(),
                prefix: Arc::clone(&prefix),
                scopes: Arc::clone(&new.scopes),
                has_fixed_end: expires_at.is_some(),
                last_address: None,
            };
            let session = Session::api_token(
                token_hash.clone(),
                decider.user().id.clone(),
                &decider.account().id,
                child.map(|child| child.id.clone()),
                token,
                expires_at,
                context.now(),
            );
            let listed = ListedToken::of(&session).ok_or(RuleViolation::SessionEnded)?;
            let remember = key.as_ref().map(|key| key.stored(Some(listed.id.as_str().into())));
            let entry = recording.as_ref().map(|it| it.entry(Some(&decider.account().id), context));
            let changes = [Change::PutSession(session)].into_iter().chain(entry);
            Ok((Changes { remember, ..Changes::of(changes) }, (listed, false)))
        });
        let (token, replayed) = commit.await?.value;
        Ok(CreatedToken { secret: (!replayed).then_some(secret), token })
    }

    /// Returns the tokens of the caller's account, the newest first.
    pub async fn tokens(
        &self,
        adult: &Adult,
        page: Page,
    ) -> Result<Listing<ListedToken>, ServiceError> {
        let records = self.records_of(adult).await?;
        let mut tokens: Vec<_> = tokens(&*records, adult, self.clock.now()).collect();
        tokens.sort_by_key(|token| Reverse(token.created_at));
        Ok(Listing::of(tokens, page))
    }

    /// Ends a token of the caller's account, with its streams.
    pub async fn revoke_token(
        self: &Arc<Self>,
        adult: &Adult,
        id: String,
    ) -> Result<(), ServiceError> {
        let records = self.records_of(adult).await?;
        let found = tokens(&*records, adult, self.clock.now()).find(|token| token.id == id);
        let token = found.ok_or(RuleViolation::NotFound(RecordKind::ApiToken))?;
        let action = AdminAction::ApiTokenRevoked;
        let recording = self.recording_of_token(adult, &token.token.scopes, action).await?;
        self.end_one(adult, id, RecordKind::ApiToken, is_token_of, recording).await
    }

    /// What the administration log records about a token; `None` if its scopes are not administrative.
    async fn recording_of_token(
        &self,
        caller: &Caller,
        scopes: &[TokenScope],
        action: AdminAction,
    ) -> Result<Option<Recording>, ServiceError> {
        if !is_administrative(scopes) {
            return Ok(None);
        }
        // Whoever revokes a token may be no administrator any more.
        Ok(Some(self.recording_of(Some(caller.account().id.clone()), action).await?))
    }
}

fn is_administrative(scopes: &[TokenScope]) -> bool {
    scopes.iter().any(|scope| scope.is_administrative())
}

/// Fails if the caller may not have a token with these scopes.
fn check_scopes(parent: &Parent, new: &NewApiToken) -> Result<(), ServiceError> {
    if !is_administrative(&new.scopes) {
        return Ok(());
    }
    if new.child_id.is_some() {
        let rule = "must be left out: administrative scopes are not about one child";
        return Err(Invalid::new("child_id", rule).into());
    }
    Caller::clone(parent).into_admin().map(|_| ())
}

/// The fields by which two requests are compared.
fn fields(new: &NewApiToken) -> serde_json::Value {
    let scopes: Vec<_> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    json!({
        "name": new.name.as_str(), "scopes": scopes, "child_id": new.child_id.as_ref().map(Id::as_str),
        "expires_at": new.expires_at.map(Timestamp::as_micros),
    })
}

/// Whether it is an API token of the caller's account.
fn is_token_of(session: &Session, caller: &Caller) -> bool {
    session.api_token.is_some() && session.is_of_adult(&caller.account().id)
}

/// The tokens of the caller's account in its family.
pub(super) fn tokens(
    records: &dyn Snapshot,
    caller: &Caller,
    now: Timestamp,
) -> impl Iterator<Item = ListedToken> + use<> {
    let mut sessions = records.sessions_of(&caller.user().id);
    sessions.retain(|it| it.is_live(now) && is_token_of(it, caller));
    sessions.into_iter().filter_map(|it| ListedToken::of(&it))
}
