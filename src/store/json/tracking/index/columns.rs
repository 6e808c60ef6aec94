use std::ops::Range;

use super::fields::{Names, Wanted};
use super::packed::{BLOCK, Packed, SavedBlocks, pack, unpack};
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
    Kind,
    /// The [`id_hash`](super::id_hash) of the event's id.
    Id,
}

/// How many numbers a packed row has.
const PACKED: usize = Column::Id as usize + 1;

/// What the index contains of each event, in the order of the file.
#[derive(Default)]
pub(super) struct Columns {
    packed: Packed<PACKED>,
    /// The events that have been anonymised since they were packed: a bit for each position.
    anonymized: Vec<u64>,
}

impl Columns {
    pub(super) fn reserve_exact(&mut self, more: usize) {
        self.packed.reserve_exact(more);
    }

    pub(super) fn len(&self) -> usize {
        self.packed.len()
    }

    /// Adds the next event of the file. Returns its position.
    pub(super) fn push(&mut self, row: &Row) -> usize {
        let at = self.len();
        self.packed.push(numbers(row, at));
        at
    }

    /// Removes the account of the event at a position.
    pub(super) fn anonymize(&mut self, at: usize) {
        let (word, bit) = (at / 64, at % 64);
        if self.anonymized.len() <= word {
            self.anonymized.resize(self.len().div_ceil(64), 0);
        }
        self.anonymized[word] |= 1 << bit;
    }

    fn is_anonymized(&self, at: usize) -> bool {
        self.anonymized.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Appends at most [`BLOCK`] rows, the first of which begins a block, in their stored form.
    pub(super) fn store(&self, rows: Range<usize>, out: &mut Vec<u8>) {
        let is_changed = rows.clone().any(|at| self.is_anonymized(at));
        if let Some(block) = self.packed.block(rows.start / BLOCK)
            && !is_changed
        {
            return out.extend(block);
        }
        let stored = rows.map(|at| {
            let mut numbers = self.packed.row(at);
            if self.is_anonymized(at) {
                numbers[Column::User as usize] = 0;
            }
            numbers
        });
        out.extend(pack(&stored.collect::<Vec<_>>()));
    }

    /// Uses the blocks in the file of a saved index instead of those in memory, which it returns.
    pub(super) fn adopt(&mut self, saved: SavedBlocks) -> Vec<Box<[u8]>> {
        self.packed.adopt(saved)
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
        self.short(Column::Id, at)
    }

    /// The number of an event's account; [`Names::NONE`] if it is anonymised.
    pub(super) fn user(&self, at: usize) -> u32 {
        if self.is_anonymized(at) {
            Names::NONE
        } else {
            self.short(Column::User, at).wrapping_sub(1)
        }
    }

    /// The number of an event's child.
    pub(super) fn child(&self, at: usize) -> u32 {
        self.short(Column::Child, at)
    }

    /// The number of an event's task or reward.
    pub(super) fn entity(&self, at: usize) -> u32 {
        self.short(Column::Entity, at)
    }

    /// The kind of an event.
    pub(super) fn kind(&self, at: usize) -> u8 {
        self.get(Column::Kind, at).to_le_bytes()[0]
    }

    /// The type of an event; `None` if it is unknown.
    pub(super) fn entity_type(&self, at: usize) -> Option<EntityType> {
        EntityType::ALL.into_iter().find(|kind| *kind as u8 == self.kind(at) >> 3)
    }

    /// Whether an event is wanted.
    pub(super) fn match_at(&self, wanted: Wanted, at: usize) -> bool {
        (wanted.mask == 0 || wanted.is_kind(self.kind(at)))
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
        row.kind.into(),
        row.id.into(),
    ]
}

/// The first rows of a block in its stored form, the first of which is at a position.
pub(super) fn stored_rows(block: &[u8], count: usize, first: usize) -> Vec<Row> {
    let rows = unpack(block, count).into_iter().zip(first..);
    rows.map(|(numbers, at)| row(numbers, at)).collect()
}

/// The row at a position with these [`numbers`].
fn row(numbers: [u64; PACKED], at: usize) -> Row {
    let [number, offset, len, occurred, delay, user, child, entity, kind, id] = numbers;
    let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let (occurred, delay) = (occurred.cast_signed(), delay.cast_signed());
    Row {
        number: number.wrapping_add(at as u64),
        place: Place { offset, len: short(len) },
        id: short(id),
        user: short(user).wrapping_sub(1),
        child: short(child),
        entity: short(entity),
        kind: kind.to_le_bytes()[0],
        occurred,
        created: occurred.wrapping_add(delay),
    }
}
