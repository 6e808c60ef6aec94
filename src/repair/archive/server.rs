//! What an archive contains of a running server.

use std::io;
use std::sync::Arc;

use super::begun::Begun;
use super::error::ArchiveError;
use super::names::DATA;
use super::source::{History, begin_database, contents, others};
use super::write::Entry;
use crate::domain::{ErasureList, Timestamp, log_name};
use crate::repair::erase::{Erased, erase};
use crate::store::json::JsonStore;
use crate::store::json::frozen::Frozen;
use crate::store::json::progress::Progress;
use crate::store::json::state::State;
use crate::store::json::tracking;
use crate::store::{AnyStore, Store as _};

/// Begins an archive of what is committed now. No account of an embedded store may be deleted meanwhile. A
/// database is exported to files without a name in the folder for temporary files.
pub async fn begin_server(store: &AnyStore, now: Timestamp) -> Result<Begun, ArchiveError> {
    match store {
        AnyStore::Json(store) => begin_embedded(store, now).await,
        AnyStore::Postgres(store) => {
            begin_database(store.url(), std::env::temp_dir(), now, &Progress::silent()).await
        }
        AnyStore::Memory(_) => Err(ArchiveError::NotStored),
    }
}

async fn begin_embedded(store: &JsonStore, now: Timestamp) -> Result<Begun, ArchiveError> {
    let list = store.erasures().list(now).await.map_err(ArchiveError::Store)?;
    let Frozen { state, history } = store.freeze().await.map_err(ArchiveError::Freeze)?;
    let (disk, data) = store.place();
    let read_all = move || {
        let mut state = State::clone(&state);
        let mut erased = Erased::started(&state);
        let accounts = erase(&mut state, &mut erased);
        let path = data.join(tracking::FILE);
        let found = history.anonymize(&accounts).and_then(|()| history.last_event());
        let last_event = found.map_err(ArchiveError::unreadable(&path))?;
        let name = format!("{DATA}/{}", tracking::FILE);
        let entry = Some(Entry::history(name, Arc::clone(&history)));
        let read = History { rows: history.mark.rows, last_event, entry };
        let mut contents = contents(state, read, now);
        let names = disk.file_names(&data).map_err(ArchiveError::unreadable(&data))?;
        // The list may have grown since.
        let names: Vec<String> =
            names.into_iter().filter(|name| name != ErasureList::FILE).collect();
        let mut more = others(&*disk, &data, &names)?;
        more.push(Entry::text(format!("{DATA}/{}", ErasureList::FILE), list.text()));
        contents.add(more);
        let left_out = accounts.iter().map(log_name).collect();
        Ok(Begun { contents, history: Some(history), left_out, lock: None })
    };
    let begun = tokio::task::spawn_blocking(read_all).await;
    begun.unwrap_or_else(|error| Err(ArchiveError::Freeze(io::Error::other(error))))
}
