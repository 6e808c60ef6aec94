//! Sessions: how a request becomes a caller, and how sessions end.

use std::sync::Arc;

use tracing::Instrument;

use super::deletion::to_its_end;
use super::{Caller, Causes, Service, ServiceError, Token};
use crate::domain::{RuleViolation, Session, Timestamp, TokenHash};
use crate::store::{Change, Changes, View};

/// The sessions whose cookies came with a request. A response that replaces or removes the browser's
/// cookie ends them: the browser has no more use for them, and a cookie of another path or domain
/// would otherwise act in place of the new one.
#[derive(Clone, Debug, Default)]
pub struct SentSessions(Vec<TokenHash>);

impl FromIterator<Token> for SentSessions {
    fn from_iter<I: IntoIterator<Item = Token>>(tokens: I) -> Self {
        Self(tokens.into_iter().map(|token| token.hash()).collect())
    }
}

impl SentSessions {
    /// Those that exist, and these others, each once.
    pub(super) fn and(
        &self,
        others: impl IntoIterator<Item = TokenHash>,
        view: &dyn View,
    ) -> Vec<TokenHash> {
        let mut all: Vec<_> = others.into_iter().collect();
        for sent in &self.0 {
            if view.session(sent).is_some() && !all.contains(sent) {
                all.push(sent.clone());
            }
        }
        all
    }
}

/// What a decision that ends sessions has decided.
pub(super) struct Ending<T> {
    /// The sessions that end.
    pub(super) sessions: Vec<TokenHash>,
    /// What else changes, after their end.
    pub(super) changes: Vec<Change>,
    /// What the decision gives to its caller.
    pub(super) value: T,
}

impl Service {
    /// Commits what `decide` decides, and then closes the streams of the sessions that it ends. The
    /// streams close also if the client disconnects before the response.
    ///
    /// With a caller, it is an error if the caller's session has ended by then.
    pub(super) async fn end_sessions<T: Send + 'static>(
        self: &Arc<Self>,
        caller: Option<&Caller>,
        decide: impl FnOnce(&dyn View, Timestamp) -> Result<Ending<T>, RuleViolation> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (service, caller) = (Arc::clone(self), caller.cloned());
        let decide = move |view: &dyn View, now: Timestamp| {
            let Ending { sessions, changes, value } = decide(view, now)?;
            let removed = sessions.iter().cloned().map(Change::RemoveSession);
            Ok((Changes::of(removed.chain(changes)), (sessions, value)))
        };
        let work = async move {
            let outcome = match &caller {
                Some(caller) => service.transact_as(caller, decide).await,
                None => service.transact(decide).await,
            };
            let (sessions, value) = outcome?.value;
            service.close_sessions(&sessions);
            Ok(value)
        };
        to_its_end(work).await?
    }

    /// The caller whose session `token` belongs to. Reads memory alone; the session's use is
    /// written down beside the request, at most hourly.
    ///
    /// Refuses a token that is unknown or whose session is over. Must be called within a Tokio
    /// runtime.
    pub fn authenticate(&self, token: &Token) -> Result<Caller, ServiceError> {
        let caller = self.live_session(&token.hash()).ok_or(ServiceError::Unauthenticated)?;
        let now = self.clock.now();
        if caller.session().touched(now).is_some() {
            self.touch(caller.token_hash().clone(), now);
        }
        Ok(caller)
    }

    /// Whether that session is live now.
    pub fn is_live(&self, token_hash: &TokenHash) -> bool {
        self.live_session(token_hash).is_some()
    }

    /// The caller with that session, where it is live now.
    pub(super) fn live_session(&self, token_hash: &TokenHash) -> Option<Caller> {
        let view = self.store.view();
        let session = view.session(token_hash)?;
        Caller::of(session, &*view, self.clock.now())
    }

    /// Closes the streams of sessions that have ended.
    pub(super) fn close_sessions(&self, ended: &[TokenHash]) {
        for token_hash in ended {
            self.broker.close_session(token_hash);
        }
    }

    /// Writes a use at `now` down in a task of its own, so that no read waits for the disk.
    fn touch(&self, token_hash: TokenHash, now: Timestamp) {
        let store = Arc::clone(&self.store);
        let touch = async move {
            let commit = store.commit(Box::new(move |view, _| {
                // Decided anew: of many requests at once, the first one writes.
                let touched = view
                    .session(&token_hash)
                    .filter(|session| session.is_live(now))
                    .and_then(|session| Session::touched(&session, now));
                let changes = Changes::of(touched.map(Change::PutSession));
                Ok((changes, Box::new(())))
            }));
            if let Err(error) = commit.await {
                tracing::warn!(error = %Causes(&error), "the use of a session was not written down");
            }
        };
        tokio::spawn(touch.in_current_span());
    }
}
