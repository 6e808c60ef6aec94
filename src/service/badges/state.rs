//! What a server knows about the evaluations of badges.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::domain::{ChildId, Position, Timestamp, UserId};

/// The state of the evaluations.
pub(in crate::service) struct Evaluations {
    /// Held while a history is evaluated.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// When this server started.
    pub(super) started: Timestamp,
    /// The cursor at the start.
    pub(super) cursor: OnceCell<Cursor>,
    /// The number of reversals after which none of a child's awards was revoked, of children that had any.
    checked: Mutex<HashMap<Child, u32>>,
    pub(super) lag: Mutex<Lag>,
}

pub(super) type Child = (UserId, ChildId);

/// How far the job has followed the events.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Cursor {
    pub(super) after: Position,
    /// The first start of a server with this data, in microseconds since 1970. What was earned before causes no messages.
    pub(super) since: i64,
}

#[derive(Default)]
pub(super) struct Lag {
    /// Since when the job is behind.
    pub(super) since: Option<Duration>,
    pub(super) backlog: usize,
    pub(super) last_error: Option<String>,
}

impl Evaluations {
    const MAX_CHECKED: usize = 10_000;

    pub(in crate::service) fn new(started: Timestamp) -> Self {
        Self {
            turn: tokio::sync::Mutex::default(),
            started,
            cursor: OnceCell::new(),
            checked: Mutex::default(),
            lag: Mutex::default(),
        }
    }

    pub(super) fn checked(&self, family: &UserId, child: &ChildId) -> Option<u32> {
        self.checked.lock().get(&(family.clone(), child.clone())).copied()
    }

    pub(super) fn check(&self, family: &UserId, child: &ChildId, reversals: u32) {
        let mut checked = self.checked.lock();
        if checked.len() >= Self::MAX_CHECKED {
            checked.clear();
        }
        checked.insert((family.clone(), child.clone()), reversals);
    }
}
