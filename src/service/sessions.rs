//! Authenticates requests and ends sessions.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::caller::hexadecimal;
use super::messages::with_messages;
use super::schedules::with_next_look;
use super::{Authority, Caller, Causes, Listing, Parent, Service, ServiceError, Token, spawn};
use crate::domain::{
    AdminAction, Page, RecordKind, RuleViolation, Session, Timestamp, TokenHash, UserId,
};
use crate::store::{Change, Changes, Context, Scope, Snapshot, Store};

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
    /// A caller, in its own family. The transaction fails if the caller's session has ended.
    Caller(&'a Caller),
    /// An administrator or the operator, with that account. The action is logged.
    Authority(&'a Authority, UserId, AdminAction),
    /// A client whose rights were checked by other means, in that scope.
    Anyone(Scope),
}

/// All sessions of the account, including its children's, and its links to reset the password.
pub(super) fn all_sessions(records: &dyn Snapshot, user_id: &UserId) -> Vec<TokenHash> {
    let sessions = records.sessions_of(user_id);
    sessions.iter().map(|session| session.token_hash.clone()).collect()
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
            Acting::Caller(caller) => (caller.family(), Some(caller.clone()), None),
            Acting::Authority(authority, id, action) => {
                let recording = self.recording(authority, action).await?;
                (authority.scope_of(&id), None, Some((authority.clone(), recording, id)))
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

    /// Returns the caller whose session `token` belongs to. The time of its use is written in the
    /// background, at most once an hour.
    ///
    /// Fails if the token is unknown or its session has ended. Must be called within a Tokio runtime.
    pub async fn authenticate(&self, token: &Token) -> Result<Caller, ServiceError> {
        let caller =
            self.live_session(&token.hash()).await?.ok_or(ServiceError::Unauthenticated)?;
        let now = self.clock.now();
        if caller.session().touched(now).is_some() {
            self.touch(&caller, now);
        }
        Ok(caller)
    }

    /// Returns the live sessions of the account, including its children's, the most recently used first.
    pub async fn sessions(
        &self,
        parent: &Parent,
        page: Page,
    ) -> Result<Listing<ListedSession>, ServiceError> {
        let records = self.records_of(parent).await?;
        let now = self.clock.now();
        let mut sessions = records.sessions_of(&parent.user().id);
        sessions.retain(|session| session.is_live(now) && session.is_session());
        sessions.sort_by_key(|session| Reverse((session.last_used_at, session.created_at)));
        let listed = |session: Arc<Session>| ListedSession {
            id: session_id(&session.token_hash),
            is_current: session.token_hash == *parent.token_hash(),
            session,
        };
        Ok(Listing::of(sessions.into_iter().map(listed).collect(), page))
    }

    /// Ends one session of the account, or of its children, with its streams. Fails if the account has
    /// no session with that id.
    pub async fn end_session(
        self: &Arc<Self>,
        parent: &Parent,
        id: String,
    ) -> Result<(), ServiceError> {
        let user_id = parent.user().id.clone();
        self.end_sessions(Acting::Caller(parent), move |records, _| {
            let mut sessions = all_sessions(records, &user_id);
            sessions.retain(|token_hash| session_id(token_hash) == id);
            if sessions.is_empty() {
                return Err(RuleViolation::NotFound(RecordKind::Session));
            }
            Ok(Ending { sessions, changes: Vec::new(), value: () })
        })
        .await
    }

    /// Ends all sessions of the account, including its children's, and those in `sent`, with their
    /// streams.
    pub async fn end_all_sessions(
        self: &Arc<Self>,
        parent: &Parent,
        sent: SentSessions,
    ) -> Result<(), ServiceError> {
        let user_id = parent.user().id.clone();
        self.end_sessions(Acting::Caller(parent), move |records, _| {
            let sessions = sent.and(all_sessions(records, &user_id));
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
    fn touch(&self, caller: &Caller, now: Timestamp) {
        let store = Arc::clone(&self.store);
        let (scope, token_hash) = (caller.family(), caller.token_hash().clone());
        let touch = async move {
            let commit = store.transact(scope, move |records, _| {
                // Of many requests at the same time, the first one writes.
                let touched = records
                    .session(&token_hash)
                    .filter(|session| session.is_live(now))
                    .and_then(|session| Session::touched(&session, now));
                Ok((Changes::of(touched.map(Change::PutSession)), ()))
            });
            if let Err(error) = commit.await {
                tracing::warn!(error = %Causes(&error), "cannot record the use of a session");
            }
        };
        tokio::spawn(touch.in_current_span());
    }
}
