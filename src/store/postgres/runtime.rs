//! Runs what uses the database as tasks of the runtime that the store was opened on. A caller that
//! goes away does not interrupt a statement, and a thread can wait for a result.

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use super::error::Failure;
use super::inner::Inner;
use crate::store::is_first_read;

/// How long a thread waits for a result: a runtime that is being dropped executes nothing more.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Runtime {
    pub(super) inner: Arc<Inner>,
    pub(super) handle: Handle,
}

impl Runtime {
    /// Runs it, and waits for the result. A request's first call waits for its turn before. Once it runs, it
    /// ends even if the returned future is dropped.
    pub(super) fn run<T, F, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Failure>> + Send + use<T, F, W>
    where
        W: FnOnce(Arc<Inner>) -> F,
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let is_first = is_first_read();
        let Self { inner, handle } = self.clone();
        let work = work(Arc::clone(&inner));
        async move {
            let place = if is_first { Some(inner.gate.enter().await?) } else { None };
            let task = handle.spawn(async move {
                let result = work.await;
                drop(place);
                result
            });
            task.await.map_err(|_| Failure::Stopping)?
        }
    }

    /// Runs it, and blocks the thread until it has ended.
    pub(super) fn wait<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let (sender, result) = mpsc::sync_channel(1);
        let work = work(Arc::clone(&self.inner));
        self.handle.spawn(async move {
            // The thread waits below.
            drop(sender.send(work.await));
        });
        let receive = || match result.recv_timeout(LONGEST_WAIT) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(Failure::Late),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::Stopping),
        };
        let current = Handle::try_current().map(|handle| handle.runtime_flavor());
        match current {
            Ok(RuntimeFlavor::MultiThread) => block_in_place(receive),
            _ => receive(),
        }
    }
}
