use std::ops::Range;

use super::column::reserve;
use super::fields::Wanted;
use super::packed::{Block, Packed};
use super::summary::{Place, Row};
use crate::domain::EntityType;
use crate::store::json::tinydb::RowNumber;

/// The numbers of a packed row.
#[derive(Clone, Copy)]
enum Column {
    /// How much larger the row number is than the position: nearly always by one.
    Number,
    Offset,
    Len,
    /// In microseconds.
    Occurred,
    /// How much later the event was created: nearly always at once.
    Delay,
    /// The number of the account plus one; 0 for an anonymised event.
    User,
    Child,
    Entity,
}

/// How many numbers a packed row has.
const PACKED: usize = Column::Entity as usize + 1;

/// What the index contains of each event, in the order of the file.
#[derive(Default)]
pub(super) struct Columns {
    packed: Packed<PACKED>,
    /// The [`id_hash`](super::id_hash) of each event's id.
    ids: Vec<u32>,
    kinds: Vec<u8>,
}

impl Columns {
    pub(super) fn reserve_exact(&mut self, more: usize) {
        self.packed.reserve_exact(more);
        self.ids.reserve_exact(more);
        self.kinds.reserve_exact(more);
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Adds the next event of the file. Returns its position.
    pub(super) fn push(&mut self, row: &Row) -> usize {
        let at = self.len();
        self.packed.push(numbers(row, at));
        self.push_unpacked(row);
        at
    }

    fn push_unpacked(&mut self, row: &Row) {
        reserve(&mut self.ids);
        self.ids.push(row.id);
        reserve(&mut self.kinds);
        self.kinds.push(row.kind);
    }

    /// Removes the account of the event at a position.
    pub(super) fn anonymize(&mut self, at: usize) {
        self.packed.clear(Column::User as usize, at);
    }

    /// Appends the numbers of at most [`BLOCK`] rows, the first of which begins a block, in their stored form.
    pub(super) fn store(&self, rows: Range<usize>, out: &mut Vec<u8>) {
        self.packed.store(rows.clone(), out);
        out.extend(self.ids[rows.clone()].iter().flat_map(|id| id.to_le_bytes()));
        out.extend(&self.kinds[rows]);
    }

    /// Adds `count` rows from their stored form, which `bytes` must be, and returns them. `None` if these bytes are
    /// no rows. The number of rows so far must be a multiple of [`BLOCK`].
    pub(super) fn restore(&mut self, mut bytes: &[u8], count: usize) -> Option<Vec<Row>> {
        let block = Block::restore(&mut bytes, count)?;
        let (ids, kinds) = bytes.split_at_checked(count * size_of::<u32>())?;
        if kinds.len() != count {
            return None;
        }
        let (ids, _) = ids.as_chunks();
        let others = ids.iter().map(|id| u32::from_le_bytes(*id)).zip(kinds).enumerate();
        let rows = others.map(|(at, (id, kind))| row(block.row(at), self.len() + at, id, *kind));
        let rows: Vec<Row> = rows.collect::<Option<_>>()?;
        self.packed.extend(block, count);
        for row in &rows {
            self.push_unpacked(row);
        }
        Some(rows)
    }

    fn get(&self, column: Column, at: usize) -> u64 {
        self.packed.get(column as usize, at)
    }

    fn short(&self, column: Column, at: usize) -> u32 {
        u32::try_from(self.get(column, at)).unwrap_or(u32::MAX)
    }

    /// The place of an event in the file.
    pub(super) fn place(&self, at: usize) -> Place {
        Place { offset: self.get(Column::Offset, at), len: self.short(Column::Len, at) }
    }

    /// The row number of an event.
    pub(super) fn number(&self, at: usize) -> RowNumber {
        self.get(Column::Number, at).wrapping_add(at as u64)
    }

    /// In microseconds.
    pub(super) fn occurred(&self, at: usize) -> i64 {
        self.get(Column::Occurred, at).cast_signed()
    }

    /// The times by which an event is ordered: when it occurred, and when it was created.
    pub(super) fn times(&self, at: usize) -> (i64, i64) {
        let occurred = self.occurred(at);
        (occurred, occurred.wrapping_add(self.get(Column::Delay, at).cast_signed()))
    }

    /// The hash of an event's id.
    pub(super) fn id(&self, at: usize) -> u32 {
        self.ids[at]
    }

    /// The number of an event's account; [`Names::NONE`](super::fields::Names::NONE) if it is anonymised.
    pub(super) fn user(&self, at: usize) -> u32 {
        self.short(Column::User, at).wrapping_sub(1)
    }

    /// The number of an event's child.
    pub(super) fn child(&self, at: usize) -> u32 {
        self.short(Column::Child, at)
    }

    /// The number of an event's task or reward.
    pub(super) fn entity(&self, at: usize) -> u32 {
        self.short(Column::Entity, at)
    }

    /// The kinds of all events by their positions.
    pub(super) fn kinds(&self) -> &[u8] {
        &self.kinds
    }

    /// The type of an event; `None` if it is unknown.
    pub(super) fn entity_type(&self, at: usize) -> Option<EntityType> {
        EntityType::ALL.into_iter().find(|kind| *kind as u8 == self.kinds[at] >> 3)
    }

    /// Whether an event is wanted.
    pub(super) fn match_at(&self, wanted: Wanted, at: usize) -> bool {
        wanted.is_kind(self.kinds[at])
            && wanted.child.is_none_or(|child| self.child(at) == child)
            && wanted.user.is_none_or(|user| self.user(at) == user)
            && wanted.entity.is_none_or(|entity| self.entity(at) == entity)
    }

    /// The position of the first event whose row number is larger. Row numbers must increase.
    pub(super) fn first_after(&self, row: RowNumber) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.number(middle) <= row { from = middle + 1 } else { to = middle }
        }
        from
    }
}

/// The numbers of the row at a position, by [`Column`].
fn numbers(row: &Row, at: usize) -> [u64; PACKED] {
    [
        row.number.wrapping_sub(at as u64),
        row.place.offset,
        row.place.len.into(),
        row.occurred.cast_unsigned(),
        row.created.wrapping_sub(row.occurred).cast_unsigned(),
        row.user.wrapping_add(1).into(),
        row.child.into(),
        row.entity.into(),
    ]
}

/// The row at a position with these [`numbers`]. `None` if one of them is too large.
fn row(numbers: [u64; PACKED], at: usize, id: u32, kind: u8) -> Option<Row> {
    let [number, offset, len, occurred, delay, user, child, entity] = numbers;
    let (occurred, delay) = (occurred.cast_signed(), delay.cast_signed());
    Some(Row {
        number: number.wrapping_add(at as u64),
        place: Place { offset, len: u32::try_from(len).ok()? },
        id,
        user: u32::try_from(user).ok()?.wrapping_sub(1),
        child: u32::try_from(child).ok()?,
        entity: u32::try_from(entity).ok()?,
        kind,
        occurred,
        created: occurred.wrapping_add(delay),
    })
}
