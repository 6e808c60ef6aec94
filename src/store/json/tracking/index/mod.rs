mod activity;
mod after;
mod fields;
mod stored;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::domain::{EventFilter, Page, SortOrder, Timestamp};
use crate::store::json::tinydb::RowNumber;

pub(crate) use activity::Count;
use fields::{Fields, Names, Wanted, reserve};
pub(super) use stored::{ROW_LEN, UsedNames, store_text, text_len};
use summary::Row;
pub(crate) use summary::{EventKind, Found, Place, Summary, id_hash};

/// An event's position in the index: the order of the file.
pub(crate) type Position = u32;

/// The most events that a part of a scan visits: about ten microseconds.
const SCANNED_AT_ONCE: usize = 10_000;

/// Finds events by their fields, ordered by time, with about sixty-eight bytes per event.
#[derive(Default)]
pub(crate) struct Index {
    offsets: Vec<u64>,
    lens: Vec<u32>,
    rows: Vec<RowNumber>,
    /// The [`id_hash`] of each event's id.
    ids: Vec<u32>,
    fields: Fields,
    occurred: Vec<i64>,
    created: Vec<i64>,
    by_time: Vec<Position>,
    /// The positions of each child's events, ordered by time.
    by_child: Vec<Vec<Position>>,
    /// The time of each account's last event in the order of writing.
    last_of_user: Vec<i64>,
    /// The positions of each account's events, ordered by time. During an anonymisation a list
    /// still contains the events that are anonymised already.
    by_user: Vec<Vec<Position>>,
    /// The account of each child's events, if all have the same.
    child_users: Vec<Option<u32>>,
    /// The accounts with anonymised events.
    losing: HashSet<u32>,
    last_row: RowNumber,
    rows_ascend: bool,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self { rows_ascend: true, ..Self::default() }
    }

    /// Reserves memory for that many events in all. The system provides it only as it is used,
    /// whereas growing columns are copied and leave their old memory behind.
    pub(crate) fn expect(&mut self, events: usize) {
        let more = events.saturating_sub(self.len());
        self.offsets.reserve_exact(more);
        self.lens.reserve_exact(more);
        self.rows.reserve_exact(more);
        self.ids.reserve_exact(more);
        self.fields.reserve_exact(more);
        self.occurred.reserve_exact(more);
        self.created.reserve_exact(more);
        self.by_time.reserve_exact(more);
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The largest row number; 0 if there are no rows.
    pub(crate) fn last_row(&self) -> RowNumber {
        self.last_row
    }

    /// The time of the latest event.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let newest = self.by_time.last()?;
        Some(Timestamp::from_micros(self.occurred[*newest as usize]))
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
        let (position, child) = self.add(&row);
        let (occurred, created) = (&self.occurred, &self.created);
        let key = |at: Position| (occurred[at as usize], created[at as usize]);
        insert_by(&mut self.by_time, position, key);
        insert_by(&mut self.by_child[child], position, key);
        if let Some(list) = self.by_user.get_mut(self.fields.users[position as usize] as usize) {
            insert_by(list, position, key);
        }
    }

    /// Adds the next event of the file without ordering it; [`Self::sort`] follows. In another
    /// program's file any event may be earlier than all before it.
    pub(crate) fn push_unsorted(&mut self, event: &Summary<'_>) {
        let row = self.fields.number(event);
        self.push_row(&row);
    }

    fn push_row(&mut self, row: &Row) {
        let (position, child) = self.add(row);
        self.by_time.push(position);
        self.by_child[child].push(position);
        if let Some(list) = self.by_user.get_mut(self.fields.users[position as usize] as usize) {
            list.push(position);
        }
    }

    /// Adds an event to everything that is not ordered by time; returns its position and the
    /// child's number.
    fn add(&mut self, row: &Row) -> (Position, usize) {
        // Four thousand million events are far more than this store can contain.
        let position = Position::try_from(self.len()).unwrap_or(Position::MAX);
        reserve(&mut self.offsets);
        reserve(&mut self.lens);
        reserve(&mut self.rows);
        reserve(&mut self.ids);
        reserve(&mut self.occurred);
        reserve(&mut self.created);
        reserve(&mut self.by_time);
        self.offsets.push(row.place.offset);
        self.lens.push(row.place.len);
        self.rows_ascend &= row.number > self.last_row;
        self.last_row = self.last_row.max(row.number);
        self.rows.push(row.number);
        self.ids.push(row.id);
        self.fields.add(row);
        let &Row { user, child, occurred: occurred_at, .. } = row;
        if user != Names::NONE {
            let user = user as usize;
            if self.last_of_user.len() <= user {
                self.last_of_user.resize(user + 1, occurred_at);
                self.by_user.resize_with(user + 1, Vec::new);
            }
            self.last_of_user[user] = occurred_at;
        }
        self.occurred.push(occurred_at);
        self.created.push(row.created);
        let child = child as usize;
        if self.by_child.len() <= child {
            self.by_child.resize_with(child + 1, Vec::new);
            self.child_users.resize(child + 1, Some(user));
        } else if self.child_users[child] != Some(user) {
            self.child_users[child] = None;
        }
        (position, child)
    }

    /// Orders the events that [`Self::push_unsorted`] added.
    pub(crate) fn sort(&mut self) {
        let (occurred, created) = (&self.occurred, &self.created);
        let lists = self.by_child.iter_mut().chain(&mut self.by_user);
        for positions in lists.chain([&mut self.by_time]) {
            // Stable, so that the order of writing decides between equal times. Sorting ordered
            // events takes one comparison each.
            positions.sort_by_key(|at| (occurred[*at as usize], created[*at as usize]));
        }
    }

    /// The shortest list that contains all matches of `filter`, ordered by time.
    pub(crate) fn candidates(&self, filter: &EventFilter) -> &[u32] {
        self.fields.resolve(filter).map_or(&[], |wanted| self.within(filter, wanted))
    }

    fn within(&self, filter: &EventFilter, wanted: Wanted) -> &[u32] {
        let candidates = match (wanted.child, wanted.user) {
            (Some(child), _) => &self.by_child[child as usize],
            (None, Some(user)) => &self.by_user[user as usize],
            (None, None) => &self.by_time,
        };
        let first = self.first_since(candidates, filter.from);
        let end = filter.to.map_or(candidates.len(), |to| self.first_since(candidates, Some(to)));
        candidates.get(first..end).unwrap_or_default()
    }

    /// One page of the matches of `filter`, and the number of all matches.
    pub(crate) fn query(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> (Vec<Found>, usize) {
        let Some(wanted) = self.fields.resolve(filter) else {
            return (Vec::new(), 0);
        };
        let candidates = self.within(filter, wanted);
        match order {
            SortOrder::Ascending => self.page(candidates.iter(), candidates.len(), wanted, page),
            SortOrder::Descending => {
                self.page(candidates.iter().rev(), candidates.len(), wanted, page)
            }
        }
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
        let key = |at: Position| (self.occurred[at as usize], self.created[at as usize], at);
        match (order, after.map(key)) {
            (SortOrder::Ascending, None) => self.part(candidates.iter(), wanted, end, limit),
            (SortOrder::Ascending, Some(after)) => {
                let first = candidates.partition_point(|at| key(*at) <= after);
                self.part(candidates[first..].iter(), wanted, end, limit)
            }
            (SortOrder::Descending, None) => self.part(candidates.iter().rev(), wanted, end, limit),
            (SortOrder::Descending, Some(after)) => {
                let rest = candidates.partition_point(|at| key(*at) < after);
                self.part(candidates[..rest].iter().rev(), wanted, end, limit)
            }
        }
    }

    fn part<'a>(
        &self,
        candidates: impl ExactSizeIterator<Item = &'a Position>,
        wanted: Wanted,
        end: usize,
        limit: usize,
    ) -> (Vec<Found>, Option<Position>) {
        let mut found = Vec::new();
        let has_more = candidates.len() > SCANNED_AT_ONCE;
        let mut last = None;
        for at in candidates.take(SCANNED_AT_ONCE) {
            last = Some(*at);
            let at = *at as usize;
            if at < end && self.fields.match_at(wanted, at) {
                found.push(self.found(at));
                if found.len() == limit {
                    return (found, last);
                }
            }
        }
        (found, last.filter(|_| has_more))
    }

    /// The number of events that a query with `found` results visits.
    pub(crate) fn looked_at(&self, filter: &EventFilter, on_page: usize) -> usize {
        let is_checked = |wanted: Wanted| !self.needs_no_check(wanted);
        let checked = self.fields.resolve(filter).filter(|wanted| is_checked(*wanted));
        checked.map_or(on_page, |wanted| self.within(filter, wanted).len())
    }

    /// The events of a filter whose ids have the hash of `id`.
    pub(crate) fn with_id(&self, id: &str, filter: &EventFilter) -> Vec<Found> {
        let (hash, wanted) = (id_hash(id), self.fields.resolve(filter));
        let found = wanted.into_iter().flat_map(|wanted| {
            let found = self.within(filter, wanted).iter().map(|at| *at as usize);
            found.filter(move |at| self.ids[*at] == hash && self.fields.match_at(wanted, *at))
        });
        found.map(|at| self.found(at)).collect()
    }

    /// The [`id_hash`] of an event's id.
    pub(crate) fn hash_of(&self, found: &Found) -> u32 {
        self.ids[found.at]
    }

    /// The first `limit` events of an account from a position on, in the order of the file, and the
    /// position after them.
    pub(crate) fn of_user(&self, user_id: &str, from: usize, limit: usize) -> (Vec<Found>, usize) {
        let Some(user) = self.fields.user(user_id) else {
            return (Vec::new(), self.len());
        };
        let own = (from..self.len()).filter(|at| self.fields.users[*at] == user);
        let found: Vec<Found> = own.take(limit).map(|at| self.found(at)).collect();
        let end = found.last().filter(|_| found.len() == limit).map(|last| last.at + 1);
        (found, end.unwrap_or(self.len()))
    }

    /// Whether the event at that position has an account.
    pub(crate) fn is_owned(&self, at: usize) -> bool {
        self.fields.users[at] != Names::NONE
    }

    /// Marks the event at that position as anonymised.
    pub(crate) fn anonymize(&mut self, at: usize) {
        self.losing.insert(self.fields.users[at]);
        self.fields.users[at] = Names::NONE;
        self.child_users[self.fields.children[at] as usize] = None;
    }

    /// Removes the id of an account without events.
    pub(crate) fn forget_user(&mut self, user_id: &str) {
        if let Some(user) = self.fields.forget_user(user_id) {
            self.by_user[user as usize] = Vec::new();
            self.losing.remove(&user);
        }
    }

    fn page<'a>(
        &self,
        candidates: impl Iterator<Item = &'a Position>,
        count: usize,
        wanted: Wanted,
        page: Page,
    ) -> (Vec<Found>, usize) {
        let place = |at: &Position| self.found(*at as usize);
        if self.needs_no_check(wanted) {
            return (candidates.skip(page.offset).take(page.limit).map(place).collect(), count);
        }
        let (mut found, mut total) = (Vec::new(), 0);
        for at in candidates.filter(|at| self.fields.match_at(wanted, **at as usize)) {
            if total >= page.offset && found.len() < page.limit {
                found.push(place(at));
            }
            total += 1;
        }
        (found, total)
    }

    /// Whether all candidates match: they are one child's, or one account's without anonymised
    /// events.
    fn needs_no_check(&self, wanted: Wanted) -> bool {
        wanted.entity.is_none()
            && wanted.mask == 0
            && match (wanted.child, wanted.user) {
                (_, None) => true,
                (Some(child), Some(user)) => self.child_users[child as usize] == Some(user),
                (None, Some(user)) => !self.losing.contains(&user),
            }
    }

    fn row(&self, at: usize) -> Row {
        let Found { row: number, place, .. } = self.found(at);
        let (user, child, entity, kind) = self.fields.at(at);
        let (occurred, created) = (self.occurred[at], self.created[at]);
        Row { number, place, id: self.ids[at], user, child, entity, kind, occurred, created }
    }

    /// The row at a position.
    pub(crate) fn found(&self, at: usize) -> Found {
        let place = Place { offset: self.offsets[at], len: self.lens[at] };
        Found { row: self.rows[at], place, at, is_owned: self.is_owned(at) }
    }

    /// The number of candidates before `from`.
    fn first_since(&self, candidates: &[Position], from: Option<Timestamp>) -> usize {
        let Some(from) = from.map(Timestamp::as_micros) else {
            return 0;
        };
        candidates.partition_point(|at| self.occurred[*at as usize] < from)
    }
}

/// Inserts after all that are not later: at the end, unless a clock was wrong.
fn insert_by<K: Ord>(
    positions: &mut Vec<Position>,
    position: Position,
    key: impl Fn(Position) -> K,
) {
    let new = key(position);
    let is_last = positions.last().is_none_or(|last| key(*last) <= new);
    let place = if is_last {
        positions.len()
    } else {
        positions.partition_point(|other| key(*other) <= new)
    };
    positions.insert(place, position);
}
