//! Authenticates requests and ends sessions.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::administration_log::Recording;
use super::messages::with_messages;
use super::schedules::with_next_look;
use super::token::hexadecimal;
use super::{
    Adult, ApiSecret, Authority, Caller, Causes, Listing, Service, ServiceError, Token, spawn,
};
use crate::domain::{
    AdminAction, Page, RecordKind, RuleViolation, Session, Timestamp, TokenHash, UserId,
};
use crate::store::{AnyStore, Change, Changes, CommitError, Context, Scope, Snapshot, Store};

/// How many sessions of open streams are checked at the same time, and how long a check waits for a store
/// that cannot be reached.
const CHECKS_AT_ONCE: usize = 8;
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The sessions whose cookies came with a request. A response that replaces or removes the browser's
/// cookie ends them: the browser no longer needs them, and a cookie of another path or domain could
/// otherwise be sent instead of the new one.
#[derive(Clone, Debug, Default)]
pub struct SentSessions(Vec<TokenHash>);

impl FromIterator<Token> for SentSessions {
    fn from_iter<I: IntoIterator<Item = Token>>(tokens: I) -> Self {
        Self(tokens.into_iter().map(|token| token.hash()).collect())
    }
}

impl SentSessions {
    /// Returns these sessions and `others`, each once.
    pub(super) fn and(&self, others: impl IntoIterator<Item = TokenHash>) -> Vec<TokenHash> {
        let mut all: Vec<_> = others.into_iter().collect();
        for sent in &self.0 {
            if !all.contains(sent) {
                all.push(sent.clone());
            }
        }
        all
    }
}

/// A session, for the parent whose account it belongs to.
#[derive(Debug)]
pub struct ListedSession {
    /// Identifies the session without its secret.
    pub id: String,
    pub session: Arc<Session>,
    /// Whether it is the session of the request.
    pub is_current: bool,
}

/// A digest of what is stored, so that an id of a list does not help anyone who reads the file.
pub(super) fn session_id(token_hash: &TokenHash) -> String {
    let digest = Sha256::new().chain_update("session id ").chain_update(token_hash.0.as_bytes());
    hexadecimal(&digest.finalize()[..16])
}

/// The decision of a transaction that ends sessions.
pub(super) struct Ending<T> {
    pub(super) sessions: Vec<TokenHash>,
    /// The other changes, which follow the end of the sessions.
    pub(super) changes: Vec<Change>,
    pub(super) value: T,
}

