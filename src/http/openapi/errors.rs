//! The error answers of a route: what each of its parts may refuse, put together by status.

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

use super::samples;
use crate::http::error::body::{Details, ErrorBody, FieldErrorBody, LimitBody};
use crate::http::error::field::FieldCode;
use crate::http::error::{ApiError, ErrorCode};

/// What a part of a route may refuse.
pub(crate) trait Refuses {
    /// With which codes.
    const CODES: &'static [ErrorCode];
}

impl Refuses for () {
    const CODES: &'static [ErrorCode] = &[];
}

/// What may happen to every request.
enum Always {}

impl Refuses for Always {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::MalformedRequest,
        ErrorCode::RequestTimeout,
        ErrorCode::UriTooLong,
        ErrorCode::HeadTooLarge,
        ErrorCode::Internal,
        ErrorCode::TimedOut,
        ErrorCode::TooManyConnections,
    ];
}

/// A change: who may ask for it with a cookie, and what the store may answer.
pub(crate) enum Change {}

impl Refuses for Change {
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

/// What begins or ends a session, and has limits of its own.
pub(crate) enum SessionChange {}

impl Refuses for SessionChange {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::ForeignOrigin,
        ErrorCode::UnsupportedMediaType,
        ErrorCode::NotDurable,
        ErrorCode::OutcomeUnknown,
        ErrorCode::ReadOnly,
        ErrorCode::ShuttingDown,
        ErrorCode::StorageFull,
    ];
}

/// An addition to what a family has.
pub(crate) enum Addition {}

impl Refuses for Addition {
    const CODES: &'static [ErrorCode] = &[ErrorCode::FamilyLimitReached];
}

/// An attempt with a password.
pub(crate) enum Attempts {}

impl Refuses for Attempts {
    const CODES: &'static [ErrorCode] = &[ErrorCode::TooManyAttempts];
}

/// The error answers of a route: what its parts may refuse, and what may happen to every request.
pub(crate) struct Errors<A, B = (), C = (), D = (), E = ()>(PhantomData<(A, B, C, D, E)>);

impl<A: Refuses, B: Refuses, C: Refuses, D: Refuses, E: Refuses> IntoResponses
    for Errors<A, B, C, D, E>
{
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<StatusCode, Vec<ErrorCode>> = BTreeMap::new();
        for code in [A::CODES, B::CODES, C::CODES, D::CODES, E::CODES, Always::CODES].concat() {
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

/// A single code's answer is the same wherever it is given.
fn of(codes: &[ErrorCode]) -> RefOr<Response> {
    match codes {
        [code] => Ref::from_response_name(component(*code)).into(),
        codes => response(codes).into(),
    }
}

/// What a code's answer and its example are called among the components: `NotFound`.
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
            ErrorCode::TooManyAttempts | ErrorCode::TooManyChanges | ErrorCode::TooManyConnections
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
        let about = "After how many seconds to try again, where that is known.";
        response.header("Retry-After", seconds.description(Some(about)).build()).build()
    } else {
        response.build()
    }
}

/// The general form, with the codes that this status has here.
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

/// The parts that the routes refer to.
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

/// The body of an answer with that code.
pub(super) fn sample(code: ErrorCode) -> Value {
    ApiError::body(&samples::error(code)).to_json()
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
            .description(Some(format!("What a program is told of an error.\n\n{table}")))
            .enum_values(Some(Self::all().map(Self::as_str)))
            .into()
    }
}

impl ToSchema for ErrorCode {
    fn name() -> Cow<'static, str> {
        "ErrorCode".into()
    }
}
