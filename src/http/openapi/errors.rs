//! The error responses of a route: the codes of all its parts, grouped by status.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use axum::http::StatusCode;
use serde_json::Value;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ComponentsBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::error_samples;
use crate::http::error::body::{Details, ErrorBody, FieldErrorBody, LimitBody};
use crate::http::error::field::FieldCode;
use crate::http::error::{ApiError, ErrorCode};

/// The error codes of a part of a route, such as an extractor.
pub(crate) trait ErrorCodes {
    const CODES: &'static [ErrorCode];
}

impl ErrorCodes for () {
    const CODES: &'static [ErrorCode] = &[];
}

/// The codes of every request.
enum Always {}

impl ErrorCodes for Always {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::MalformedRequest,
        ErrorCode::RequestTimeout,
        ErrorCode::UriTooLong,
        ErrorCode::HeadTooLarge,
        ErrorCode::Internal,
        ErrorCode::Overloaded,
        ErrorCode::DatabaseUnavailable,
        ErrorCode::TimedOut,
        ErrorCode::TooManyConnections,
    ];
}

/// The codes of every change: cross-site checks, limits and the store.
pub(crate) enum ChangeErrors {}

impl ErrorCodes for ChangeErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::ForeignOrigin,
        ErrorCode::UnsupportedMediaType,
        ErrorCode::TooManyChanges,
        ErrorCode::NotDurable,
        ErrorCode::OutcomeUnknown,
        ErrorCode::ReadOnly,
        ErrorCode::ShuttingDown,
        ErrorCode::StorageFull,
    ];
}

/// The codes of requests that start or end a session. They do not count as changes.
pub(crate) enum SessionChangeErrors {}

impl ErrorCodes for SessionChangeErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::ForeignOrigin,
        ErrorCode::UnsupportedMediaType,
        ErrorCode::NotDurable,
        ErrorCode::OutcomeUnknown,
        ErrorCode::ReadOnly,
        ErrorCode::Overloaded,
        ErrorCode::DatabaseUnavailable,
        ErrorCode::ShuttingDown,
        ErrorCode::StorageFull,
    ];
}

/// The code of a request that adds something to a family.
pub(crate) enum FamilyLimitErrors {}

impl ErrorCodes for FamilyLimitErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::FamilyLimitReached];
}

/// The code of an update or deletion of a task or reward that all families share.
pub(crate) enum SharedErrors {}

impl ErrorCodes for SharedErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::SharedReadOnly];
}

/// The code of a request with a password.
pub(crate) enum PasswordErrors {}

impl ErrorCodes for PasswordErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::TooManyAttempts];
}

/// The error responses of a route: those of its parts, and those of every request.
pub(crate) struct Errors<A, B = (), C = (), D = (), E = (), F = ()>(
    PhantomData<(A, B, C, D, E, F)>,
);

impl<A, B, C, D, E, F> IntoResponses for Errors<A, B, C, D, E, F>
where
    A: ErrorCodes,
    B: ErrorCodes,
    C: ErrorCodes,
    D: ErrorCodes,
    E: ErrorCodes,
    F: ErrorCodes,
{
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<StatusCode, Vec<ErrorCode>> = BTreeMap::new();
        let parts = [A::CODES, B::CODES, C::CODES, D::CODES, E::CODES, F::CODES, Always::CODES];
        for code in parts.concat() {
            by_status.entry(code.status()).or_default().push(code);
        }
        let response = |(status, mut codes): (StatusCode, Vec<ErrorCode>)| {
            codes.sort_unstable();
            codes.dedup();
            (status.as_str().to_owned(), of(&codes))
        };
        by_status.into_iter().map(response).collect()
    }
}

/// A response with a single code is shared by all routes.
fn of(codes: &[ErrorCode]) -> RefOr<Response> {
    match codes {
        [code] => Ref::from_response_name(component(*code)).into(),
        codes => response(codes).into(),
    }
}

/// The name of the shared response and of the example of a code: `NotFound`.
fn component(code: ErrorCode) -> String {
    format!("{code:?}")
}

fn response(codes: &[ErrorCode]) -> Response {
    let meanings = codes.iter().map(|code| format!("- `{}`: {}", code.as_str(), code.meaning()));
    let description = match codes {
        [code] => code.meaning().to_owned(),
        _ => meanings.collect::<Vec<_>>().join("\n"),
    };
    let response =
        ResponseBuilder::new().description(description).content("application/json", content(codes));
    let has = |status| codes.iter().any(|code| code.status() == status);
    let has_wait = |code: &ErrorCode| {
        matches!(
            code,
            ErrorCode::TooManyAttempts
                | ErrorCode::TooManyChanges
                | ErrorCode::SlowDown
                | ErrorCode::ExportInProgress
                | ErrorCode::Overloaded
                | ErrorCode::DatabaseUnavailable
                | ErrorCode::TooManyConnections
        )
    };
    let response = if has(StatusCode::UNAUTHORIZED) {
        let scheme = HeaderBuilder::new().schema(Some(String::schema()));
        response.header("WWW-Authenticate", scheme.description(Some("`Bearer`.")).build())
    } else {
        response
    };
    if codes.iter().any(has_wait) {
        let seconds = HeaderBuilder::new().schema(Some(super::schemas::integer(1..)));
        let about = "The number of seconds to wait before the next attempt.";
        response.header("Retry-After", seconds.description(Some(about)).build()).build()
    } else {
        response.build()
    }
}

/// The general form, restricted to these codes.
fn content(codes: &[ErrorCode]) -> Content {
    let names = codes.iter().map(|code| code.as_str());
    let code = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    let narrowed = ObjectBuilder::new().property("code", code).required("code");
    let schema =
        AllOfBuilder::new().item(Ref::from_schema_name(ErrorBody::name())).item(narrowed).build();
    let example = |code: &ErrorCode| {
        let place = format!("#/components/examples/{}", component(*code));
        (code.as_str(), RefOr::<Example>::Ref(Ref::new(place)))
    };
    ContentBuilder::new()
        .schema(Some(Schema::AllOf(schema)))
        .examples_from_iter(codes.iter().map(example))
        .build()
}

/// The shared parts to which the routes refer.
pub(super) fn components() -> ComponentsBuilder {
    let responses = ErrorCode::all().map(|code| (component(code), response(&[code])));
    let components = ComponentsBuilder::new()
        .schema_from::<ErrorBody<'_>>()
        .schema_from::<Details<'_>>()
        .schema_from::<FieldErrorBody>()
        .schema_from::<FieldCode>()
        .schema_from::<LimitBody>()
        .schema_from::<ErrorCode>()
        .responses_from_iter(responses);
    ErrorCode::all().fold(components, |components, code| {
        let example = ExampleBuilder::new().summary(code.meaning()).value(Some(sample(code)));
        components.example(component(code), example.build())
    })
}

/// The body of a response with that code.
pub(super) fn sample(code: ErrorCode) -> Value {
    ApiError::body(&error_samples::error(code)).to_json()
}

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let row = |code: Self| {
            format!("| {} | `{}` | {} |\n", code.status().as_u16(), code.as_str(), code.meaning())
        };
        let rows: String = Self::all().map(row).collect();
        let table = format!("| status | code | meaning |\n| --- | --- | --- |\n{rows}");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!("The kind of error, for programs.\n\n{table}")))
            .enum_values(Some(Self::all().map(Self::as_str)))
            .into()
    }
}

impl ToSchema for ErrorCode {
    fn name() -> Cow<'static, str> {
        "ErrorCode".into()
    }
}
