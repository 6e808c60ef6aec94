#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::domain::{EventFilter, Page, RowNumber, SortOrder, Timestamp};

/// The indexed fields of an event; the rest is read from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary<'a> {
    pub(crate) row: RowNumber,
    pub(crate) place: Place,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) child_id: &'a str,
    pub(crate) entity_id: &'a str,
    pub(crate) kind: EventKind,
    pub(crate) occurred_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

/// The place of a row's text in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) row: RowNumber,
    pub(crate) place: Place,
    /// Its position in the index.
    pub(crate) at: usize,
    /// Whether it has an account.
    pub(crate) is_owned: bool,
}

/// An event's type and action in one byte. Unknown words have a code that no filter matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventKind(u8);

impl EventKind {
    const UNKNOWN: u8 = 7;

    pub(crate) fn parse(entity_type: &str, action: &str) -> Self {
        let entity_type = crate::domain::EntityType::parse(entity_type).map(|kind| kind as u8);
        let action = crate::domain::Action::parse(action).map(|action| action as u8);
        Self(entity_type.unwrap_or(Self::UNKNOWN) << 3 | action.unwrap_or(Self::UNKNOWN))
    }
}

/// An event's position in the index: the order of the file.
type Position = u32;

/// Finds events by their fields, ordered by time, with about sixty-four bytes per event.
#[derive(Default)]
pub(crate) struct Index {
    offsets: Vec<u64>,
    lens: Vec<u32>,
    rows: Vec<RowNumber>,
    users: Vec<u32>,
    children: Vec<u32>,
    entities: Vec<u32>,
    kinds: Vec<u8>,
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
    user_names: Names,
    child_names: Names,
    entity_names: Names,
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
        self.users.reserve_exact(more);
        self.children.reserve_exact(more);
        self.entities.reserve_exact(more);
        self.kinds.reserve_exact(more);
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
        let user = self.user_names.known(user_id)?;
        Some(Timestamp::from_micros(*self.last_of_user.get(user as usize)?))
    }

    /// Whether row numbers increase. Only then are events found by them.
    pub(crate) fn rows_ascend(&self) -> bool {
        self.rows_ascend
    }

    /// Adds the next event of the file. Nearly always it is also the latest.
    pub(crate) fn push(&mut self, event: &Summary<'_>) {
        let (position, child) = self.add(event);
        let (occurred, created) = (&self.occurred, &self.created);
        let key = |at: Position| (occurred[at as usize], created[at as usize]);
        insert_by(&mut self.by_time, position, key);
        insert_by(&mut self.by_child[child], position, key);
        if let Some(list) = self.by_user.get_mut(self.users[position as usize] as usize) {
            insert_by(list, position, key);
        }
    }

    /// Adds the next event of the file without ordering it; [`Self::sort`] follows. In another
    /// program's file any event may be earlier than all before it.
    pub(crate) fn push_unsorted(&mut self, event: &Summary<'_>) {
        let (position, child) = self.add(event);
        self.by_time.push(position);
        self.by_child[child].push(position);
        if let Some(list) = self.by_user.get_mut(self.users[position as usize] as usize) {
            list.push(position);
        }
    }

    /// Adds an event to everything that is not ordered by time; returns its position and the
    /// child's number.
    fn add(&mut self, event: &Summary<'_>) -> (Position, usize) {
        // Four thousand million events are far more than this store can contain.
        let position = Position::try_from(self.len()).unwrap_or(Position::MAX);
        reserve(&mut self.offsets);
        reserve(&mut self.lens);
        reserve(&mut self.rows);
        reserve(&mut self.users);
        reserve(&mut self.children);
        reserve(&mut self.entities);
        reserve(&mut self.kinds);
        reserve(&mut self.occurred);
        reserve(&mut self.created);
        reserve(&mut self.by_time);
        self.offsets.push(event.place.offset);
        self.lens.push(event.place.len);
        self.rows_ascend &= event.row > self.last_row;
        self.last_row = self.last_row.max(event.row);
        self.rows.push(event.row);
        let occurred_at = event.occurred_at.as_micros();
        let user = event.user_id.map_or(Names::NONE, |user| self.user_names.number(user));
        self.users.push(user);
        if user != Names::NONE {
            let user = user as usize;
            if self.last_of_user.len() <= user {
                self.last_of_user.resize(user + 1, occurred_at);
            }
            self.last_of_user[user] = occurred_at;
        }
        let users = self.user_names.next as usize;
        if self.by_user.len() < users {
            self.by_user.resize_with(users, Vec::new);
        }
        let child = self.child_names.number(event.child_id);
        self.children.push(child);
        self.entities.push(self.entity_names.number(event.entity_id));
        self.kinds.push(event.kind.0);
        self.occurred.push(occurred_at);
        self.created.push(event.created_at.as_micros());
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
        self.resolve(filter).map_or(&[], |wanted| self.within(filter, wanted))
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
        let Some(wanted) = self.resolve(filter) else {
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

    /// The first `limit` matches of `filter` with a row number above `row`, in the order of the
    /// file.
    pub(crate) fn after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> Vec<Found> {
        self.positions_after(row, filter).take(limit).map(|at| self.found(at)).collect()
    }

    fn positions_after<'a>(
        &'a self,
        row: RowNumber,
        filter: &'a EventFilter,
    ) -> impl Iterator<Item = usize> + 'a {
        let first = self.rows.partition_point(|other| *other <= row);
        let within = |at: usize| {
            let occurred = self.occurred[at];
            filter.from.is_none_or(|from| occurred >= from.as_micros())
                && filter.to.is_none_or(|to| occurred < to.as_micros())
        };
        let wanted = self.resolve(filter).into_iter();
        wanted.flat_map(move |wanted| {
            (first..self.len()).filter(move |at| wanted.matches(self, *at) && within(*at))
        })
    }

    /// The number of events that [`Self::after`] finds.
    pub(crate) fn count_after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> usize {
        self.positions_after(row, filter).take(limit).count()
    }

    /// The number of events that a query with `found` results visits.
    pub(crate) fn looked_at(&self, filter: &EventFilter, on_page: usize) -> usize {
        let is_checked = |wanted: Wanted| !self.needs_no_check(wanted);
        let checked = self.resolve(filter).filter(|wanted| is_checked(*wanted));
        checked.map_or(on_page, |wanted| self.within(filter, wanted).len())
    }

    /// The first `limit` events of an account from a position on, in the order of the file, and the
    /// position after them.
    pub(crate) fn of_user(&self, user_id: &str, from: usize, limit: usize) -> (Vec<Found>, usize) {
        let Some(user) = self.user_names.known(user_id) else {
            return (Vec::new(), self.len());
        };
        let own = (from..self.len()).filter(|at| self.users[*at] == user);
        let found: Vec<Found> = own.take(limit).map(|at| self.found(at)).collect();
        let end = found.last().filter(|_| found.len() == limit).map(|last| last.at + 1);
        (found, end.unwrap_or(self.len()))
    }

    /// Whether the event at that position has an account.
    pub(crate) fn is_owned(&self, at: usize) -> bool {
        self.users[at] != Names::NONE
    }

    /// Marks the event at that position as anonymised.
    pub(crate) fn anonymize(&mut self, at: usize) {
        self.losing.insert(self.users[at]);
        self.users[at] = Names::NONE;
        self.child_users[self.children[at] as usize] = None;
    }

    /// Removes the id of an account without events.
    pub(crate) fn forget_user(&mut self, user_id: &str) {
        if let Some(user) = self.user_names.numbers.remove(user_id) {
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
        for at in candidates.filter(|at| wanted.matches(self, **at as usize)) {
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

    /// The filter in the numbers of the index; `None` if it names a text that no event has.
    fn resolve(&self, filter: &EventFilter) -> Option<Wanted> {
        let known = |names: &Names, name: Option<&str>| match name {
            Some(name) => names.known(name).map(Some),
            None => Some(None),
        };
        let (mut kind, mut mask) = (0, 0);
        if let Some(entity_type) = filter.entity_type {
            kind |= (entity_type as u8) << 3;
            mask |= 0b11_1000;
        }
        if let Some(action) = filter.action {
            kind |= action as u8;
            mask |= 0b00_0111;
        }
        let child_id = filter.child_id.as_ref().map(crate::domain::Id::as_str);
        let user_id = filter.user_id.as_ref().map(crate::domain::Id::as_str);
        Some(Wanted {
            child: known(&self.child_names, child_id)?,
            user: known(&self.user_names, user_id)?,
            entity: known(&self.entity_names, filter.entity_id.as_deref())?,
            kind,
            mask,
        })
    }
}

/// A filter without its times, in the numbers of the index.
#[derive(Clone, Copy)]
struct Wanted {
    child: Option<u32>,
    user: Option<u32>,
    entity: Option<u32>,
    kind: u8,
    mask: u8,
}

impl Wanted {
    fn matches(self, index: &Index, at: usize) -> bool {
        index.kinds[at] & self.mask == self.kind
            && self.child.is_none_or(|child| index.children[at] == child)
            && self.user.is_none_or(|user| index.users[at] == user)
            && self.entity.is_none_or(|entity| index.entities[at] == entity)
    }
}

/// Numbers for texts that many events have.
#[derive(Default)]
struct Names {
    numbers: HashMap<Arc<str>, u32, RandomState>,
    /// Numbers are never reused, even after a removal.
    next: u32,
}

impl Names {
    /// The number for no text.
    const NONE: u32 = u32::MAX;

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        self.numbers.insert(name.into(), number);
        number
    }

    fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

/// Grows a column by a fixed step: doubling would leave up to half of its memory unused.
fn reserve<T>(column: &mut Vec<T>) {
    const STEP: usize = 1 << 16;
    if column.len() == column.capacity() {
        column.reserve_exact(if column.is_empty() { 1024 } else { STEP.min(column.len()) });
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
