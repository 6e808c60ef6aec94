//! The filters of a page, in its address.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded::{Serializer, parse};

use super::form::Form;
use crate::domain::Page;
use crate::http::error::ApiError;
use crate::http::extract::query::{FromParameters, Paging, Parameters};
use crate::http::state::AppState;

/// The parameter with the change that the page confirms.
const DONE: &str = "done";

/// The parameters of an address, of which empty ones do not count.
pub(super) struct Filters<T> {
    /// As they were sent, to show them again.
    pub(super) form: Form,
    pub(super) read: Result<T, ApiError>,
    pairs: Vec<(String, String)>,
}

impl<T: FromParameters> FromRequestParts<AppState> for Filters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = parse(query.as_bytes()).into_owned().filter(|(name, _)| name != DONE);
        let pairs: Vec<(String, String)> = pairs.collect();
        let read = Parameters::filled_in(pairs.clone()).read();
        Ok(Self { form: Form::parse(query.as_bytes()), read, pairs })
    }
}

impl<T> Filters<T> {
    /// What was done just now.
    pub(super) fn done(&self) -> Option<&str> {
        self.form.text(DONE)
    }

    /// The parameters without those of the page, followed by these.
    pub(super) fn query(&self, others: &[(&str, String)]) -> String {
        let filters = self.pairs.iter().filter(|(name, text)| {
            !text.is_empty() && !["limit", "offset"].contains(&name.as_str())
        });
        let mut query = Serializer::new(String::new());
        query.extend_pairs(filters).extend_pairs(others);
        query.finish()
    }

    /// The links to the pages before and after one of a list.
    pub(super) fn links(&self, path: &str, page: Page, total: usize) -> Links {
        let to = |offset: usize| {
            let page = [("limit", page.limit.to_string()), ("offset", offset.to_string())];
            format!("{path}?{}", self.query(&page))
        };
        let after = page.offset.saturating_add(page.limit);
        Links {
            before: (page.offset > 0).then(|| to(page.offset.saturating_sub(page.limit))),
            after: (after < total).then(|| to(after)),
            first: if total == 0 { 0 } else { page.offset.saturating_add(1) },
            last: after.min(total),
            total,
        }
    }
}

impl<const LIMIT: usize> Filters<Paging<LIMIT>> {
    /// The page in the address, or the first one.
    pub(super) fn place(&self) -> Page {
        match &self.read {
            Ok(Paging(page)) => *page,
            Err(_) => Page { limit: LIMIT, offset: 0 },
        }
    }
}

/// Where a page of a list is, and how to leave it.
pub(super) struct Links {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) total: usize,
}
