//! The form of an index in its file.

use std::ops::Range;
use std::sync::Arc;

use super::columns::stored_rows;
use super::counted::Counted;
use super::entities::Events;
use super::fields::Names;
use super::list::{List, SavedList};
use super::packed::{BLOCK, SavedBlocks};
use super::summary::Position;
use super::{Index, Positions};
use crate::disk::FileBytes;
use crate::store::json::tracking::bytes::Bytes;
use crate::store::json::tracking::checked::Unusable;

/// What the rows of a saved index contain.
#[derive(Default)]
pub(in super::super) struct Outline {
    /// Which numbers they use, of accounts, children and entities.
    used: [Vec<bool>; 3],
    /// As in the index.
    last_of_user: Vec<i64>,
    child_users: Vec<Option<u32>>,
}

impl Outline {
    fn note(&mut self, index: &Index, at: usize) {
        let columns = &index.columns;
        let (user, child) = (columns.user(at), columns.child(at));
        let numbers = [user, child, columns.entity(at)];
        for (used, number) in self.used.iter_mut().zip(numbers) {
            if number != Names::NONE {
                *entry(used, number, false) = true;
            }
        }
        if user != Names::NONE {
            *entry(&mut self.last_of_user, user, 0) = columns.occurred(at);
        }
        let child_user = entry(&mut self.child_users, child, Some(user));
        *child_user = child_user.filter(|other| *other == user);
    }

    /// How many texts are stored of each kind.
    pub(in super::super) fn counts(&self) -> [usize; 3] {
        self.used.each_ref().map(Vec::len)
    }

    pub(in super::super) fn lists(&self) -> Lists {
        Lists(self.counts())
    }

    /// Appends what is known of accounts and children.
    pub(in super::super) fn store(&self, out: &mut Vec<u8>) {
        out.extend(self.last_of_user.iter().flat_map(|time| time.to_le_bytes()));
        // A text's number is less than that of no text.
        let number = |user: &Option<u32>| user.map_or(u64::MAX, u64::from);
        out.extend(self.child_users.iter().flat_map(|user| number(user).to_le_bytes()));
    }
}

/// The value of a number, which is added if it is missing.
fn entry<T: Clone>(values: &mut Vec<T>, number: u32, new: T) -> &mut T {
    let number = number as usize;
    if values.len() <= number {
        values.resize(number + 1, new);
    }
    &mut values[number]
}

/// The lists of a saved index: by time, and those of so many accounts, children and entities.
#[derive(Clone, Copy)]
pub(in super::super) struct Lists(pub(in super::super) [usize; 3]);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ListName {
    Time,
    User(usize),
    Child(usize),
    Entity(usize),
}

impl Lists {
    /// All of them, in the order of the file.
    pub(in super::super) fn names(self) -> impl Iterator<Item = ListName> {
        let [users, children, entities] = self.0;
        let users = (0..users).map(ListName::User);
        let children = (0..children).map(ListName::Child);
        let entities = (0..entities).map(ListName::Entity);
        [ListName::Time].into_iter().chain(users).chain(children).chain(entities)
    }
}

/// A piece of a list is stored at once.
#[derive(Clone, Copy)]
pub(in super::super) struct Piece {
    pub(in super::super) name: ListName,
    /// Only events at positions before this are stored.
    pub(in super::super) end: usize,
    /// The event after which the piece begins.
    pub(in super::super) after: Option<Position>,
    /// The most events that are visited.
    pub(in super::super) limit: usize,
}

/// Where the events of an entity are, in the file.
const OWN_LIST: u32 = u32::MAX;

impl Index {
    /// Appends at most [`BLOCK`] rows, the first of which begins a block, in their stored form, and notes what they
    /// contain.
    pub(in super::super) fn store_rows(
        &self,
        rows: Range<usize>,
        outline: &mut Outline,
        out: &mut Vec<u8>,
    ) {
        for at in rows.clone() {
            outline.note(self, at);
        }
        self.columns.store(rows, out);
    }

    /// Appends a piece of a list. Returns the number of visited events, and the event after which the next piece begins;
    /// `None` at the end.
    pub(in super::super) fn store_list(
        &self,
        piece: Piece,
        out: &mut Vec<u8>,
    ) -> (usize, Option<Position>) {
        let list = self.list(piece.name);
        let key = |at: Position| (self.times(at), at);
        let first = piece.after.map_or(0, |after| list.partition_point(|at| key(at) <= key(after)));
        let rest = list.part(first..list.len());
        let is_stored = |at: &Position| {
            let user = |user: usize| self.columns.user(*at as usize) as usize == user;
            let is_own = |name| !matches!(name, ListName::User(number) if !user(number));
            (*at as usize) < piece.end && is_own(piece.name)
        };
        let visited = rest.part(0..rest.len().min(piece.limit));
        out.extend(visited.iter().filter(is_stored).flat_map(u32::to_le_bytes));
        (visited.len(), visited.last().filter(|_| rest.len() > visited.len()))
    }

