//! The filters and the pages of a history.

use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::domain::calendar::{Bound, Day, Period, PeriodZone};
use crate::domain::{EntityType, EventFilter, Page, SortOrder};
use crate::http::language::PageLanguage;
use crate::service::EventQuery;
use crate::web::texts::{Texts, fill};

/// The number of events on a page.
const EVENTS: usize = 50;

/// What an address asks for. All fields are texts, so that a wrong one does not hide the page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wanted {
    /// The child.
    pub(in crate::web) of: String,
    /// The type of the events.
    pub(in crate::web) kind: String,
    pub(in crate::web) from: String,
    pub(in crate::web) to: String,
    page: String,
    /// Only this event.
    pub(in crate::web) event: String,
}

/// The links between the pages of a list.
pub(in crate::web) struct Pager {
    pub(in crate::web) place: String,
    pub(in crate::web) newer: Option<String>,
    pub(in crate::web) older: Option<String>,
}

impl Wanted {
    /// Whether a date is none.
    pub(in crate::web) fn is_wrong(&self) -> bool {
        [&self.from, &self.to]
            .into_iter()
            .any(|date| !date.is_empty() && Day::parse(date).is_none())
    }

    /// Whether only some events are shown.
    pub(in crate::web) fn is_filtered(&self) -> bool {
        [&self.of, &self.kind, &self.from, &self.to, &self.event]
            .into_iter()
            .any(|it| !it.is_empty())
    }

    /// The page, from 0.
    fn page(&self) -> usize {
        self.page.parse::<usize>().unwrap_or(1).saturating_sub(1)
    }

    /// The events of the page. Without filters that are wrong.
    pub(in crate::web) fn query(&self) -> EventQuery {
        let bound = |date: &str| Day::parse(date).map(Bound::On);
        EventQuery {
            filter: EventFilter {
                child_id: (!self.of.is_empty()).then(|| self.of.as_str().into()),
                entity_type: EntityType::parse(&self.kind),
                ..EventFilter::default()
            },
            period: Period {
                from: bound(&self.from),
                to: bound(&self.to),
                zone: PeriodZone::Family,
            },
            order: SortOrder::Descending,
            page: Page { limit: EVENTS, offset: self.page().saturating_mul(EVENTS) },
        }
    }

    /// The filters that are not empty.
    fn filters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("of", &self.of), ("kind", &self.kind), ("from", &self.from), ("to", &self.to)];
        all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, it)| (name, it.as_str()))
    }

    /// The address of this page, to return to it.
    pub(in crate::web) fn here(&self, path: &str) -> String {
        let event = (!self.event.is_empty()).then_some(("event", self.event.as_str()));
        let page = (self.page() > 0).then_some(("page", self.page.as_str()));
        address(path, self.filters().chain(event).chain(page))
    }

    /// The address of a file with the events of a child.
    pub(in crate::web) fn export(&self, child: &str, format: &str) -> String {
        let path = format!("/children/{child}/tracking/export");
        let filters = self.filters().filter(|(name, _)| *name != "of");
        let filters =
            filters.map(|(name, it)| (if name == "kind" { "entity_type" } else { name }, it));
        address(&path, [("format", format), ("tz", "family")].into_iter().chain(filters))
    }

    /// The links to the other pages of a list with so many events.
    pub(in crate::web) fn pager(
        &self,
        path: &str,
        total: usize,
        language: PageLanguage,
    ) -> Option<Pager> {
        let (page, pages) = (self.page(), total.div_ceil(EVENTS));
        if pages < 2 {
            return None;
        }
        let texts = &Texts::of(language).history;
        let number = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
        let link = |at: usize| {
            let at = (at + 1).to_string();
            address(path, self.filters().chain([("page", at.as_str())]))
        };
        let place = [page + 1, pages].map(|at| language.number(number(at)));
        Some(Pager {
            place: fill(texts.page_of, &[&place[0], &place[1]]),
            newer: (page > 0).then(|| link(page.min(pages) - 1)),
            older: (page + 1 < pages).then(|| link(page + 1)),
        })
    }
}

fn address<'a>(path: &str, query: impl Iterator<Item = (&'static str, &'a str)>) -> String {
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_filters() {
        let wanted = Wanted {
            kind: "task".into(),
            from: "2026-02-09".into(),
            page: "2".into(),
            ..Wanted::default()
        };
        let pager = wanted.pager("/app/history", 101, PageLanguage::English).unwrap();
        assert_eq!(pager.place, "Page 2 of 3");
        assert_eq!(pager.newer.unwrap(), "/app/history?kind=task&from=2026-02-09&page=1");
        assert_eq!(pager.older.unwrap(), "/app/history?kind=task&from=2026-02-09&page=3");
        assert_eq!(wanted.here("/app/history"), "/app/history?kind=task&from=2026-02-09&page=2");
        let file =
            "/children/c/tracking/export?format=csv&tz=family&entity_type=task&from=2026-02-09";
        assert_eq!(wanted.export("c", "csv"), file);
        assert!(wanted.pager("/app/history", 50, PageLanguage::English).is_none());
        let far = Wanted { page: "9".into(), ..Wanted::default() };
        let pager = far.pager("/app/history", 101, PageLanguage::English).unwrap();
        assert_eq!((pager.newer.as_deref(), pager.older), (Some("/app/history?page=3"), None));
    }

    #[test]
    fn a_wrong_filter_is_ignored() {
        let wanted = Wanted {
            kind: "x".into(),
            to: "9 February".into(),
            page: "0".into(),
            ..Wanted::default()
        };
        let query = wanted.query();
        assert!(wanted.is_wrong() && wanted.is_filtered());
        assert_eq!((query.filter.entity_type, query.period.to, query.page.offset), (None, None, 0));
    }
}
