//! Sessions: how a request becomes a caller.

use std::sync::Arc;

use tracing::Instrument;

use super::{Caller, Causes, Service, ServiceError, Token};
use crate::domain::{Session, Timestamp, TokenHash};
use crate::store::{Change, Changes};

impl Service {
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
            self.hub.close_session(token_hash);
        }
    }

    /// Writes a use at `now`, by the clock, down in a task of its own, so that no read waits for the
    /// disk. (The time of a decision is ahead of the clock where an event is.)
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
