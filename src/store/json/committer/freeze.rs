//! Returns everything at one commit.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::Committer;
use crate::store::json::frozen::{Frozen, FrozenHistory};

impl Committer {
    /// The state after the last batch, and the tracking file up to it. Transactions wait meanwhile, so nothing
    /// is written or retried here.
    pub(super) fn freeze(&mut self) -> io::Result<Frozen> {
        let started = Instant::now();
        let frozen = self.mark().map(|mark| {
            let (file, tracking) = (self.appender.file(), Arc::clone(&self.shared.tracking));
            let history = Arc::new(FrozenHistory::new(mark, file, tracking));
            Frozen { state: self.shared.state.load_full(), history }
        });
        self.shared.metrics.backup_wait.observe(started.elapsed().as_secs_f64());
        frozen
    }
}