    fn list(&self, name: ListName) -> Positions<'_> {
        let list = match name {
            ListName::Time => Some(self.by_time.positions()),
            ListName::User(number) => self.by_user.get(number).map(List::positions),
            ListName::Child(number) => self.by_child.get(number).map(List::positions),
            ListName::Entity(number) => match self.by_entity.get(number) {
                Some(Events::Own(list)) => Some(list.positions()),
                _ => None,
            },
        };
        list.unwrap_or_default()
    }

    /// Appends the children of an entity, or that it has its own list.
    pub(in super::super) fn store_children(
        &self,
        entity: usize,
        children: usize,
        out: &mut Vec<u8>,
    ) {
        match self.by_entity.get(entity).and_then(Events::children) {
            Some(all) => {
                let known = all.iter().filter(|child| (**child as usize) < children);
                let numbers: Vec<u8> = known.flat_map(|child| child.to_le_bytes()).collect();
                out.extend(u32::try_from(numbers.len() / 4).unwrap_or(OWN_LIST).to_le_bytes());
                out.extend(numbers);
            }
            None => out.extend(OWN_LIST.to_le_bytes()),
        }
    }

    /// Texts of one kind, from a number on. Those that no row uses are not stored: an account whose events are
    /// anonymised must not appear in a file.
    pub(in super::super) fn stored_names(
        &self,
        kind: usize,
        numbers: Range<usize>,
        outline: &Outline,
    ) -> Vec<Option<Arc<str>>> {
        let texts = self.fields.names()[kind].texts(numbers.clone());
        let used = outline.used[kind][numbers].iter();
        texts.zip(used).map(|(text, used)| text.filter(|_| *used)).collect()
    }

    /// Uses the whole blocks of a saved index instead of those in memory. [`Self::adopt_list`] follows for each list.
    /// Returns what the caller should drop once the index is not locked.
    pub(in super::super) fn adopt_blocks(&mut self, blocks: SavedBlocks) -> impl Sized + use<> {
        self.columns.adopt(blocks)
    }

    /// Uses a saved list of the events before the position `end`. Returns what the caller should drop.
    pub(in super::super) fn adopt_list(
        &mut self,
        name: ListName,
        mut saved: SavedList,
        end: usize,
    ) -> impl Sized + use<> {
        let columns = &self.columns;
        let list = match name {
            ListName::Time => Some(self.by_time.list()),
            ListName::User(number) => self.by_user.get_mut(number),
            ListName::Child(number) => self.by_child.get_mut(number),
            ListName::Entity(number) => {
                self.by_entity.get_mut(number).and_then(Events::own).map(Counted::list)
            }
        };
        // The account may be forgotten since, and the entity had no own list if the saved one is empty.
        let list = list.filter(|list| list.len() > 0 && saved.len > 0)?;
        let count = list.first_since(end);
        if count < list.len() {
            // A later event may be earlier than some that are saved: the list is used up to there.
            let key = |at: Position| (columns.times(at as usize), at);
            let newest = list.positions().part(0..count).last();
            let is_before = |at| newest.is_some_and(|newest| key(at) <= key(newest));
            saved.cut(is_before);
        }
        Some(list.adopt(saved, count))
    }
}

/// A saved index.
pub(in super::super) struct Saved {
    pub(in super::super) file: Arc<FileBytes>,
    /// Where the file has the offsets of the blocks.
    pub(in super::super) offsets: usize,
    /// The number of whole blocks.
    pub(in super::super) blocks: usize,
    /// Where the lists begin.
    pub(in super::super) positions: usize,
    pub(in super::super) lists: Lists,
    /// The length of each list.
    pub(in super::super) lens: Vec<u32>,
}

impl Saved {
    pub(in super::super) fn blocks(&self) -> SavedBlocks {
        let file = Some(Arc::clone(&self.file));
        SavedBlocks { file, offsets: self.offsets, count: self.blocks }
    }

    /// The number of events in the lists.
    pub(in super::super) fn end(&self) -> usize {
        self.blocks * BLOCK
    }

    pub(in super::super) fn lists(&self) -> impl Iterator<Item = (ListName, SavedList)> {
        let mut offset = self.positions;
        self.lists.names().zip(&self.lens).map(move |(name, len)| {
            let list = SavedList { file: Arc::clone(&self.file), offset, len: *len };
            offset += *len as usize * size_of::<Position>();
            (name, list)
        })
    }
}

/// What follows the lists in the file.
pub(in super::super) struct Tables {
    last_of_user: Vec<i64>,
    child_users: Vec<Option<u32>>,
    /// The own lists are empty.
    entities: Vec<Events>,
    names: [Names; 3],
}

