//! Exports of the history as files.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, RefOr, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses};

use crate::domain::Timestamp;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::query::{FromParameters, Parameters, Query, invalid};
use crate::http::openapi::{ErrorCodes, Errors, schemas, tags};
use crate::http::resources::tracking::{event_filter, filter_parameters};
use crate::http::response::json;
use crate::http::response::pieces::{Reader, Source, body_of_any_length};
use crate::service::{
    Authority, ExportFormat, ExportQuery, ExportedEvents, Parent, Service, ServiceError,
};

/// Export events of all families
///
/// All events that match the filters and exist at the start, as one file. The columns of a CSV file (RFC 4180) are
/// the fields of an event, and of its metadata `name`, `points`, `cost`, `note`, `reverses` and `actor`. A text that
/// a spreadsheet would execute as a formula has an apostrophe before it. A line of an NDJSON file is an event as it
/// is stored. An account can have one export at a time. If the body ends without its last chunk, the file is not
/// complete.
#[utoipa::path(
    get,
    path = "/admin/tracking/export",
    operation_id = "exportTrackingEvents",
    tag = tags::ADMINISTRATION,
    params(AdminExport),
    responses(EventFile, Errors<Authority, Query<AdminExport>, ExportErrors>)
)]
pub(crate) async fn events(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Query(ExportWithout { query, format }): Query<AdminExport>,
) -> Result<Response, ApiError> {
    let events = service.export_tracking(&authority, query).await?;
    Ok(EventFile { events, format }.answer(json::reader_for(&service, &authority)))
}

/// Export events of one child
///
/// As the export of all families, with the events of one child.
#[utoipa::path(
    get,
    path = "/children/{id}/tracking/export",
    operation_id = "exportChildTrackingEvents",
    tag = tags::HISTORY,
    params(("id" = String, Path, description = "The id of the child."), ChildExport),
    responses(EventFile, Errors<Parent, Path<String>, Query<ChildExport>, ExportErrors>)
)]
pub(crate) async fn events_of_child(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Query(ExportWithout { query, format }): Query<ChildExport>,
) -> Result<Response, ApiError> {
    let events = service.export_tracking_of_child(&parent, &id.into(), query).await?;
    Ok(EventFile { events, format }.answer(Some(json::reader(&service, &parent))))
}

pub(crate) enum ExportErrors {}

impl ErrorCodes for ExportErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::ExportInProgress];
}

/// A file that is written while it is sent.
pub(crate) fn file(
    source: impl Source,
    reader: Option<Reader>,
    content_type: &'static str,
    name: &str,
) -> Response {
    let mut response = Body::into_response(body_of_any_length(source, reader));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // The name contains only ASCII letters, digits, hyphens and dots.
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}

/// The date of a file, in UTC: `2026-02-09`.
pub(crate) fn date(moment: Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}

const CSV: &str = "text/csv; charset=utf-8; header=present";
const NDJSON: &str = "application/x-ndjson";

/// A file of events.
struct EventFile {
    events: ExportedEvents,
    format: ExportFormat,
}

impl EventFile {
    fn answer(self, reader: Option<Reader>) -> Response {
        let (content_type, extension) = match self.format {
            ExportFormat::Csv { .. } => (CSV, "csv"),
            ExportFormat::Ndjson => (NDJSON, "ndjson"),
        };
        let date = date(self.events.started_at());
        file(self, reader, content_type, &format!("goldstar-events-{date}.{extension}"))
    }
}

impl Source for EventFile {
    async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        Ok(self.events.next(self.format).await?.into_bytes())
    }
}

impl IntoResponses for EventFile {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let text = || ContentBuilder::new().schema(Some(schemas::text())).build();
        let response = ResponseBuilder::new()
            .description("The file")
            .content("text/csv", text())
            .content(NDJSON, text())
            .header(header::CONTENT_DISPOSITION.as_str(), disposition());
        [("200".to_owned(), response.build().into())].into()
    }
}

/// The documentation of the header with the name of the file.
pub(crate) fn disposition() -> utoipa::openapi::Header {
    let header = HeaderBuilder::new().schema(Some(schemas::text()));
    header.description(Some("`attachment`, with the name of the file.")).build()
}

/// The names of all parameters.
const NAMES: [&str; 11] = [
    "user_id",
    "child_id",
    "entity_type",
    "entity_id",
    "action",
    "from",
    "to",
    "tz",
    "order",
    "format",
    "bom",
];

/// An export without the first `OMITTED` of [`NAMES`].
pub(crate) struct ExportWithout<const OMITTED: usize> {
    query: ExportQuery,
    format: ExportFormat,
}

// `utoipa::path` takes no generic types.
pub(crate) type AdminExport = ExportWithout<0>;
pub(crate) type ChildExport = ExportWithout<2>;

impl<const OMITTED: usize> FromParameters for ExportWithout<OMITTED> {
    const NAMES: &'static [&'static str] = NAMES.split_at(OMITTED).1;

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let (filter, period, order) = event_filter(given)?;
        let is_csv = given.parsed("format", "must be `csv` or `ndjson`", |text| match text {
            "csv" => Some(true),
            "ndjson" => Some(false),
            _ => None,
        })?;
        let bom = given.parsed("bom", "must be `true` or `false`", |text| text.parse().ok())?;
        let format = match (is_csv.unwrap_or(true), bom.unwrap_or(false)) {
            (true, bom) => ExportFormat::Csv { bom },
            (false, false) => ExportFormat::Ndjson,
            (false, true) => {
                return Err(invalid("bom", "is for `format=csv` only"));
            }
        };
        Ok(Self { query: ExportQuery { filter, period, order }, format })
    }
}

impl<const OMITTED: usize> IntoParams for ExportWithout<OMITTED> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let format = schemas::flag(["csv", "ndjson"]).default(Some("csv".into()));
        let bom: ObjectBuilder = schemas::boolean().default(Some(false.into()));
        let bom_rule =
            "Whether a CSV file starts with a byte order mark, by which Excel recognizes UTF-8.";
        let mut parameters = filter_parameters();
        parameters.push(schemas::query("format", "The format of the file.", format));
        parameters.push(schemas::query("bom", bom_rule, bom));
        parameters.retain(|it| <Self as FromParameters>::NAMES.contains(&it.name.as_str()));
        parameters
    }
}
