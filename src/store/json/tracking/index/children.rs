//! The children that have events with each task, penalty and reward.

use std::collections::HashSet;
use std::mem;

use super::counted::Counted;
use super::entities::Events;
use super::fields::Wanted;
use super::list::List;
use super::{Index, Position};
use crate::domain::EventFilter;

impl Index {
    /// Notes that a child has an event with an entity, before the event is added to any list.
    pub(super) fn note_child(&mut self, entity: u32, child: u32) {
        let at = entity as usize;
        if self.by_entity.len() <= at {
            self.by_entity.resize_with(at + 1, Events::default);
        }
        if let Some(children) = self.by_entity[at].children()
            && !children.contains(&child)
        {
            let children = [children, &[child]].concat();
            let mut events = Events::of(children.clone());
            if let Some(own) = events.own() {
                *own = self.own_list(&children, entity);
            }
            self.by_entity[at] = events;
        }
    }

    fn own_list(&self, children: &[u32], entity: u32) -> Counted {
        let wanted = Wanted { entity: Some(entity), ..Wanted::default() };
        let (found, _) = self.among(children, &EventFilter::default(), wanted);
        Counted::of(List::of(found), |at| self.kind(at))
    }

    /// Where the events of all entities are. `late` are the entities whose events are not ordered by time in the order
    /// of the file. It goes through the lists of the children, because noting the child of each event while it is added
    /// takes longer.
    pub(super) fn entities(&self, late: &HashSet<u32>) -> Vec<Events> {
        // For each entity, the child that was noted last, and all children.
        let mut noted: Vec<(u32, Vec<u32>)> = Vec::new();
        for (child, list) in (0..).zip(&self.by_child) {
            for at in list.positions().iter() {
                let entity = self.columns.entity(at as usize) as usize;
                if noted.len() <= entity {
                    noted.resize(entity + 1, (u32::MAX, Vec::new()));
                }
                let (last, children) = &mut noted[entity];
                if *last != child {
                    *last = child;
                    children.push(child);
                }
            }
        }
        let mut entities: Vec<Events> =
            noted.into_iter().map(|(_, children)| Events::of(children)).collect();
        if entities.iter_mut().any(|events| events.own().is_some()) {
            self.fill_own(&mut entities, late);
        }
        entities
    }

    /// Adds the events from a position on, which the lists of the children contain already.
    pub(super) fn add_to_entities(&mut self, first: usize, late: &HashSet<u32>) {
        let mut changed = HashSet::new();
        // The entities with an own list that was just made of the lists of the children.
        let mut complete = HashSet::new();
        for at in (first..self.len()).filter_map(|at| Position::try_from(at).ok()) {
            let row = at as usize;
            let (entity, child) = (self.columns.entity(row), self.columns.child(row));
            if !self.has_own_list(entity) {
                self.note_child(entity, child);
                if self.has_own_list(entity) {
                    complete.insert(entity);
                }
            } else if !complete.contains(&entity)
                && let Some(list) = self.by_entity[entity as usize].own()
            {
                list.push_uncounted(at);
                changed.insert(entity);
            }
        }
        for entity in changed {
            let mut events = mem::take(&mut self.by_entity[entity as usize]);
            if let Some(list) = events.own() {
                self.order(list, late.contains(&entity));
            }
            self.by_entity[entity as usize] = events;
        }
    }

    fn has_own_list(&self, entity: u32) -> bool {
        matches!(self.by_entity.get(entity as usize), Some(Events::Own(_)))
    }

    /// Orders an own list if it is not in order, and counts its events.
    fn order(&self, list: &mut Counted, is_late: bool) {
        if is_late {
            list.sort_by_key(|at| self.times(*at));
        }
        list.count_from(0, |at| self.kind(at));
    }

    /// Fills the own lists, which are empty.
    fn fill_own(&self, entities: &mut [Events], late: &HashSet<u32>) {
        for at in 0..Position::try_from(self.len()).unwrap_or(Position::MAX) {
            if let Some(list) = entities[self.columns.entity(at as usize) as usize].own() {
                list.push_uncounted(at);
            }
        }
        for (entity, events) in (0..).zip(entities) {
            let Some(list) = events.own() else { continue };
            self.order(list, late.contains(&entity));
        }
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
            let list = self.by_child[*child as usize].positions();
            let list = list.part(self.period(list, filter));
            visited += list.len();
            found.extend(list.iter().filter(|at| self.columns.match_at(wanted, *at as usize)));
        }
        // The position decides between equal times of two children.
        found.sort_by_key(|at| (self.times(*at), *at));
        (found, visited)
    }
}
