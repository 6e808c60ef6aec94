//! Query parameters, read strictly: a misspelt filter must not return everything.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, Query as Pairs};
use axum::http::request::Parts;

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::domain::Page;
use crate::http::error::field::shortened;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::openapi::{ErrorCodes, schemas};

/// The query parameters of a request.
pub(crate) struct Query<T>(pub(crate) T);

/// A type that is read from query parameters.
pub(crate) trait FromParameters: Sized + IntoParams {
    /// The names of the parameters.
    const NAMES: &'static [&'static str];

    /// Whether another parameter is an error; otherwise it is ignored.
    const IS_STRICT: bool = true;

    /// Reads and checks the parameters.
    fn from_parameters(given: &Parameters) -> Result<Self, ApiError>;
}

impl<T> ErrorCodes for Query<T> {
    const CODES: &'static [ErrorCode] = &[ErrorCode::InvalidParameter];
}

impl<T: FromParameters, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Parameters::of(parts)?.read().map(Self)
    }
}

/// The parameters of one request: each has a known name and occurs at most once.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(parts: &Parts) -> Result<Self, ApiError> {
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Pairs(pairs) = pairs.map_err(|_| invalid("?", "must be in the form `name=value`"))?;
        Ok(Self(pairs))
    }

    /// The parameters that a form has filled in.
    pub(crate) fn filled_in(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(_, text)| !text.is_empty()).collect())
    }

    pub(crate) fn read<T: FromParameters>(&self) -> Result<T, ApiError> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            let is_known = T::NAMES.contains(&name.as_str());
            if !is_known && !T::IS_STRICT {
                continue;
            }
            if !is_known {
                return Err(invalid(&shortened(name), "does not exist"));
            }
            if self.0[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(name, "occurs more than once"));
            }
        }
        T::from_parameters(self)
    }

    /// The text of a parameter. Fails if it is empty: a filter that is empty by mistake would return more than
    /// the client wants.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let found = self.0.iter().find(|(other, _)| other == name);
        match found {
            Some((_, text)) if text.is_empty() => Err(invalid(name, "must not be empty")),
            Some((_, text)) => Ok(Some(text)),
            None => Ok(None),
        }
    }

    /// The text of a parameter; `None` if it is empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    /// A parameter, parsed by `parse`. The error contains `rule`.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        rule: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let text = self.text(name)?;
        let parsed = text.map(|text| parse(text).ok_or_else(|| invalid(name, rule)));
        parsed.transpose()
    }

    /// `limit`, from 1 and reduced to [`Page::MAX_LIMIT`], and `offset`, from 0.
    pub(crate) fn page(&self, default_limit: usize) -> Result<Page, ApiError> {
        let at_least_1 = |text: &str| count(text).filter(|limit| *limit >= 1);
        let limit = self.parsed("limit", "must be a whole number of at least 1", at_least_1)?;
        let offset = self.parsed("offset", "must be a whole number of at least 0", count)?;
        Ok(Page {
            limit: limit.unwrap_or(default_limit).min(Page::MAX_LIMIT),
            offset: offset.unwrap_or(0),
        })
    }
}

/// A number beyond the range of the type is larger than every list, and valid.
fn count(text: &str) -> Option<usize> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

/// The error of a parameter.
pub(crate) fn invalid(name: &str, rule: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::InvalidParameter { name: name.to_owned(), rule: rule.into() }
}

/// The rule for `from` and `to`.
pub(crate) const MOMENT_RULE: &str =
    "must be a date, `2026-02-09`, or a moment, `2026-02-09T18:42:15Z`";

/// The parameters of [`Parameters::page`].
pub(crate) fn page_parameters(default_limit: usize) -> Vec<Parameter> {
    let limit = schemas::integer(1..).default(Some(default_limit.into()));
    let limit_rule =
        format!("The most records to return. Larger values count as {}.", Page::MAX_LIMIT);
    let offset = schemas::integer(0..).default(Some(0.into()));
    vec![
        schemas::query("limit", &limit_rule, limit),
        schemas::query("offset", "The number of records to skip.", offset),
    ]
}

/// The parameters of a list. Without them, a list has one page of the default size.
pub(crate) struct Paging<const DEFAULT_LIMIT: usize = { Page::MAX_LIMIT }>(pub(crate) Page);

impl<const DEFAULT_LIMIT: usize> FromParameters for Paging<DEFAULT_LIMIT> {
    const NAMES: &'static [&'static str] = &["limit", "offset"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        given.page(DEFAULT_LIMIT).map(Self)
    }
}

impl<const DEFAULT_LIMIT: usize> IntoParams for Paging<DEFAULT_LIMIT> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        page_parameters(DEFAULT_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(pairs: &[(&str, &str)]) -> Result<Page, String> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let given = Parameters(pairs.iter().map(owned).collect());
        match given.read::<Paging>() {
            Ok(Paging(page)) => Ok(page),
            Err(ApiError::InvalidParameter { name, .. }) => Err(name),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn pages_are_bounded() {
        let page = |limit, offset| Ok(Page { limit, offset });
        assert_eq!(paging(&[]), page(500, 0));
        assert_eq!(paging(&[("limit", "1"), ("offset", "7")]), page(1, 7));
        assert_eq!(paging(&[("limit", "501")]), page(500, 0));
        let huge = "99999999999999999999999";
        assert_eq!(paging(&[("limit", huge), ("offset", huge)]), page(500, usize::MAX));
    }

    #[test]
    fn an_error_names_the_parameter() {
        for (name, text) in [
            ("limit", "0"),
            ("limit", "-1"),
            ("limit", "1.0"),
            ("limit", "+1"),
            ("limit", ""),
            ("offset", "-1"),
            ("offset", "one"),
            ("limits", "1"),
        ] {
            assert_eq!(paging(&[(name, text)]), Err(name.to_owned()), "{name}={text}");
        }
        let twice = paging(&[("limit", "1"), ("limit", "2")]);
        assert_eq!(twice, Err("limit".to_owned()));
    }
}
