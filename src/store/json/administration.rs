//! The administration log, the sessions of all accounts, and how much there is.

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::shared::Shared;
use super::wal;
use crate::disk::Disk;
use crate::domain::{LogEntry, Page, Timestamp, User, pseudonym};
use crate::store::{
    Activity, Administration, BoxFuture, Counts, Listing, OwnedSession, ReadError, is_session,
};

/// The state of a store, and its directory.
pub(super) struct Overview {
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) data: PathBuf,
}

impl Overview {
    /// The size of the files of the directory.
    fn bytes(disk: &dyn Disk, data: &Path) -> u64 {
        let folders = [data.to_owned(), data.join(wal::FOLDER)];
        let files = folders.iter().flat_map(|folder| {
            let names = disk.file_names(folder).unwrap_or_default();
            names.into_iter().map(|name| folder.join(name))
        });
        // A file may be removed meanwhile.
        files.filter_map(|file| disk.stat(&file).ok()).map(|stat| stat.len).sum()
    }
}

impl Administration for Overview {
    fn entries(&self, page: Page) -> BoxFuture<'static, Result<Listing<Arc<LogEntry>>, ReadError>> {
        let state = self.shared.state.load_full();
        let mut entries: Vec<_> = state.log.records().cloned().collect();
        entries.reverse();
        Box::pin(std::future::ready(Ok(Listing::of(entries, page))))
    }

    fn accounts(
        &self,
        salt: String,
        pseudonyms: Vec<Arc<str>>,
    ) -> BoxFuture<'static, Result<Vec<Arc<User>>, ReadError>> {
        let state = self.shared.state.load_full();
        let is_named = |user: &&Arc<User>| {
            state.visited.inc();
            let name = pseudonym(&salt, &user.id);
            pseudonyms.iter().any(|it| **it == *name)
        };
        let found = state.users.records().filter(is_named).cloned().collect();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn sessions(
        &self,
        now: Timestamp,
        page: Page,
    ) -> BoxFuture<'static, Result<Listing<OwnedSession>, ReadError>> {
        let state = self.shared.state.load_full();
        let live = state.sessions.records().filter(|session| is_session(session, now));
        let owned = live.filter_map(|it| Some((state.users.get(it.user_id.as_str())?, it.clone())));
        let mut found: Vec<OwnedSession> = owned.collect();
        found.sort_by_key(|(_, session)| Reverse((session.last_used_at, session.created_at)));
        Box::pin(std::future::ready(Ok(Listing::of(found, page))))
    }

    fn activity(
        &self,
        first: Timestamp,
        days: usize,
    ) -> BoxFuture<'static, Result<Activity, ReadError>> {
        let (tracking, state) = (Arc::clone(&self.shared.tracking), self.shared.state.load_full());
        Box::pin(async move {
            let mut activity = tracking.activity(first, days).await;
            let users = state.users.records();
            activity.add_sign_ups(first, users.filter_map(|user| user.created_at));
            Ok(activity)
        })
    }

    fn counts(&self) -> BoxFuture<'static, Result<Counts, ReadError>> {
        let (disk, data) = (Arc::clone(&self.disk), self.data.clone());
        let state = self.shared.state.load_full();
        Box::pin(async move {
            let bytes = spawn_blocking(move || Self::bytes(&*disk, &data)).await;
            let count = |number: usize| number as u64;
            let users = || state.users.records();
            Ok(Counts {
                accounts: count(users().count()),
                administrators: count(users().filter(|user| user.is_active_admin()).count()),
                marked: count(users().filter(|user| user.deletion.is_some()).count()),
                children: count(state.children.records().count()),
                tasks: count(state.tasks.records().count()),
                rewards: count(state.rewards.records().count()),
                bytes: bytes.map_err(io::Error::other)?,
            })
        })
    }
}
