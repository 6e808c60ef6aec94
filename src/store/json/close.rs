//! The end of a store, which completes all files.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;

use tokio::sync::watch;

use super::JsonStore;
use super::jobs::Wake;

impl JsonStore {
    /// Closes the store with the first call; all calls return the result of the first one.
    pub(super) async fn close_once(&self) -> io::Result<()> {
        let begin = || {
            let (answer, ended) = watch::channel(None);
            if !self.begin_close(move |result| _ = answer.send_replace(Some(result))) {
                tracing::error!("a thread of the store has ended");
            }
            ended
        };
        let mut ended = self.ended.lock().get_or_insert_with(begin).clone();
        let result = ended.wait_for(Option::is_some).await;
        let gone = |_| io::Error::other("a thread of the store has panicked");
        match &*result.map_err(gone)? {
            Some(Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
            Some(Ok(())) | None => Ok(()),
        }
    }

    /// Starts to close the store; `done` is called when all files are up to date. Returns false,
    /// and drops `done`, if the close was started before or its thread has ended.
    fn begin_close(&self, done: impl FnOnce(io::Result<()>) + Send + 'static) -> bool {
        let first = !self.closed.swap(true, Ordering::AcqRel);
        first && self.wakes.send(Wake::Close(Box::new(done))).is_ok()
    }
}

impl Drop for JsonStore {
    /// Closes the store if that was not done before.
    fn drop(&mut self) {
        let (answer, answered) = sync_channel(1);
        let asked = self.begin_close(move |result| {
            if answer.send(result).is_err() {
                tracing::debug!("the caller no longer waits for the store to close");
            }
        });
        if asked && !matches!(answered.recv(), Ok(Ok(()))) {
            tracing::error!("the store could not be closed; the next start completes it");
        }
    }
}
