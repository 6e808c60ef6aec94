//! The file with the list of deleted accounts. The maintenance thread writes it.

use std::io;
use std::sync::mpsc::Sender;

use tokio::sync::oneshot;

use super::jobs::Wake;
use super::maintenance::Maintenance;
use crate::clock::random;
use crate::disk::{read_if_exists, replace};
use crate::domain::{ErasureList, Timestamp, UserId};
use crate::store::{BoxFuture, CommitError, Erasures, Fence, ReadError};

/// Sends requests to the maintenance thread.
pub(super) struct ErasureFile(pub(super) Sender<Wake>);

impl ErasureFile {
    /// Adds an account if one is given, and returns the list; `None` if the store is closed.
    async fn update(
        wakes: Sender<Wake>,
        erased: Option<UserId>,
        now: Timestamp,
    ) -> Option<io::Result<ErasureList>> {
        let (answer, answered) = oneshot::channel();
        wakes.send(Wake::Erasures(erased, now, answer)).ok()?;
        answered.await.ok()
    }
}

impl Erasures for ErasureFile {
    fn add(
        &self,
        user_id: UserId,
        now: Timestamp,
        lease: Option<Fence>,
    ) -> BoxFuture<'static, Result<(), CommitError>> {
        let wakes = self.0.clone();
        Box::pin(async move {
            lease.as_ref().map_or(Ok(()), Fence::check)?;
            match Self::update(wakes, Some(user_id), now).await {
                None => Err(CommitError::Closed),
                Some(Ok(_)) => Ok(()),
                Some(Err(error)) => {
                    tracing::error!(%error, "the erasure list can't be updated");
                    Err(CommitError::of(&error))
                }
            }
        })
    }

    fn list(&self, now: Timestamp) -> BoxFuture<'static, Result<ErasureList, ReadError>> {
        let wakes = self.0.clone();
        Box::pin(async move {
            let closed = || Err(io::Error::other(CommitError::Closed));
            Ok(Self::update(wakes, None, now).await.unwrap_or_else(closed)?)
        })
    }
}

impl Maintenance {
    /// Adds an account if one is given, and writes the list. A damaged file is not overwritten.
    pub(super) fn update_erasures(
        &mut self,
        erased: Option<&UserId>,
        now: Timestamp,
    ) -> io::Result<ErasureList> {
        self.check_in_place()?;
        let path = self.data.join(ErasureList::FILE);
        let mut list = match read_if_exists(&*self.disk, &path)? {
            Some(bytes) => ErasureList::parse(&bytes).map_err(io::Error::other)?,
            None => ErasureList::new(random(), now),
        };
        list.update(erased, now);
        replace(&*self.disk, &path, list.text().as_bytes())?;
        Ok(list)
    }
}
