pub(super) use super::names::Names;
use super::summary::{Row, Summary, id_hash};
use crate::domain::{EventFilter, Id};

/// The accounts, children, tasks and rewards that events have, as numbers.
#[derive(Default)]
pub(super) struct Fields {
    users: Names,
    children: Names,
    entities: Names,
}

impl Fields {
    /// The row of an event. Texts that are new get numbers.
    pub(super) fn number(&mut self, event: &Summary<'_>) -> Row {
        Row {
            number: event.row,
            place: event.place,
            id: id_hash(event.id),
            user: event.user_id.map_or(Names::NONE, |user| self.users.number(user)),
            child: self.children.number(event.child_id),
            entity: self.entities.number(event.entity_id),
            kind: event.kind.0,
            occurred: event.occurred_at.as_micros(),
            created: event.created_at.as_micros(),
        }
    }

    /// The texts of accounts, children and entities.
    pub(super) fn names(&self) -> [&Names; 3] {
        [&self.users, &self.children, &self.entities]
    }

    /// Replaces the texts.
    pub(super) fn set_names(&mut self, [users, children, entities]: [Names; 3]) {
        self.users = users;
        self.children = children;
        self.entities = entities;
    }

    /// The number of an account; `None` if no event ever had it.
    pub(super) fn user(&self, user_id: &str) -> Option<u32> {
        self.users.known(user_id)
    }

    /// Removes the id of an account; returns its number.
    pub(super) fn forget_user(&mut self, user_id: &str) -> Option<u32> {
        self.users.forget(user_id)
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
            child: known(&self.children, child_id)?,
            user: known(&self.users, user_id)?,
            entity: known(&self.entities, filter.entity_id.as_deref())?,
            kind,
            mask,
        })
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