/// Who ends sessions.
pub(super) enum Acting<'a> {
    /// A caller, with its family and its account. The transaction fails if the caller's session has ended.
    Caller(&'a Caller),
    /// An administrator or the operator, with that account. The action is logged.
    Authority(&'a Authority, UserId, AdminAction),
    /// A client whose rights were checked by other means, in that scope.
    Anyone(Scope),
}

/// The sessions of the person with that account, those of the children of its own family, its links to reset the
/// password, and its API tokens. Of a member of another family, the snapshot must contain that family.
pub(super) fn sessions_of_person(records: &dyn Snapshot, account: &UserId) -> Vec<Arc<Session>> {
    let mut sessions = records.sessions_of(account);
    sessions.retain(|it| it.member.is_none() && it.invitation.is_none());
    let joined = records.user(account).and_then(|user| user.member_of.clone());
    let in_joined = joined.iter().flat_map(|family| records.sessions_of(family));
    sessions.extend(in_joined.filter(|it| it.is_of_adult(account)));
    sessions
}

/// The same, as what ends them.
pub(super) fn sessions_of_account(records: &dyn Snapshot, account: &UserId) -> Vec<TokenHash> {
    hashes(sessions_of_person(records, account))
}

/// The same, with the sessions of all members of the account's own family, and its invitations.
pub(super) fn all_sessions(records: &dyn Snapshot, account: &UserId) -> Vec<TokenHash> {
    let others = records.sessions_of(account).into_iter();
    let others = others.filter(|it| it.member.is_some() || it.invitation.is_some());
    hashes(sessions_of_person(records, account).into_iter().chain(others))
}

fn hashes(sessions: impl IntoIterator<Item = Arc<Session>>) -> Vec<TokenHash> {
    sessions.into_iter().map(|session| session.token_hash.clone()).collect()
}

/// Whether the session is one that the caller sees: its own, and for the owner of a family those of the children.
fn is_seen_by(session: &Session, caller: &Caller) -> bool {
    let is_of_child = session.used_by_child().is_some() && !caller.is_in_other_family();
    session.is_session() && (is_of_child || session.is_of_adult(&caller.account().id))
}

impl Service {
    /// Commits what `decide` decides, and then closes the streams of the sessions that it ends. The
    /// streams close also if the client disconnects before the response.
    pub(super) async fn end_sessions<T: Send + 'static>(
        self: &Arc<Self>,
        acting: Acting<'_>,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Result<Ending<T>, RuleViolation>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, ServiceError> {
        let service = Arc::clone(self);
        let (scope, caller, authority) = match acting {
            Acting::Caller(caller) => (caller.with_account(), Some(caller.clone()), None),
            Acting::Authority(authority, id, action) => {
                let recording = self.recording(authority, action).await?;
                let scope = self.scope_with_joined(authority, &id).await?;
                (scope, None, Some((authority.clone(), recording, id)))
            }
            Acting::Anyone(scope) => (scope, None, None),
        };
        let decide = move |records: &dyn Snapshot, context: &mut Context| {
            if let Some(caller) = &caller {
                caller.check_session(records, context.now())?;
            }
            if let Some((authority, ..)) = &authority {
                authority.check(records, context.now())?;
            }
            let Ending { sessions, mut changes, value } = decide(records, context)?;
            if let Some((_, recording, id)) = &authority {
                changes.push(recording.entry(Some(id), context));
            }
            let removed = sessions.iter().cloned().map(Change::RemoveSession);
            let mut changes = Changes::of(removed.chain(changes));
            if let Some(caller) = &caller {
                let family = &caller.user().id;
                changes = with_next_look(changes, records, family, context.now());
                changes = with_messages(changes, records, family, context.now());
            }
            Ok((changes, (sessions, value)))
        };
        let work = async move {
            let (sessions, value) = service.transact(scope, decide).await?.value;
            service.close_sessions(&sessions);
            Ok(value)
        };
        spawn::detached(work).await?
    }

    /// The scope of an account that an authority changes, with the family that it is a member of.
    async fn scope_with_joined(
        &self,
        authority: &Authority,
        account: &UserId,
    ) -> Result<Scope, ServiceError> {
        let own = Scope::Family(account.clone());
        let joined = self.store.read(own).await?.user(account).and_then(|it| it.member_of.clone());
        Ok(authority.scope_of(joined.into_iter().chain([account.clone()])))
    }

    /// Returns the caller whose session `token` belongs to; never that of an API token. The time of its use is written
    /// in the background, at most once an hour.
    ///
    /// Fails if the token is unknown or its session has ended. Must be called within a Tokio runtime.
    pub async fn authenticate(&self, token: &Token) -> Result<Caller, ServiceError> {
        self.authenticate_as(&token.hash(), None).await
    }

    /// Returns the caller with a Bearer token from `address`: that of a session, or an API token. An API token with a
    /// wrong checksum is not looked up.
    ///
    /// Fails like [`Self::authenticate`].
    pub async fn authenticate_bearer(
        &self,
        text: &str,
        address: IpAddr,
    ) -> Result<Caller, ServiceError> {
        if !ApiSecret::is_prefix_of(text) {
            return self.authenticate(&Token::presented(text)).await;
        }
        let secret = ApiSecret::presented(text).ok_or(ServiceError::Unauthenticated)?;
        self.authenticate_as(&secret.hash(), Some(address)).await
    }

    async fn authenticate_as(
        &self,
        token_hash: &TokenHash,
        address: Option<IpAddr>,
    ) -> Result<Caller, ServiceError> {
        let caller = self.live_session(token_hash).await?.ok_or(ServiceError::Unauthenticated)?;
        let now = self.clock.now();
        if caller.session().used(now, address).is_some() {
            self.touch(&caller, now, address);
        }
        Ok(caller)
    }

    /// Returns the caller's live sessions, and for the owner of a family those of its children, the most recently
    /// used first.
    pub async fn sessions(
        &self,
        adult: &Adult,
        page: Page,
    ) -> Result<Listing<ListedSession>, ServiceError> {
        let records = self.records_of(adult).await?;
        let now = self.clock.now();
        let mut sessions = records.sessions_of(&adult.user().id);
        sessions.retain(|session| session.is_live(now) && is_seen_by(session, adult));
        sessions.sort_by_key(|session| Reverse((session.last_used_at, session.created_at)));
        let listed = |session: Arc<Session>| ListedSession {
            id: session_id(&session.token_hash),
            is_current: session.token_hash == *adult.token_hash(),
            session,
        };
        Ok(Listing::of(sessions.into_iter().map(listed).collect(), page))
    }

    /// Ends one of the sessions that the caller sees, with its streams. Fails if there is none with that id.
    pub async fn end_session(
        self: &Arc<Self>,
        adult: &Adult,
        id: String,
    ) -> Result<(), ServiceError> {
        self.end_one(adult, id, RecordKind::Session, is_seen_by, None).await
    }

    /// Ends the session with that id, with its streams, if it is of this kind and the caller may end it. A `recording` goes to
    /// the administration log.
    pub(super) async fn end_one(
        self: &Arc<Self>,
        adult: &Adult,
        id: String,
        kind: RecordKind,
        may_end: fn(&Session, &Caller) -> bool,
        recording: Option<Recording>,
    ) -> Result<(), ServiceError> {
        let caller = adult.clone();
        self.end_sessions(Acting::Caller(adult), move |records, context| {
            let mut sessions = records.sessions_of(&caller.user().id);
            sessions.retain(|it| may_end(it, &caller) && session_id(&it.token_hash) == id);
            let sessions: Vec<_> = sessions.iter().map(|it| it.token_hash.clone()).collect();
            if sessions.is_empty() {
                return Err(RuleViolation::NotFound(kind));
            }
            let entry = recording.as_ref().map(|it| it.entry(Some(&caller.account().id), context));
            Ok(Ending { sessions, changes: entry.into_iter().collect(), value: () })
        })
        .await
    }

    /// Ends all sessions of the caller's account, for the owner of a family also those of its children, and those in
    /// `sent`, and the account's API tokens, with their streams.
    pub async fn end_all_sessions(
        self: &Arc<Self>,
        adult: &Adult,
        sent: SentSessions,
    ) -> Result<(), ServiceError> {
        let account = adult.account().id.clone();
        self.end_sessions(Acting::Caller(adult), move |records, _| {
            let sessions = sent.and(sessions_of_account(records, &account));
            Ok(Ending { sessions, changes: Vec::new(), value: () })
        })
        .await
    }

    /// Returns whether that session is live now.
    pub async fn is_live(&self, token_hash: &TokenHash) -> bool {
        matches!(self.live_session(token_hash).await, Ok(Some(_)))
    }

    /// Returns the caller with that session; `None` if it is not live now.
    pub(super) async fn live_session(
        &self,
        token_hash: &TokenHash,
    ) -> Result<Option<Caller>, ServiceError> {
        let records = self.store.read(Scope::Session(token_hash.clone())).await?;
        let Some(session) = records.session(token_hash) else { return Ok(None) };
        let Some(account) = &session.member else {
            return Ok(Caller::of(session, &*records, self.clock.now()));
        };
        let families = [session.user_id.clone(), account.clone()];
        let records = self.store.read(Scope::of_families(families)).await?;
        // The session may have ended between the two reads, for example with a change of the member's role.
        let session = records.session(token_hash);
        Ok(session.and_then(|session| Caller::of(session, &*records, self.clock.now())))
    }

    /// Ends the streams of sessions that other servers have ended, until `stop`.
    pub async fn follow_ended_sessions(self: Arc<Self>, stop: CancellationToken) {
        let follow = async {
            loop {
                match self.store.ended_sessions().await {
                    Some(ended) => self.close_sessions(&ended),
                    None => self.check_streams().await,
                }
            }
        };
        stop.run_until_cancelled(follow).await;
    }

    /// Ends the streams whose sessions have ended.
    async fn check_streams(&self) {
        let check = async |session: TokenHash| loop {
            match self.live_session(&session).await {
                Ok(Some(_)) => break,
                Ok(None) => break self.broker.close_session(&session),
                Err(_) => sleep(CHECK_INTERVAL).await,
            }
        };
        stream::iter(self.broker.sessions()).for_each_concurrent(CHECKS_AT_ONCE, check).await;
    }

    /// Closes the streams of sessions that have ended.
    pub(super) fn close_sessions(&self, ended: &[TokenHash]) {
        for token_hash in ended {
            self.broker.close_session(token_hash);
        }
    }

    /// Writes the time of a session's use in a task of its own, so that no read waits for the disk.
    fn touch(&self, caller: &Caller, now: Timestamp, address: Option<IpAddr>) {
        let touch = record_use(Arc::clone(&self.store), caller.clone(), now, address);
        tokio::spawn(async move { log_failure(touch.await) }.in_current_span());
    }

    /// Returns the caller of a live session, after writing the time of this use.
    pub(super) async fn use_session(&self, token: &Token) -> Result<Caller, ServiceError> {
        let found = self.live_session(&token.hash()).await?;
        let caller = found.ok_or(ServiceError::Unauthenticated)?;
        record_use(Arc::clone(&self.store), caller.clone(), self.clock.now(), None).await?;
        Ok(caller)
    }
}

/// Writes the time of a session's use, unless a recent one is written.
async fn record_use(
    store: Arc<AnyStore>,
    caller: Caller,
    now: Timestamp,
    address: Option<IpAddr>,
) -> Result<(), CommitError> {
    let token_hash = caller.token_hash().clone();
    let commit = store.transact(caller.family(), move |records, _| {
        // Of many requests at the same time, the first one writes.
        let touched = records
            .session(&token_hash)
            .filter(|session| session.is_live(now))
            .and_then(|session| session.used(now, address));
        Ok((Changes::of(touched.map(Change::PutSession)), ()))
    });
    commit.await.map(drop)
}

fn log_failure(written: Result<(), CommitError>) {
    if let Err(error) = written {
        tracing::warn!(error = %Causes(&error), "cannot record the use of a session");
    }
}
