//! The sinks, each behind a wall: one that panics takes neither the committer nor the others along.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::domain::UserId;
use crate::metrics;
use crate::store::{EventSink, History, Projection, StoredEvent};

/// A sink's name, and what makes durable what it has done.
pub(crate) type SinkSync = (&'static str, Box<dyn FnOnce() -> io::Result<String> + Send>);

/// What a panic is told as, where something waits for a result.
const PANICKED: &str = "it has panicked, which is a mistake in the server";

/// What `work` gives; an error where it panics. Nothing of the work may be left half done in what it
/// changes but what an error would leave so too.
pub(crate) fn caught<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let panicked = |_| Err(io::Error::other(PANICKED));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

/// Every sink of a store.
pub(crate) struct Sinks {
    all: Vec<Guarded>,
    metrics: metrics::Store,
}

/// A sink until it panics: nobody knows what state it is in after that. It is dropped, and the next
/// start resumes it from its last checkpoint.
struct Guarded {
    name: &'static str,
    sink: Option<Box<dyn EventSink>>,
    /// How many events it wasn't told.
    missed: usize,
}

impl Sinks {
    /// Sinks that are resumed already.
    pub(crate) fn new(sinks: Vec<Box<dyn EventSink>>, metrics: metrics::Store) -> Self {
        let guarded = sinks.into_iter().map(|sink| Guarded {
            name: sink.name(),
            sink: Some(sink),
            missed: 0,
        });
        Self { all: guarded.collect(), metrics }
    }

    /// Tells them new events, which the history holds already.
    pub(crate) fn apply(&mut self, events: &[Arc<StoredEvent>], history: &dyn History) {
        for guarded in &mut self.all {
            if guarded.call(&self.metrics, |sink| sink.apply(events, history)).is_none() {
                guarded.missed += events.len();
            }
        }
    }

    /// How much those have missed that can catch up.
    pub(crate) fn backlog(&mut self) -> usize {
        let lively = self.all.iter_mut().filter(|guarded| guarded.sink.is_some());
        lively.map(|guarded| guarded.health(&self.metrics).backlog).sum()
    }

    /// Has those that are behind try again.
    pub(crate) fn retry(&mut self, history: &dyn History) {
        for guarded in &mut self.all {
            guarded.call(&self.metrics, |sink| {
                if sink.health().backlog > 0 {
                    sink.retry(history);
                }
            });
        }
    }

    /// Has each look whether its files are as it has left them.
    pub(crate) fn look(&mut self) {
        for guarded in &mut self.all {
            guarded.call(&self.metrics, |sink| sink.look());
        }
    }

    /// How far those have come that say so.
    pub(crate) fn reached(&mut self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for guarded in &mut self.all {
            if let Some(Some(text)) = guarded.call(&self.metrics, |sink| sink.reached()) {
                texts.insert(guarded.name.to_owned(), text);
            }
        }
        texts
    }

    /// What each has fallen behind by.
    pub(crate) fn health(&mut self) -> Vec<Projection> {
        let metrics = &self.metrics;
        self.all.iter_mut().map(|guarded| guarded.health(metrics)).collect()
    }

    /// Has each forget an account, also where one before it fails.
    pub(crate) fn forget(&mut self, user_id: &UserId) -> io::Result<()> {
        let mut outcome = Ok(());
        for guarded in &mut self.all {
            let forgotten = guarded.call(&self.metrics, |sink| sink.forget(user_id));
            let panicked = || Err(io::Error::other(PANICKED));
            outcome = outcome.and(forgotten.unwrap_or_else(panicked));
        }
        outcome
    }

    /// What makes durable what each has done so far.
    pub(crate) fn checkpoint(&mut self) -> Vec<SinkSync> {
        let noted = self.all.iter_mut().map(|guarded| {
            let sync = guarded.call(&self.metrics, |sink| sink.checkpoint());
            (guarded.name, sync.unwrap_or_else(|| Box::new(|| Err(io::Error::other(PANICKED)))))
        });
        noted.collect()
    }
}

impl Guarded {
    /// What the sink answers; none once it has panicked.
    fn call<T>(
        &mut self,
        metrics: &metrics::Store,
        work: impl FnOnce(&mut dyn EventSink) -> T,
    ) -> Option<T> {
        let sink = self.sink.as_mut()?;
        let answer = catch_unwind(AssertUnwindSafe(|| work(&mut **sink))).ok();
        if answer.is_none() {
            metrics.projection_errors(self.name).inc();
            tracing::error!(sink = self.name, "panicked: it is told nothing until a restart");
            let broken = self.sink.take();
            // What is broken may panic once more.
            if catch_unwind(AssertUnwindSafe(|| drop(broken))).is_err() {
                tracing::error!(sink = self.name, "panicked when it was let go of");
            }
        }
        answer
    }

    fn health(&mut self, metrics: &metrics::Store) -> Projection {
        let (name, missed) = (self.name, self.missed);
        let health = self.call(metrics, |sink| sink.health());
        health.unwrap_or_else(|| Projection {
            name,
            backlog: missed,
            last_error: Some(format!("{PANICKED}; a restart resumes it")),
        })
    }
}
