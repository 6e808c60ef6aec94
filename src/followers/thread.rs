//! The thread of a follower.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Builder;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// What a follower does after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another round: there is more to do.
    Again,
    /// Wait for events, but at least for this time, so that many events are handled at once.
    Events(Duration),
    /// Wait until the follower is nudged; new events do not end the wait.
    Nudge,
}

/// The longest wait: a wake-up may be lost.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A thread that runs one round of work after another until it is stopped or a round panics.
#[derive(Debug)]
pub(super) struct FollowerThread {
    stop: CancellationToken,
    nudge: Arc<Notify>,
    failed: Arc<AtomicBool>,
    ended: watch::Receiver<bool>,
    handle: Mutex<Option<JoinHandle<()>>>,
}

impl FollowerThread {
    /// Starts the thread, which calls `round` at least every [`LONGEST_WAIT`]. The argument of
    /// `round` is whether the thread was stopped: it then ends after the first round that does not
    /// return [`Next::Again`]. Fails if the system cannot start another thread.
    pub(super) fn spawn(
        name: &'static str,
        wakeups: watch::Receiver<()>,
        mut round: impl FnMut(bool) -> Next + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let (end, ended) = watch::channel(false);
        let (stop, nudge) = (CancellationToken::new(), Arc::new(Notify::new()));
        let failed = Arc::new(AtomicBool::new(false));
        let mut waits = Waits { wakeups, stop: stop.clone(), nudge: Arc::clone(&nudge) };
        let has_failed = Arc::clone(&failed);
        let handle = thread::Builder::new().name(name.to_owned()).spawn(move || {
            loop {
                let stopping = waits.stop.is_cancelled();
                // Before the round: a commit during the round then starts the next one.
                waits.wakeups.mark_unchanged();
                match catch_unwind(AssertUnwindSafe(|| round(stopping))) {
                    Ok(Next::Again) => {}
                    Ok(_) if stopping => break,
                    Ok(next) => runtime.block_on(waits.wait(next)),
                    Err(_) => {
                        tracing::error!(follower = name, "panicked: it is not run again");
                        has_failed.store(true, Ordering::Release);
                        break;
                    }
                }
            }
            // The fields of `round` are dropped before the end is reported.
            if catch_unwind(AssertUnwindSafe(|| drop(round))).is_err() {
                has_failed.store(true, Ordering::Release);
            }
            end.send_replace(true);
        })?;
        Ok(Self { stop, nudge, failed, ended, handle: Mutex::new(Some(handle)) })
    }

    pub(super) fn nudge(&self) {
        self.nudge.notify_one();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Ends the thread when there is nothing more to do.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    pub(super) async fn ended(&self) {
        let mut ended = self.ended.clone();
        // An error means that the thread has ended, too.
        if ended.wait_for(|ended| *ended).await.is_err() {
            tracing::debug!("the thread of a follower has ended");
        }
    }

    /// Like [`Self::ended`], but blocks.
    pub(super) fn join(&self) {
        let handle = self.handle.lock().take();
        if handle.is_some_and(|handle| handle.join().is_err()) {
            tracing::error!("the thread of a follower has panicked");
        }
    }
}

impl Drop for FollowerThread {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The reasons to end a wait.
struct Waits {
    wakeups: watch::Receiver<()>,
    stop: CancellationToken,
    nudge: Arc<Notify>,
}

impl Waits {
    async fn wait(&mut self, next: Next) {
        let at_least = if let Next::Events(at_least) = next { at_least } else { Duration::ZERO };
        if !at_least.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(at_least) => {}
                () = self.stop.cancelled() => return,
            }
        }
        let heeds_events = matches!(next, Next::Events(_));
        tokio::select! {
            // This fails after the store is closed: no more events follow.
            Ok(()) = self.wakeups.changed(), if heeds_events => {}
            () = self.nudge.notified() => {}
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(LONGEST_WAIT) => {}
        }
    }
}
