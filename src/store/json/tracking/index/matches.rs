//! What a query has found.

use super::list::Positions;
use super::summary::Position;
use crate::domain::{Page, SortOrder};

/// A page of the matches of a filter.
#[derive(Debug)]
pub(crate) struct Matches<T> {
    pub(crate) found: Vec<T>,
    /// The number of all matches.
    pub(crate) total: usize,
    /// The number of events that were visited to find them.
    pub(crate) visited: usize,
}

impl<T> Default for Matches<T> {
    fn default() -> Self {
        Self { found: Vec::new(), total: 0, visited: 0 }
    }
}

impl<T> Matches<T> {
    /// Counts the next matches, and adds those on the page.
    pub(super) fn extend(&mut self, matches: impl Iterator<Item = T>, page: Page) {
        for one in matches {
            if self.total >= page.offset && self.found.len() < page.limit {
                self.found.push(one);
            }
            self.total += 1;
        }
    }
}

impl Matches<Position> {
    /// A page of a list, all of which matches.
    pub(super) fn all(list: Positions<'_>, (order, page): (SortOrder, Page)) -> Self {
        let total = list.len();
        let from = page.offset.min(total);
        let to = page.offset.saturating_add(page.limit).min(total);
        let found: Vec<Position> = match order {
            SortOrder::Ascending => list.part(from..to).iter().collect(),
            SortOrder::Descending => list.part(total - to..total - from).iter().rev().collect(),
        };
        Self { visited: found.len(), found, total }
    }
}