impl Tables {
    pub(in super::super) fn read(bytes: &mut Bytes<'_>, lists: Lists) -> Result<Self, Unusable> {
        let [users, children, entities] = lists.0;
        let time = |bytes: &mut Bytes<'_>| Ok(bytes.long()?.cast_signed());
        let user = |bytes: &mut Bytes<'_>| Ok(u32::try_from(bytes.long()?).ok());
        let events = |bytes: &mut Bytes<'_>| match bytes.short()? {
            OWN_LIST => Ok(Events::Own(Box::default())),
            count => bytes.many(count as usize, Bytes::short).map(Events::of),
        };
        Ok(Self {
            last_of_user: bytes.many(users, time)?,
            child_users: bytes.many(children, user)?,
            entities: bytes.many(entities, events)?,
            names: [names(bytes, users)?, names(bytes, children)?, names(bytes, entities)?],
        })
    }
}

fn names(bytes: &mut Bytes<'_>, count: usize) -> Result<Names, Unusable> {
    let mut names = Names::with_capacity(count);
    for _ in 0..count {
        names.push(bytes.text()?);
    }
    Ok(names)
}

impl Index {
    /// The index whose whole blocks are in a saved one, and `count` more rows in `rest`.
    pub(in super::super) fn restore(
        saved: &Saved,
        tables: Tables,
        rest: &[u8],
        count: usize,
    ) -> Self {
        let Tables { last_of_user, child_users, entities, names } = tables;
        let (by_entity, ordered) = (entities, saved.end());
        let mut index = Self { last_of_user, by_entity, child_users, ordered, ..Self::new() };
        let [users, children, _] = saved.lists.0;
        index.by_user.reserve_exact(users);
        index.by_child.reserve_exact(children);
        index.columns.adopt(saved.blocks());
        index.last_row = saved.end().checked_sub(1).map_or(0, |last| index.columns.number(last));
        index.fields.set_names(names);
        for (name, list) in saved.lists() {
            let list = List::of_saved(list);
            match name {
                ListName::Time => index.by_time = Counted::of(list, |at| index.kind(at)),
                ListName::User(_) => index.by_user.push(list),
                ListName::Child(_) => index.by_child.push(list),
                ListName::Entity(number) => {
                    if let Events::Own(_) = &index.by_entity[number] {
                        let own = Counted::of(list, |at| index.kind(at));
                        index.by_entity[number] = Events::Own(Box::new(own));
                    }
                }
            }
        }
        for row in stored_rows(rest, count, saved.end()) {
            index.push_row(&row);
        }
        index
    }
}

#[cfg(test)]
impl Index {
    /// The first `rows` rows as they are saved: the tables, and the rows after the whole blocks.
    fn saved(&self, rows: usize) -> (Saved, Tables, Vec<u8>) {
        let (mut outline, mut out, mut offsets) = (Outline::default(), Vec::new(), Vec::new());
        let blocks = rows / BLOCK;
        for block in 0..blocks {
            offsets.push(out.len() as u64);
            self.store_rows(block * BLOCK..(block + 1) * BLOCK, &mut outline, &mut out);
        }
        offsets.push(out.len() as u64);
        let mut rest = Vec::new();
        self.store_rows(blocks * BLOCK..rows, &mut outline, &mut rest);
        let offsets_at = out.len();
        out.extend(offsets.into_iter().flat_map(u64::to_le_bytes));
        let positions = out.len();
        let (lists, mut lens, mut tables) = (outline.lists(), Vec::new(), Vec::new());
        outline.store(&mut tables);
        for name in lists.names() {
            let (from, mut after) = (out.len(), None);
            loop {
                let piece = Piece { name, end: blocks * BLOCK, after, limit: 2 };
                (_, after) = self.store_list(piece, &mut out);
                if after.is_none() {
                    break;
                }
            }
            lens.push(u32::try_from((out.len() - from) / 4).unwrap());
            if let ListName::Entity(entity) = name {
                self.store_children(entity, lists.0[1], &mut tables);
            }
        }
        for (kind, count) in lists.0.into_iter().enumerate() {
            for name in self.stored_names(kind, 0..count, &outline) {
                crate::store::json::tracking::bytes::store_text(name.as_deref(), &mut tables);
            }
        }
        let file = Arc::new(FileBytes::from(out));
        let saved = Saved { file, offsets: offsets_at, blocks, positions, lists, lens };
        (saved, Tables::read(&mut Bytes(&tables), lists).unwrap(), rest)
    }

    /// What a start restores if this is saved.
    pub(super) fn restored(&self) -> Self {
        let (saved, tables, rest) = self.saved(self.len());
        Self::restore(&saved, tables, &rest, self.len() % BLOCK)
    }

    /// Uses the saved form of the first rows, between whose saving and use the index is changed.
    pub(super) fn save_and_adopt(&mut self, rows: usize, change: impl FnOnce(&mut Self)) {
        let (saved, ..) = self.saved(rows);
        change(self);
        drop(self.adopt_blocks(saved.blocks()));
        for (name, list) in saved.lists() {
            drop(self.adopt_list(name, list, saved.end()));
        }
    }
}
