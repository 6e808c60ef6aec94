use super::column::reserve;
pub(super) use super::names::Names;
use super::summary::{Position, Row, Summary, id_hash};
use crate::domain::{EntityType, EventFilter, Id};

/// The fields of all events by which a filter selects, as numbers, in the order of the file.
#[derive(Default)]
pub(super) struct Fields {
    /// [`Names::NONE`] for an anonymised event.
    pub(super) users: Vec<u32>,
    pub(super) children: Vec<u32>,
    entities: Vec<u32>,
    kinds: Vec<u8>,
    user_names: Names,
    child_names: Names,
    entity_names: Names,
}

impl Fields {
    pub(super) fn reserve_exact(&mut self, more: usize) {
        self.users.reserve_exact(more);
        self.children.reserve_exact(more);
        self.entities.reserve_exact(more);
        self.kinds.reserve_exact(more);
    }

    /// The row of an event. Texts that are new get numbers.
    pub(super) fn number(&mut self, event: &Summary<'_>) -> Row {
        Row {
            number: event.row,
            place: event.place,
            id: id_hash(event.id),
            user: event.user_id.map_or(Names::NONE, |user| self.user_names.number(user)),
            child: self.child_names.number(event.child_id),
            entity: self.entity_names.number(event.entity_id),
            kind: event.kind.0,
            occurred: event.occurred_at.as_micros(),
            created: event.created_at.as_micros(),
        }
    }

    /// Adds the next event of the file.
    pub(super) fn add(&mut self, row: &Row) {
        reserve(&mut self.users);
        reserve(&mut self.children);
        reserve(&mut self.entities);
        reserve(&mut self.kinds);
        self.users.push(row.user);
        self.children.push(row.child);
        self.entities.push(row.entity);
        self.kinds.push(row.kind);
    }

    /// The numbers of the account, the child and the entity of the event at a position, and its kind.
    pub(super) fn at(&self, at: usize) -> (u32, u32, u32, u8) {
        (self.users[at], self.children[at], self.entities[at], self.kinds[at])
    }

    /// The number of the entity of the event at a position.
    pub(super) fn entity(&self, at: Position) -> u32 {
        self.entities[at as usize]
    }

    /// The kinds of all events by their positions.
    pub(super) fn kinds(&self) -> &[u8] {
        &self.kinds
    }

    /// The texts of accounts, children and entities.
    pub(super) fn names(&self) -> [&Names; 3] {
        [&self.user_names, &self.child_names, &self.entity_names]
    }

    /// Replaces the texts.
    pub(super) fn set_names(&mut self, [users, children, entities]: [Names; 3]) {
        self.user_names = users;
        self.child_names = children;
        self.entity_names = entities;
    }

    /// The type of the event at a position; `None` if it is unknown.
    pub(super) fn entity_type(&self, at: usize) -> Option<EntityType> {
        EntityType::ALL.into_iter().find(|kind| *kind as u8 == self.kinds[at] >> 3)
    }

    /// The number of an account; `None` if no event ever had it.
    pub(super) fn user(&self, user_id: &str) -> Option<u32> {
        self.user_names.known(user_id)
    }

    /// Removes the id of an account; returns its number.
    pub(super) fn forget_user(&mut self, user_id: &str) -> Option<u32> {
        self.user_names.forget(user_id)
    }

    /// The filter in the numbers of the index; `None` if it names a text that no event has.
    pub(super) fn resolve(&self, filter: &EventFilter) -> Option<Wanted> {
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
        let child_id = filter.child_id.as_ref().map(Id::as_str);
        let user_id = filter.user_id.as_ref().map(Id::as_str);
        Some(Wanted {
            child: known(&self.child_names, child_id)?,
            user: known(&self.user_names, user_id)?,
            entity: known(&self.entity_names, filter.entity_id.as_deref())?,
            kind,
            mask,
        })
    }

    /// Whether the event at a position is wanted.
    pub(super) fn match_at(&self, wanted: Wanted, at: usize) -> bool {
        wanted.is_kind(self.kinds[at])
            && wanted.child.is_none_or(|child| self.children[at] == child)
            && wanted.user.is_none_or(|user| self.users[at] == user)
            && wanted.entity.is_none_or(|entity| self.entities[at] == entity)
    }
}

/// A filter without its times, in the numbers of the index.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) child: Option<u32>,
    pub(super) user: Option<u32>,
    pub(super) entity: Option<u32>,
    pub(super) kind: u8,
    pub(super) mask: u8,
}

impl Wanted {
    /// Whether events of a kind are wanted.
    pub(super) fn is_kind(self, kind: u8) -> bool {
        kind & self.mask == self.kind
    }
}
