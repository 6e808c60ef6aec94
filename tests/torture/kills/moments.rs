//! The time at which the program is killed.

use std::time::Duration;

use super::Tally;
use crate::harness::{Folders, TestServer, names, within};
use crate::random::Random;

/// The times are random on purpose: the test does not wait for a condition there.
#[derive(Clone, Copy)]
pub(super) enum Moment {
    /// This long after the clients have started.
    Load(Duration),
    /// This long after a checkpoint has started.
    Checkpoint(Duration),
    /// This long after the signal to stop.
    Stop(Duration),
}

impl Moment {
    pub(super) fn draw(random: &mut Random) -> Self {
        let up_to = |random: &mut Random, limit| below(random, Duration::from_millis(limit));
        match random.below(10) {
            0..2 => Self::Checkpoint(up_to(random, 15)),
            2 => Self::Stop(up_to(random, 40)),
            3..7 => Self::Load(up_to(random, 100)),
            _ => Self::Load(up_to(random, 800)),
        }
    }

    pub(super) fn count(self, tally: &mut Tally) -> &mut usize {
        match self {
            Self::Load(_) => &mut tally.under_load,
            Self::Checkpoint(_) => &mut tally.in_checkpoint,
            Self::Stop(_) => &mut tally.in_stop,
        }
    }

    /// Kills the server at that time.
    pub(super) async fn kill(self, server: &mut TestServer) {
        let after = match self {
            Self::Load(after) => after,
            Self::Checkpoint(after) => {
                within("a checkpoint", checkpoint(&server.folders)).await;
                after
            }
            Self::Stop(after) => {
                server.signal("TERM");
                after
            }
        };
        tokio::time::sleep(after).await;
        server.kill();
    }
}

/// Waits until the journal continues in a new file, which is the start of each checkpoint.
async fn checkpoint(folders: &Folders) {
    let journal = folders.data().join("journal");
    let newest = || names(&journal).into_iter().filter(|name| name.ends_with(".journal")).max();
    let first = newest();
    while newest() == first {
        tokio::task::yield_now().await;
    }
}

/// Whether a file exists that a completed checkpoint or write removes.
pub(super) fn is_half_done(folders: &Folders) -> bool {
    let journal = names(&folders.data().join("journal"));
    let segments = journal.iter().filter(|name| name.ends_with(".journal")).count();
    let data = names(&folders.data());
    segments > 1 || journal.iter().chain(&data).any(|name| name.contains(".tmp"))
}

/// A random time below a limit.
pub(super) fn below(random: &mut Random, limit: Duration) -> Duration {
    let micros = usize::try_from(limit.as_micros()).unwrap();
    Duration::from_micros(random.below(micros.max(1)) as u64)
}
