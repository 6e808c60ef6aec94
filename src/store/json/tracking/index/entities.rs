//! Where the events of each task, penalty and reward are.

use std::mem;

use super::counted::Counted;
use super::fields::Wanted;
use super::{Index, Position};
use crate::domain::EventFilter;

/// An entity has a list of its own once more children have had events with it.
const FEW_CHILDREN: usize = if cfg!(test) { 2 } else { 16 };

/// Where the events of an entity are. Nearly always it is one family's. Then the lists of its children are enough: a
/// list for each entity would take four bytes per event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Events {
    /// Among those of these children.
    OfChildren(Vec<u32>),
    /// In its own list: it is shared by families.
    Own(Box<Counted>),
}

impl Default for Events {
    fn default() -> Self {
        Self::OfChildren(Vec::new())
    }
}

impl Events {
    /// The own list, if there is one.
    pub(super) fn own(&mut self) -> Option<&mut Counted> {
        match self {
            Self::OfChildren(_) => None,
            Self::Own(list) => Some(list),
        }
    }
}

impl Index {
    /// Notes that a child has an event with an entity, before the event is added to any list.
    pub(super) fn note_child(&mut self, entity: u32, child: u32) {
        let at = entity as usize;
        if self.by_entity.len() <= at {
            self.by_entity.resize_with(at + 1, Events::default);
        }
        if let Events::OfChildren(children) = &mut self.by_entity[at]
            && !children.contains(&child)
        {
            children.push(child);
            if children.len() > FEW_CHILDREN {
                let children = mem::take(children);
                self.by_entity[at] = Events::Own(Box::new(self.own_list(&children, entity)));
            }
        }
    }

    fn own_list(&self, children: &[u32], entity: u32) -> Counted {
        let wanted = Wanted { entity: Some(entity), ..Wanted::default() };
        let mut list = Counted::default();
        for position in self.among(children, &EventFilter::default(), wanted).0 {
            list.push_unsorted(position);
        }
        list.sort(|at| self.times(*at), self.fields.kinds());
        list
    }

    /// The matches among the events of some children, ordered by time, and the number of visited events.
    pub(super) fn among(
        &self,
        children: &[u32],
        filter: &EventFilter,
        wanted: Wanted,
    ) -> (Vec<Position>, usize) {
        let (mut found, mut visited) = (Vec::new(), 0);
        for child in children {
            let list = &self.by_child[*child as usize];
            let list = &list[self.period(list, filter)];
            visited += list.len();
            found.extend(list.iter().filter(|at| self.fields.match_at(wanted, **at as usize)));
        }
        // The position decides between equal times of two children.
        found.sort_by_key(|at| (self.times(*at), *at));
        (found, visited)
    }
}
