use std::collections::HashMap;
use std::sync::Arc;

use super::{Change, Changes, Fence};
use crate::domain::schedule::Mark;
use crate::domain::{
    EndedRequest, IdempotencyRecord, KeyTime, LogEntry, Message, Session, Timestamp, TokenHash,
};

/// What [`super::Store::remove_expired`] removes.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// The time by which sessions expire.
    pub now: Timestamp,
    /// The time by which idempotency records expire.
    pub keys: KeyTime,
    /// Whether sessions, ended requests, messages, marks and entries of the administration log are removed, and sessions
    /// shortened. A clock that has just been set is not trusted.
    pub sessions: bool,
    /// The lease that must be valid.
    pub lease: Option<Fence>,
}

impl Expiry {
    /// The changes that remove what has expired, and shorten the sessions that end too late.
    pub(super) fn changes<'a>(
        &'a self,
        keys: impl Iterator<Item = &'a Arc<IdempotencyRecord>>,
        sessions: impl Iterator<Item = &'a Arc<Session>>,
        ended: impl Iterator<Item = &'a Arc<EndedRequest>>,
        messages: impl Iterator<Item = &'a Arc<Message>>,
        marks: impl Iterator<Item = &'a Arc<Mark>>,
        log: impl Iterator<Item = &'a Arc<LogEntry>>,
    ) -> impl Iterator<Item = Change> {
        let expired = keys.filter(|record| !record.is_live(&self.keys));
        let keys = expired
            .map(|record| Change::RemoveIdempotencyKey(record.user_id.clone(), record.key.clone()));
        let changed = sessions.filter(|_| self.sessions).filter_map(|session| {
            if session.is_live(self.now) {
                session.shortened(self.now).map(Change::PutSession)
            } else {
                Some(Change::RemoveSession(session.token_hash.clone()))
            }
        });
        let ended = ended.filter(|request| self.sessions && !request.is_live(self.now));
        let ended = ended.map(|request| Change::RemoveEnded(request.id.clone()));
        let messages = self.old_messages(messages).into_iter();
        let messages =
            messages.map(|it| Change::RemoveMessage(it.user_id.clone(), Arc::clone(&it.cause)));
        let marks = marks.filter(|mark| self.sessions && mark.expires_at() <= self.now);
        let marks = marks.map(|mark| Change::RemoveMark(mark.user_id.clone(), mark.key.clone()));
        let log = self.old_entries(log).into_iter();
        let log = log.map(|entry| Change::RemoveLogEntry(entry.id.clone()));
        keys.chain(changed).chain(ended).chain(messages).chain(marks).chain(log)
    }

    /// The entries of the administration log that have expired or that it has too many of.
    fn old_entries<'a>(
        &self,
        log: impl Iterator<Item = &'a Arc<LogEntry>>,
    ) -> Vec<&'a Arc<LogEntry>> {
        let mut entries: Vec<_> = log.filter(|_| self.sessions).collect();
        let surplus = entries.len().saturating_sub(LogEntry::MOST);
        let mut place = 0;
        entries.retain(|entry| {
            place += 1;
            place <= surplus || entry.expires_at() <= self.now
        });
        entries
    }

    /// The messages that have expired or that their families have too many of.
    fn old_messages<'a>(
        &self,
        messages: impl Iterator<Item = &'a Arc<Message>>,
    ) -> Vec<&'a Arc<Message>> {
        let mut messages: Vec<_> = messages.filter(|_| self.sessions).collect();
        let mut kept: HashMap<&str, usize> = HashMap::new();
        messages.reverse();
        messages.retain(|message| {
            let kept = kept.entry(message.user_id.as_str()).or_default();
            *kept += 1;
            *kept > Message::MOST || !message.is_live(self.now)
        });
        messages
    }
}

/// The sessions that changes remove.
pub(super) fn removed_sessions(changes: &Changes) -> Vec<TokenHash> {
    let removed = changes.records.iter().filter_map(|change| match change {
        Change::RemoveSession(token_hash) => Some(token_hash.clone()),
        _ => None,
    });
    removed.collect()
}
