//! A range of days in a query.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::http::error::ApiError;
use crate::http::extract::query::{FromParameters, Parameters, invalid};
use crate::http::openapi::schemas;

/// The parameters `from` and `to`, at most `MAX` days.
pub(crate) struct DayRange<const MAX: i32> {
    from: Option<Day>,
    to: Option<Day>,
}

/// The number of days if the request does not set `from`.
const DEFAULT: i32 = 30;
/// The number of days of a schedule if the request does not set `to`.
const AHEAD: i32 = 7;

impl<const MAX: i32> DayRange<MAX> {
    /// The days of the query; by default seven from today on, or the last day alone if it has passed.
    pub(crate) fn span_ahead(&self, today: Day) -> Result<Span, ApiError> {
        let first = self.from.unwrap_or_else(|| self.to.map_or(today, |last| last.min(today)));
        let last = self.to.unwrap_or_else(|| first.plus(AHEAD - 1));
        Self::checked(first, last)
    }

    /// The days of the query; by default the last 30 until today.
    pub(crate) fn span(&self, today: Day) -> Result<Span, ApiError> {
        let last = self.to.unwrap_or(today);
        let first = self.from.unwrap_or_else(|| last.plus(1 - DEFAULT));
        Self::checked(first, last)
    }

    fn checked(first: Day, last: Day) -> Result<Span, ApiError> {
        if first > last {
            return Err(invalid("from", "must not be later than `to`"));
        }
        if first.days_until(last) >= MAX {
            return Err(invalid("from", format!("must be less than {MAX} days before `to`")));
        }
        Ok(Span { first, last })
    }
}

impl<const MAX: i32> FromParameters for DayRange<MAX> {
    const NAMES: &'static [&'static str] = &["from", "to"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let rule = "must be a date, such as 2026-02-09";
        Ok(Self {
            from: given.parsed("from", rule, Day::parse)?,
            to: given.parsed("to", rule, Day::parse)?,
        })
    }
}

impl<const MAX: i32> IntoParams for DayRange<MAX> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            schemas::query(
                "from",
                "The first day; by default 29 days before `to`.",
                schemas::date(),
            ),
            schemas::query("to", "The last day; by default today.", schemas::date()),
        ]
    }
}
