//! The queues of transactions: those of one family wait for each other, and all that wait at the same
//! time are committed together.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::commit::commit;
use super::inner::Inner;
use super::job::Job;
use crate::domain::Id;
use crate::store::{CommitError, Scope};

/// The number of transactions that can wait in one queue.
const CAPACITY: usize = 256;

/// The queues by the scope's name. A queue exists while a task executes its transactions.
#[derive(Default)]
struct Queues {
    waiting: HashMap<String, Vec<Box<dyn Job>>>,
    is_closed: bool,
}

pub(super) struct Queue {
    inner: Arc<Inner>,
    runtime: Handle,
    queues: Arc<Mutex<Queues>>,
    tasks: TaskTracker,
}

impl Queue {
    pub(super) fn new(inner: Arc<Inner>, runtime: Handle) -> Self {
        Self { inner, runtime, queues: Arc::default(), tasks: TaskTracker::new() }
    }

    /// Queues a transaction. It is executed even if nobody waits for its result.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), CommitError> {
        let name = name(job.scope());
        let mut queues = self.queues.lock();
        if queues.is_closed {
            return Err(CommitError::Closed);
        }
        if let Some(waiting) = queues.waiting.get_mut(&name) {
            if waiting.len() >= CAPACITY {
                return Err(CommitError::Overloaded);
            }
            waiting.push(job);
            return Ok(());
        }
        queues.waiting.insert(name.clone(), vec![job]);
        let work = work(Arc::clone(&self.inner), Arc::clone(&self.queues), name);
        self.tasks.spawn_on(work, &self.runtime);
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.queues.lock().is_closed
    }

    /// Refuses further transactions, and waits for those that are queued.
    pub(super) async fn close(&self) {
        self.queues.lock().is_closed = true;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Executes the transactions of one queue until it is empty.
async fn work(inner: Arc<Inner>, queues: Arc<Mutex<Queues>>, name: String) {
    loop {
        let jobs = {
            let mut queues = queues.lock();
            let jobs = queues.waiting.get_mut(&name).map(std::mem::take).unwrap_or_default();
            if jobs.is_empty() {
                queues.waiting.remove(&name);
                return;
            }
            jobs
        };
        // After a panic the callers get an error, and the queue continues.
        if AssertUnwindSafe(commit(&inner, jobs)).catch_unwind().await.is_err() {
            tracing::error!("a commit panicked");
        }
    }
}

/// The name of a scope's queue. Of several families, it is the queue of the first by the order of the ids.
fn name(scope: &Scope) -> String {
    match scope {
        Scope::Family(id) | Scope::Event(id, _) | Scope::Awards(id, _) | Scope::Marks(id, _) => {
            format!("family {id}")
        }
        Scope::Families(ids) => {
            format!("family {}", ids.iter().map(Id::as_str).min().unwrap_or_default())
        }
        Scope::Email(email) => format!("email {}", email.folded()),
        Scope::Session(token_hash) => format!("session {}", token_hash.0),
        Scope::CalendarFeed(secret_hash) => format!("calendar feed {}", secret_hash.0),
        Scope::Server => "server".to_owned(),
    }
}
