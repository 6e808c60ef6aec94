//! Lists of events, most of which are in the file of the saved index.

use std::fmt;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::column::reserve;
use super::summary::Position;
use crate::disk::FileBytes;

/// The positions of some events.
#[derive(Default)]
pub(super) struct List {
    /// The first ones.
    saved: Option<SavedList>,
    rest: Vec<Position>,
}

/// A list in the file of the saved index.
#[derive(Clone)]
pub(in super::super) struct SavedList {
    pub(in super::super) file: Arc<FileBytes>,
    /// Where it begins.
    pub(in super::super) offset: usize,
    /// The number of events.
    pub(in super::super) len: u32,
}

impl SavedList {
    fn positions(&self) -> &[[u8; 4]] {
        let bytes = self.file.get(self.offset..).unwrap_or_default();
        let (all, _) = bytes.as_chunks();
        all.get(..self.len as usize).unwrap_or_default()
    }
}

impl SavedList {
    /// Keeps the positions before the first one for which `is_before` is false.
    pub(super) fn cut(&mut self, is_before: impl Fn(Position) -> bool) {
        let count = Positions { saved: self.positions(), rest: &[] }.partition_point(is_before);
        self.len = u32::try_from(count).unwrap_or(self.len);
    }
}

impl List {
    pub(super) fn of(rest: Vec<Position>) -> Self {
        Self { saved: None, rest }
    }

    pub(super) fn positions(&self) -> Positions<'_> {
        let saved = self.saved.as_ref().map_or(&[][..], SavedList::positions);
        Positions { saved, rest: &self.rest }
    }

    pub(super) fn len(&self) -> usize {
        self.positions().len()
    }

    pub(super) fn reserve_exact(&mut self, more: usize) {
        self.rest.reserve_exact(more);
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.rest.shrink_to_fit();
    }

    /// Adds an event at the end.
    pub(super) fn push(&mut self, position: Position) {
        self.rest.push(position);
    }

    /// Adds an event at the end of a list of nearly all events.
    pub(super) fn push_to_long(&mut self, position: Position) {
        reserve(&mut self.rest);
        self.push(position);
    }

    /// Inserts an event at a place in the list.
    pub(super) fn insert(&mut self, place: usize, position: Position) {
        self.copy_from(place);
        self.rest.insert(place - self.saved_len(), position);
    }

    /// Orders the events. Equal ones keep their order.
    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&Position) -> K) {
        self.copy_from(0);
        self.rest.sort_by_key(key);
    }

    fn saved_len(&self) -> usize {
        self.saved.as_ref().map_or(0, |saved| saved.len as usize)
    }

    /// Copies the events from a place on, so that they can be changed.
    fn copy_from(&mut self, place: usize) {
        if let Some(saved) = &mut self.saved
            && place < saved.len as usize
        {
            let positions =
                saved.positions()[place..].iter().map(|at| Position::from_le_bytes(*at));
            self.rest.splice(0..0, positions);
            saved.len = Position::try_from(place).unwrap_or(saved.len);
            self.saved.take_if(|saved| saved.len == 0);
        }
    }

    /// The number of events before the first one that is not before `end` in the order of the file.
    pub(super) fn first_since(&self, end: usize) -> usize {
        let later = self.rest.iter().position(|at| *at as usize >= end);
        self.saved_len() + later.unwrap_or(self.rest.len())
    }

    /// Uses a saved list instead of the first `count` events, which include those of the list that it used so far.
    /// Returns what was in memory.
    pub(super) fn adopt(&mut self, saved: SavedList, count: usize) -> Vec<Position> {
        let later = self.rest.split_off(count - self.saved_len());
        self.saved = Some(saved).filter(|saved| saved.len > 0);
        mem::replace(&mut self.rest, later)
    }

    pub(super) fn of_saved(saved: SavedList) -> Self {
        Self { saved: Some(saved).filter(|saved| saved.len > 0), rest: Vec::new() }
    }
}

impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.positions().iter().eq(other.positions().iter())
    }
}

impl Eq for List {}

impl fmt::Debug for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.positions().iter()).finish()
    }
}

/// The positions of some events, to read them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Positions<'a> {
    saved: &'a [[u8; 4]],
    rest: &'a [Position],
}

impl<'a> Positions<'a> {
    pub(crate) fn len(self) -> usize {
        self.saved.len() + self.rest.len()
    }

    pub(super) fn get(self, place: usize) -> Option<Position> {
        match self.saved.get(place) {
            Some(at) => Some(Position::from_le_bytes(*at)),
            None => self.rest.get(place.checked_sub(self.saved.len())?).copied(),
        }
    }

    pub(super) fn last(self) -> Option<Position> {
        self.get(self.len().checked_sub(1)?)
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = Position> + 'a {
        let saved = self.saved.iter().map(|at| Position::from_le_bytes(*at));
        saved.chain(self.rest.iter().copied())
    }

    /// A part of these. The range must be within them.
    pub(super) fn part(self, range: Range<usize>) -> Self {
        let border = self.saved.len();
        let (saved, rest) = (range.start.min(border)..range.end.min(border), range);
        let rest = rest.start.max(border) - border..rest.end.max(border) - border;
        Self { saved: &self.saved[saved], rest: &self.rest[rest] }
    }

    /// The number of events before the first one for which `is_before` is false.
    pub(super) fn partition_point(self, is_before: impl Fn(Position) -> bool) -> usize {
        let saved = self.saved.partition_point(|at| is_before(Position::from_le_bytes(*at)));
        if saved < self.saved.len() {
            return saved;
        }
        saved + self.rest.partition_point(|at| is_before(*at))
    }
}
