mod activity;
mod after;
mod children;
mod column;
mod columns;
mod counted;
mod entities;
mod fields;
mod list;
mod matches;
mod names;
mod packed;
mod query;
mod stored;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::domain::{EventFilter, SortOrder, Timestamp};
use crate::store::json::tinydb::RowNumber;

pub(crate) use activity::Count;
use columns::Columns;
use counted::Counted;
use entities::Events;
use fields::{Fields, Names, Wanted};
use list::{List, Positions};
pub(crate) use matches::Matches;
pub(super) use packed::BLOCK;
pub(super) use stored::{ListName, Lists, Outline, Piece, Saved, Tables};
use summary::Row;
pub(crate) use summary::{EventKind, Found, Place, Position, Summary, id_hash};

/// The most events that are visited at once: the index is locked meanwhile.
const SCANNED_AT_ONCE: usize = 10_000;

/// Finds events by their fields, ordered by time. What it needs of each event, some thirty bytes, is in the file of the
/// saved index for most events, and in memory for later ones.
#[derive(Default)]
pub(crate) struct Index {
    columns: Columns,
    fields: Fields,
    by_time: Counted,
    /// The positions of each child's events, ordered by time.
    by_child: Vec<List>,
    /// The time of each account's last event in the order of writing.
    last_of_user: Vec<i64>,
    /// The positions of each account's events, ordered by time. During an anonymisation a list
    /// still contains the events that are anonymised already.
    by_user: Vec<List>,
    /// Where the events of each task, penalty and reward are.
    by_entity: Vec<Events>,
    /// The account of each child's events, if all have the same.
    child_users: Vec<Option<u32>>,
    /// The accounts with anonymised events.
    losing: HashSet<u32>,
    last_row: RowNumber,
    rows_ascend: bool,
    /// The number of events that are ordered.
    ordered: usize,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self { rows_ascend: true, ..Self::default() }
    }

    /// Reserves memory for that many events in all. The system provides it only as it is used,
    /// whereas growing columns are copied and leave their old memory behind.
    pub(crate) fn expect(&mut self, events: usize) {
        let more = events.saturating_sub(self.len());
        self.columns.reserve_exact(more);
        self.by_time.reserve_exact(more);
    }

    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The largest row number; 0 if there are no rows.
    pub(crate) fn last_row(&self) -> RowNumber {
        self.last_row
    }

    /// The time of the latest event.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let newest = self.by_time.positions().last()?;
        Some(Timestamp::from_micros(self.columns.occurred(newest as usize)))
    }

    /// The time of an account's last event in the order of writing.
    pub(crate) fn last_of(&self, user_id: &str) -> Option<Timestamp> {
        let user = self.fields.user(user_id)?;
        Some(Timestamp::from_micros(*self.last_of_user.get(user as usize)?))
    }

    /// Whether row numbers increase. Only then are events found by them.
    pub(crate) fn rows_ascend(&self) -> bool {
        self.rows_ascend
    }

    /// Adds the next event of the file. Nearly always it is also the latest.
    pub(crate) fn push(&mut self, event: &Summary<'_>) {
        let row = self.fields.number(event);
        self.push_row(&row);
    }

    fn push_row(&mut self, row: &Row) {
        let at = self.columns.push(row);
        let (position, child) = self.note(at, row);
        self.note_child(row.entity, row.child);
        let columns = &self.columns;
        let time = |at: Position| columns.times(at as usize);
        let own = self.by_entity[row.entity as usize].own();
        for list in own.into_iter().chain([&mut self.by_time]) {
            let place = place_by(list.positions(), position, time);
            list.insert(place, position, |at| columns.kind(at as usize));
        }
        let of_user = self.by_user.get_mut(row.user as usize);
        for list in of_user.into_iter().chain([&mut self.by_child[child]]) {
            let place = place_by(list.positions(), position, time);
            list.insert(place, position);
        }
        self.ordered = self.len();
    }

    /// Adds the next event of the file without ordering it; [`Self::sort`] follows. In another
    /// program's file any event may be earlier than all before it.
    pub(crate) fn push_unsorted(&mut self, event: &Summary<'_>) {
        let row = self.fields.number(event);
        let at = self.columns.push(&row);
        let (position, child) = self.note(at, &row);
        self.by_time.push_uncounted(position);
        self.by_child[child].push(position);
        if let Some(list) = self.by_user.get_mut(row.user as usize) {
            list.push(position);
        }
    }

    /// Adds an event of the columns to everything that is not ordered by time; returns its position and
    /// the child's number.
    fn note(&mut self, at: usize, row: &Row) -> (Position, usize) {
        // Four thousand million events are far more than this store can contain.
        let position = Position::try_from(at).unwrap_or(Position::MAX);
        self.rows_ascend &= row.number > self.last_row;
        self.last_row = self.last_row.max(row.number);
        let &Row { user, child, occurred, .. } = row;
        if user != Names::NONE {
            let user = user as usize;
            if self.last_of_user.len() <= user {
                self.last_of_user.resize(user + 1, occurred);
                self.by_user.resize_with(user + 1, List::default);
            }
            self.last_of_user[user] = occurred;
        }
        let child = child as usize;
        if self.by_child.len() <= child {
            self.by_child.resize_with(child + 1, List::default);
            self.child_users.resize(child + 1, Some(user));
        } else if self.child_users[child] != Some(user) {
            self.child_users[child] = None;
        }
        (position, child)
    }

    /// Orders the events that [`Self::push_unsorted`] added. Lists that are in order already, which are nearly all, are
    /// not visited: their events are all over the columns.
    pub(crate) fn sort(&mut self) {
        let late = self.late();
        let columns = &self.columns;
        let time = |at: &Position| columns.times(*at as usize);
        // Stable, so that the order of writing decides between equal times.
        for child in &late.children {
            self.by_child[*child as usize].sort_by_key(time);
        }
        for user in &late.users {
            self.by_user[*user as usize].sort_by_key(time);
        }
        let mut counted = self.ordered;
        if !late.children.is_empty() {
            self.by_time.sort_by_key(time);
            counted = 0;
        }
        self.by_time.count_from(counted, |at| columns.kind(at as usize));
        for list in self.by_child.iter_mut().chain(&mut self.by_user) {
            list.shrink_to_fit();
        }
        if self.ordered == 0 {
            self.by_entity = self.entities(&late.entities);
        } else {
            self.add_to_entities(self.ordered, &late.entities);
        }
        self.ordered = self.len();
    }

    /// Whose events are not ordered by time in the order of the file.
    fn late(&self) -> Late {
        let (mut late, mut latest) = (Late::default(), (i64::MIN, i64::MIN));
        if let Some(place) = self.ordered.checked_sub(1) {
            let newest = self.by_time.positions().get(place);
            latest = newest.map_or(latest, |newest| self.times(newest));
        }
        for at in self.ordered..self.len() {
            let time = self.columns.times(at);
            if time >= latest {
                latest = time;
                continue;
            }
            late.children.insert(self.columns.child(at));
            late.entities.insert(self.columns.entity(at));
            if self.is_owned(at) {
                late.users.insert(self.columns.user(at));
            }
        }
        late
    }

    /// The next `limit` matches of `filter` after the event at the position `after`, among the first `end`
    /// events of the file, in the order of a query. Visits a bounded number of events, so there may be
    /// fewer. Also returns the position to continue after; `None` at the end.
    pub(crate) fn scan(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        end: usize,
        after: Option<Position>,
        limit: usize,
    ) -> (Vec<Found>, Option<Position>) {
        let Some(wanted) = self.fields.resolve(filter) else {
            return (Vec::new(), None);
        };
        let candidates = self.within(filter, wanted);
        let key = |at: Position| (self.times(at), at);
        match (order, after.map(key)) {
            (SortOrder::Ascending, after) => {
                let is_before = |after| candidates.partition_point(|at| key(at) <= after);
                let rest = candidates.part(after.map_or(0, is_before)..candidates.len());
                let next = rest.iter().take(SCANNED_AT_ONCE);
                self.part(next, rest.len() > SCANNED_AT_ONCE, wanted, (end, limit))
            }
            (SortOrder::Descending, after) => {
                let is_after = |after| candidates.partition_point(|at| key(at) < after);
                let rest = candidates.part(0..after.map_or(candidates.len(), is_after));
                let next = rest.iter().rev().take(SCANNED_AT_ONCE);
                self.part(next, rest.len() > SCANNED_AT_ONCE, wanted, (end, limit))
            }
        }
    }

    fn part(
        &self,
        candidates: impl Iterator<Item = Position>,
        has_more: bool,
        wanted: Wanted,
        (end, limit): (usize, usize),
    ) -> (Vec<Found>, Option<Position>) {
        let mut found = Vec::new();
        let mut last = None;
        for at in candidates {
            last = Some(at);
            let at = at as usize;
            if at < end && self.columns.match_at(wanted, at) {
                found.push(self.found(at));
                if found.len() == limit {
                    return (found, last);
                }
            }
        }
        (found, last.filter(|_| has_more))
    }

    /// The events of a filter whose ids have the hash of `id`.
    pub(crate) fn with_id(&self, id: &str, filter: &EventFilter) -> Vec<Found> {
        let (hash, wanted) = (id_hash(id), self.fields.resolve(filter));
        let found = wanted.into_iter().flat_map(|wanted| {
            let found = self.within(filter, wanted).iter().map(|at| at as usize);
            found.filter(move |at| {
                self.columns.id(*at) == hash && self.columns.match_at(wanted, *at)
            })
        });
        found.map(|at| self.found(at)).collect()
    }

    /// The [`id_hash`] of an event's id.
    pub(crate) fn hash_of(&self, found: &Found) -> u32 {
        self.columns.id(found.at)
    }

    /// The first `limit` events of an account from a position on, in the order of the file, and the
    /// position after them.
    pub(crate) fn of_user(&self, user_id: &str, from: usize, limit: usize) -> (Vec<Found>, usize) {
        let Some(user) = self.fields.user(user_id) else {
            return (Vec::new(), self.len());
        };
        let is_own = |at: &usize| self.columns.user(*at) == user;
        let list = self.by_user[user as usize].positions();
        let own: Vec<usize> = if list.len() > SCANNED_AT_ONCE {
            (from..self.len()).filter(is_own).take(limit).collect()
        } else {
            let later = list.iter().map(|at| at as usize).filter(|at| *at >= from);
            let mut own: Vec<usize> = later.filter(is_own).collect();
            own.sort_unstable();
            own.truncate(limit);
            own
        };
        let end = own.last().filter(|_| own.len() == limit).map_or(self.len(), |last| last + 1);
        (own.into_iter().map(|at| self.found(at)).collect(), end)
    }

    /// Whether the event at that position has an account.
    pub(crate) fn is_owned(&self, at: usize) -> bool {
        self.columns.user(at) != Names::NONE
    }

    /// Marks the event at that position as anonymised.
    pub(crate) fn anonymize(&mut self, at: usize) {
        self.losing.insert(self.columns.user(at));
        self.columns.anonymize(at);
        self.child_users[self.columns.child(at) as usize] = None;
    }

    /// Removes the id of an account without events.
    pub(crate) fn forget_user(&mut self, user_id: &str) {
        if let Some(user) = self.fields.forget_user(user_id) {
            self.by_user[user as usize] = List::default();
            self.losing.remove(&user);
        }
    }

    /// The times by which an event is ordered.
    fn times(&self, at: Position) -> (i64, i64) {
        self.columns.times(at as usize)
    }

    fn kind(&self, at: Position) -> u8 {
        self.columns.kind(at as usize)
    }

    /// The row at a position.
    pub(crate) fn found(&self, at: usize) -> Found {
        let (row, place) = (self.columns.number(at), self.columns.place(at));
        Found { row, place, at, is_owned: self.is_owned(at) }
    }
}

/// The numbers of the children, accounts and entities that have an event that is earlier than one before it. All other
/// lists of events are ordered by time if they are in the order of the file.
#[derive(Default)]
struct Late {
    children: HashSet<u32>,
    users: HashSet<u32>,
    entities: HashSet<u32>,
}

/// The place of a new event in a list: after all that are not later. At the end, unless a clock was wrong.
fn place_by<K: Ord>(list: Positions<'_>, position: Position, key: impl Fn(Position) -> K) -> usize {
    let new = key(position);
    let is_last = list.last().is_none_or(|last| key(last) <= new);
    if is_last { list.len() } else { list.partition_point(|other| key(other) <= new) }
}
