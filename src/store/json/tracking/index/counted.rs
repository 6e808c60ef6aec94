//! A list of events by time, with the number of events of each kind in each block of it.

use std::ops::Range;

use super::fields::Wanted;
use super::list::{List, Positions};
use super::matches::Matches;
use super::summary::{KINDS, Position};
use crate::domain::{Page, SortOrder};

/// The entries whose kinds are counted together. A smaller block takes more memory, a larger one more visits.
const BLOCK: usize = if cfg!(test) { 4 } else { 1024 };

/// The positions of events, ordered by time. A query for a type or an action counts its matches by blocks, and visits
/// only the blocks with a match on its page, and those at the ends of its period.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    list: List,
    /// For each [`BLOCK`] entries, how many of them have each kind: an eighth of a byte per event.
    blocks: Vec<[u16; KINDS]>,
}

impl Counted {
    pub(super) fn reserve_exact(&mut self, more: usize) {
        self.list.reserve_exact(more);
        self.blocks.reserve_exact(more.div_ceil(BLOCK));
    }

    /// A list of some events, which are ordered by time. `kind` returns the kind of a position.
    pub(super) fn of(list: List, kind: impl Fn(Position) -> u8) -> Self {
        let mut list = Self { list, blocks: Vec::new() };
        list.count_from(0, kind);
        list
    }

    pub(super) fn positions(&self) -> Positions<'_> {
        self.list.positions()
    }

    /// Adds an event without counting it; [`Self::count_from`] follows.
    pub(super) fn push_uncounted(&mut self, position: Position) {
        self.list.push_to_long(position);
    }

    /// Orders the events without counting them; [`Self::count_from`] follows.
    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&Position) -> K) {
        self.list.sort_by_key(key);
    }

    /// Counts the events from a place in the list on. Those before it must be counted already.
    pub(super) fn count_from(&mut self, place: usize, kind: impl Fn(Position) -> u8) {
        let positions = self.list.positions();
        self.blocks.truncate(place / BLOCK);
        let first = self.blocks.len() * BLOCK;
        for (place, at) in positions.part(first..positions.len()).iter().enumerate() {
            if place % BLOCK == 0 {
                self.blocks.push([0; KINDS]);
            }
            if let Some(counts) = self.blocks.last_mut() {
                counts[usize::from(kind(at))] += 1;
            }
        }
    }

    /// Inserts an event at a place in the list.
    pub(super) fn insert(
        &mut self,
        place: usize,
        position: Position,
        kind: impl Fn(Position) -> u8,
    ) {
        self.list.insert(place, position);
        let positions = self.list.positions();
        if self.blocks.len() * BLOCK < positions.len() {
            self.blocks.push([0; KINDS]);
        }
        let kind = |at: Position| usize::from(kind(at));
        let mut moved = position;
        for (block, counts) in self.blocks.iter_mut().enumerate().skip(place / BLOCK) {
            counts[kind(moved)] += 1;
            // The last event of each full block is now the first of the next.
            let Some(next) = positions.get((block + 1) * BLOCK) else { break };
            counts[kind(next)] -= 1;
            moved = next;
        }
    }

    /// The list, of which another form may be used.
    pub(super) fn list(&mut self) -> &mut List {
        &mut self.list
    }

    /// A page of the events of a kind in a part of the list.
    pub(super) fn page(
        &self,
        part: Range<usize>,
        wanted: Wanted,
        kind: impl Fn(Position) -> u8,
        (order, page): (SortOrder, Page),
    ) -> Matches<Position> {
        let mut matches = Matches::default();
        let blocks = part.start / BLOCK..part.end.div_ceil(BLOCK);
        for n in 0..blocks.len() {
            let block = match order {
                SortOrder::Ascending => blocks.start + n,
                SortOrder::Descending => blocks.end - 1 - n,
            };
            let whole = block * BLOCK..self.positions().len().min((block + 1) * BLOCK);
            let range = part.start.max(whole.start)..part.end.min(whole.end);
            if range == whole {
                let count = self.count_in(block, wanted);
                let is_before = matches.total + count <= page.offset;
                if count == 0 || is_before || matches.found.len() >= page.limit {
                    matches.total += count;
                    continue;
                }
            }
            matches.visited += range.len();
            let is_match = |at: &Position| wanted.is_kind(kind(*at));
            let found = self.positions().part(range).iter();
            match order {
                SortOrder::Ascending => matches.extend(found.filter(is_match), page),
                SortOrder::Descending => matches.extend(found.rev().filter(is_match), page),
            }
        }
        matches
    }

    /// The number of events of a kind in a block.
    fn count_in(&self, block: usize, wanted: Wanted) -> usize {
        let counts = (0_u8..).zip(&self.blocks[block]);
        let counts = counts.filter(|(kind, _)| wanted.is_kind(*kind));
        counts.map(|(_, count)| usize::from(*count)).sum()
    }
}
