//! Searches for an order of requests in which the model gives every client the server's responses.
//!
//! The algorithm is Wing and Gong's: a request that was sent before any other has returned may come
//! first. Combinations of state and position that were tried are not tried again.

use std::collections::HashSet;

use super::household::Who;
use super::state::{Asked, Event, Id, State, Told};

/// The start of the ids of records that no response contains.
pub(super) const UNKNOWN: char = '?';

/// One request of a client.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) who: Who,
    pub(super) asked: Asked,
    pub(super) told: Told,
    /// When it was sent and when the response came, by a clock that ticks for each of the two.
    pub(super) called: usize,
    pub(super) returned: usize,
}

/// The requests of each client in order, and the events in the order of the table.
#[derive(Debug)]
pub(super) struct History {
    pub(super) clients: Vec<Vec<Operation>>,
    pub(super) events: Vec<Id>,
}

/// The number of requests of each client that the order contains so far.
type Place = Vec<usize>;

struct Search<'a> {
    history: &'a History,
    /// The events in responses.
    answered: HashSet<&'a Id>,
    seen: HashSet<(Place, State)>,
    furthest: Place,
}

impl History {
    /// Searches for an order from that state on, which agrees with the times of the requests and
    /// with the order of the events in the table. The error says where no request fits.
    pub(super) fn explain(&self, start: &State) -> Result<(), String> {
        let place = vec![0; self.clients.len()];
        let answered = self.clients.iter().flatten().filter_map(|it| it.told.event()).collect();
        let (seen, furthest) = (HashSet::new(), place.clone());
        let mut search = Search { history: self, answered, seen, furthest };
        if search.goes_on(&place, start) {
            return Ok(());
        }
        let next: Vec<_> = self.next(&search.furthest).collect();
        let placed: usize = search.furthest.iter().sum();
        Err(format!("after {placed} requests, none of these fits: {next:#?}"))
    }

    /// The next request of each client.
    fn next(&self, place: &Place) -> impl Iterator<Item = (usize, &Operation)> {
        let next = self.clients.iter().zip(place).map(|(own, done)| own.get(*done));
        next.enumerate().filter_map(|(client, operation)| Some((client, operation?)))
    }
}

impl Search<'_> {
    fn goes_on(&mut self, place: &Place, state: &State) -> bool {
        if !self.seen.insert((place.clone(), state.clone())) {
            return false;
        }
        let next: Vec<_> = self.history.next(place).collect();
        let Some(first_return) = next.iter().map(|(_, it)| it.returned).min() else {
            return state.events == self.history.events.len();
        };
        if place.iter().sum::<usize>() > self.furthest.iter().sum() {
            self.furthest.clone_from(place);
        }
        next.into_iter().filter(|(_, it)| it.called < first_return).any(|(client, operation)| {
            let mut place = place.clone();
            place[client] += 1;
            self.possible(state, operation).iter().any(|after| self.goes_on(&place, after))
        })
    }

    /// The possible states after an operation.
    fn possible(&self, state: &State, operation: &Operation) -> Vec<State> {
        match operation.told {
            Told::Failed => vec![state.clone()],
            Told::Unknown => {
                let happened = self.happened(state, operation);
                happened.into_iter().chain([state.clone()]).collect()
            }
            _ => self.after(state, operation).into_iter().collect(),
        }
    }

    /// The state after an operation without a response, if it was executed. A mutation has then written the next event
    /// of the table, which is in nobody's response.
    fn happened(&self, state: &State, operation: &Operation) -> Option<State> {
        let told = if let Asked::Mutate { .. } = operation.asked {
            let next = self.history.events.get(state.events);
            let id = next.filter(|id| !self.answered.contains(id))?.clone();
            let event = Event { id, before: 0, after: 0, amount: 0 };
            Told::Mutated { event, points: 0, replayed: false }
        } else {
            Told::Added(format!("{UNKNOWN}{}", operation.called).into())
        };
        Some(state.happened(&operation.who, &operation.asked, &told))
    }

    fn after(&self, state: &State, operation: &Operation) -> Option<State> {
        let after = state.after(&operation.who, &operation.asked, &operation.told)?;
        if after.events > state.events {
            let Told::Mutated { event, .. } = &operation.told else { return None };
            let is_next = self.history.events.get(state.events) == Some(&event.id);
            return is_next.then_some(after);
        }
        Some(after)
    }
}
