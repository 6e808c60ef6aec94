//! Checks that each child's events continue each other's points, and end with the child's points.

use std::collections::HashMap;

use super::{Finding, FindingKind};
use crate::domain::{Points, Timestamp};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tracking;

/// An event, in about 40 bytes.
#[derive(Clone, Copy)]
struct Step {
    /// The child's number in `names`.
    child: u32,
    row: RowNumber,
    before: Points,
    after: Points,
    /// Whether the points can be read.
    is_known: bool,
}

/// The time and the points of an event, if they can be read.
pub(super) struct Moved {
    pub(super) occurred_at: Timestamp,
    pub(super) points: Option<(Points, Points)>,
}

/// The chains of all children.
#[derive(Default)]
pub(super) struct Chains {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
    /// The latest time of each child's events so far, with its row.
    latest: Vec<(Timestamp, RowNumber)>,
    steps: Vec<Step>,
}

/// The end of a child's chain.
pub(super) struct End<'a> {
    pub(super) child_id: &'a str,
    /// The last event and its points; `None` if those cannot be read.
    pub(super) row: RowNumber,
    pub(super) points: Option<Points>,
}

impl Chains {
    /// Adds the next event of the file; returns the row of an earlier one of the same child with a
    /// later time.
    pub(super) fn add(
        &mut self,
        child_id: &str,
        row: RowNumber,
        moved: &Moved,
    ) -> Option<(RowNumber, Timestamp)> {
        let Moved { occurred_at, points } = *moved;
        let child = self.number(child_id, (occurred_at, row));
        let (before, after) = points.unwrap_or_default();
        let is_known = points.is_some();
        self.steps.push(Step { child, row, before, after, is_known });
        let latest = &mut self.latest[child as usize];
        if occurred_at < latest.0 {
            return Some((latest.1, latest.0));
        }
        *latest = (occurred_at, row);
        None
    }

    fn number(&mut self, child_id: &str, first: (Timestamp, RowNumber)) -> u32 {
        if let Some(number) = self.numbers.get(child_id) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(child_id.into());
        self.numbers.insert(child_id.into(), number);
        self.latest.push(first);
        number
    }

    /// Follows each chain in the order of writing: reports its first break, and calls `each_end`
    /// with its end.
    pub(super) fn follow(
        mut self,
        findings: &mut Vec<Finding>,
        mut each_end: impl FnMut(End<'_>, &mut Vec<Finding>),
    ) {
        self.steps.sort_by_key(|step| (step.child, step.row));
        for steps in self.steps.chunk_by(|one, other| one.child == other.child) {
            let [first, .., last] = steps else {
                let [only] = steps else { continue };
                each_end(self.end(only), findings);
                continue;
            };
            let child = &self.names[first.child as usize];
            let is_broken = |pair: &&[Step]| {
                pair[0].is_known && pair[1].is_known && pair[0].after != pair[1].before
            };
            let mut broken = steps.windows(2).filter(is_broken);
            if let Some([earlier, later]) = broken.next() {
                findings.push(break_of(child, earlier, later, broken.count()));
            }
            each_end(self.end(last), findings);
        }
    }

    fn end(&self, last: &Step) -> End<'_> {
        End {
            child_id: &self.names[last.child as usize],
            row: last.row,
            points: last.is_known.then_some(last.after),
        }
    }
}

fn break_of(child: &str, earlier: &Step, later: &Step, further: usize) -> Finding {
    let more = match further {
        0 => String::new(),
        1 => "; there is one more such break after it".to_owned(),
        count => format!("; there are {count} more such breaks after it"),
    };
    let message = format!(
        "it starts with {} points, but the previous event of child {child}, row {}, ends with \
         {}{more}",
        later.before, earlier.row, earlier.after
    );
    Finding::of_row(FindingKind::ChainBreak, tracking::FILE, later.row, None, message)
}
