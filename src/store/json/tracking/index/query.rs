//! Pages of events, and how many there are in all.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::entities::Events;
use super::fields::Wanted;
use super::list::{List, Positions};
use super::matches::Matches;
use super::{Found, Index, Position};
use crate::domain::{EventFilter, Page, SortOrder, Timestamp};

impl Index {
    /// One page of the matches of `filter`.
    pub(crate) fn query(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> Matches<Found> {
        let wanted = self.fields.resolve(filter);
        let matches = wanted.map(|wanted| self.matches(filter, wanted, (order, page)));
        let Matches { found, total, visited } = matches.unwrap_or_default();
        let found = found.into_iter().map(|at| self.found(at as usize)).collect();
        Matches { found, total, visited }
    }

    fn matches(
        &self,
        filter: &EventFilter,
        wanted: Wanted,
        page: (SortOrder, Page),
    ) -> Matches<Position> {
        if wanted.child.is_some() || wanted.user.is_some() {
            return self.checked(self.within(filter, wanted), wanted, page);
        }
        let list = match wanted.entity.map(|entity| &self.by_entity[entity as usize]) {
            None => &self.by_time,
            Some(Events::Own(list)) => list,
            Some(events) => {
                let children = events.children().unwrap_or_default();
                let (found, visited) = self.among(children, filter, wanted);
                return Matches { visited, ..Matches::all(List::of(found).positions(), page) };
            }
        };
        let positions = list.positions();
        let period = self.period(positions, filter);
        if wanted.mask == 0 {
            return Matches::all(positions.part(period), page);
        }
        list.page(period, wanted, |at| self.kind(at), page)
    }

    /// A page of those candidates that match.
    fn checked(
        &self,
        candidates: Positions<'_>,
        wanted: Wanted,
        (order, page): (SortOrder, Page),
    ) -> Matches<Position> {
        if self.needs_no_check(wanted) {
            return Matches::all(candidates, (order, page));
        }
        let mut matches = Matches { visited: candidates.len(), ..Matches::default() };
        let is_match = |at: &Position| self.columns.match_at(wanted, *at as usize);
        let all = candidates.iter();
        match order {
            SortOrder::Ascending => matches.extend(all.filter(is_match), page),
            SortOrder::Descending => matches.extend(all.rev().filter(is_match), page),
        }
        matches
    }

    /// Whether all of a child's or an account's events match: the account has no anonymised ones.
    fn needs_no_check(&self, wanted: Wanted) -> bool {
        wanted.entity.is_none()
            && wanted.mask == 0
            && match (wanted.child, wanted.user) {
                (_, None) => true,
                (Some(child), Some(user)) => self.child_users[child as usize] == Some(user),
                (None, Some(user)) => !self.losing.contains(&user),
            }
    }

    /// The shortest list by time that contains all matches of `filter`.
    pub(crate) fn candidates(&self, filter: &EventFilter) -> Positions<'_> {
        let wanted = self.fields.resolve(filter);
        wanted.map_or(Positions::default(), |wanted| self.within(filter, wanted))
    }

    pub(super) fn within(&self, filter: &EventFilter, wanted: Wanted) -> Positions<'_> {
        let candidates = match (wanted.child, wanted.user) {
            (Some(child), _) => self.by_child[child as usize].positions(),
            (None, Some(user)) => self.by_user[user as usize].positions(),
            (None, None) => self.by_time.positions(),
        };
        candidates.part(self.period(candidates, filter))
    }

    /// The part of a list between the times of a filter.
    pub(super) fn period(&self, list: Positions<'_>, filter: &EventFilter) -> Range<usize> {
        let first = self.first_since(list, filter.from);
        let end = filter.to.map_or(list.len(), |to| self.first_since(list, Some(to)));
        first..end.max(first)
    }

    /// The number of events in a list before `from`.
    pub(super) fn first_since(&self, list: Positions<'_>, from: Option<Timestamp>) -> usize {
        let Some(from) = from.map(Timestamp::as_micros) else {
            return 0;
        };
        list.partition_point(|at| self.columns.occurred(at as usize) < from)
    }
}
