//! Queries of the history.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use utoipa::IntoParams;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, SchemaFormat};

use crate::domain::calendar::{Bound, Period, PeriodZone};
use crate::domain::{Action, EntityType, EventFilter, SortOrder};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::query::{
    FromParameters, MOMENT_RULE, Parameters, Query, page_parameters,
};
use crate::http::openapi::{Errors, TrackingEventPage, schemas, tags};
use crate::http::resources::event_list::{self, Actors};
use crate::http::response::json;
use crate::service::{Authority, Caller, EventQuery, Parent, Service};

/// The events on a page if the request does not set a limit.
const DEFAULT_LIMIT: usize = 50;

/// Find events of all families
///
/// Includes events of deleted children and accounts. An event must match all filters.
#[utoipa::path(
    get,
    path = "/admin/tracking",
    operation_id = "queryTrackingEvents",
    tag = tags::ADMINISTRATION,
    params(AdminQuery),
    responses(
        (status = 200, description = "A page of the list", body = TrackingEventPage),
        Errors<Authority, Query<AdminQuery>>
    )
)]
pub(crate) async fn query(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Query(QueryWithout(query)): Query<AdminQuery>,
) -> Result<Response, ApiError> {
    let page = query.page;
    let found = service.tracking(&authority, query).await?;
    let reader = json::reader_for(&service, &authority);
    event_list::answer(found, page, Actors::Named(service), reader).await
}

/// Find events of the family
///
/// Includes events of deleted children. An event must match all filters.
#[utoipa::path(
    get,
    path = "/family/tracking",
    operation_id = "listFamilyTrackingEvents",
    tag = tags::HISTORY,
    params(FamilyQuery),
    responses(
        (status = 200, description = "A page of the list", body = TrackingEventPage),
        Errors<Parent, Query<FamilyQuery>>
    )
)]
pub(crate) async fn of_family(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Query(QueryWithout(query)): Query<FamilyQuery>,
) -> Result<Response, ApiError> {
    let page = query.page;
    let found = service.tracking_of_family(&parent, query).await?;
    let actors = service.members(&parent).await?;
    let reader = Some(json::reader(&service, &parent));
    event_list::answer(found, page, Actors::Family(actors), reader).await
}

/// Find events of one child
///
/// An event must match all filters.
#[utoipa::path(
    get,
    path = "/children/{id}/tracking",
    operation_id = "listTrackingEvents",
    tag = tags::HISTORY,
    params(("id" = String, Path, description = "The id of the child."), ChildQuery),
    responses(
        (status = 200, description = "A page of the list", body = TrackingEventPage),
        Errors<Caller, Path<String>, Query<ChildQuery>>
    )
)]
pub(crate) async fn of_child(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(QueryWithout(query)): Query<ChildQuery>,
) -> Result<Response, ApiError> {
    let page = query.page;
    let found = service.tracking_of_child(&caller, &id.into(), query).await?;
    let actors = service.members(&caller).await?;
    let reader = Some(json::reader(&service, &caller));
    event_list::answer(found, page, Actors::Family(actors), reader).await
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
    "limit",
    "offset",
];

/// A query without the first `OMITTED` of [`NAMES`]: that of a family has no `user_id`, and that of a child
/// no `child_id` either.
pub(crate) struct QueryWithout<const OMITTED: usize>(pub(crate) EventQuery);

// `utoipa::path` takes no generic types.
pub(crate) type AdminQuery = QueryWithout<0>;
pub(crate) type FamilyQuery = QueryWithout<1>;
pub(crate) type ChildQuery = QueryWithout<2>;

impl<const OMITTED: usize> FromParameters for QueryWithout<OMITTED> {
    const NAMES: &'static [&'static str] = NAMES.split_at(OMITTED).1;

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let (filter, period, order) = event_filter(given)?;
        Ok(Self(EventQuery { filter, period, order, page: given.page(DEFAULT_LIMIT)? }))
    }
}

impl<const OMITTED: usize> IntoParams for QueryWithout<OMITTED> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = filter_parameters();
        parameters.extend(page_parameters(DEFAULT_LIMIT));
        parameters.retain(|it| <Self as FromParameters>::NAMES.contains(&it.name.as_str()));
        parameters
    }
}

fn id() -> ObjectBuilder {
    schemas::text().min_length(Some(1))
}

/// The conditions and the order of a query, in the order of the document.
pub(crate) fn filter_parameters() -> Vec<Parameter> {
    let types = schemas::flag(EntityType::ALL.map(EntityType::as_str));
    let actions = schemas::flag(Action::ALL.map(Action::as_str));
    let date = || schemas::text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    let examples = ["2026-02-09", "2026-02-09T18:42:15Z"];
    let moment = || AnyOfBuilder::new().item(date()).item(schemas::moment()).examples(examples);
    let order = schemas::flag(["desc", "asc"]).default(Some("desc".into()));
    vec![
        schemas::query("child_id", "Only events of this child.", id()),
        schemas::query("user_id", "Only events of this account.", id()),
        schemas::query("entity_type", "Only events of this type.", types),
        schemas::query("entity_id", "Only events of this task, penalty or reward.", id()),
        schemas::query("action", "Only events with this action.", actions),
        schemas::query("from", FROM_RULE, moment()),
        schemas::query("to", TO_RULE, moment()),
        schemas::query("tz", TZ_RULE, schemas::text().default(Some("UTC".into()))),
        schemas::query("order", "`desc`: newest first. `asc`: oldest first.", order),
    ]
}

const FROM_RULE: &str = "Only events at this time or later. A date means the start of that day. Without an \
    offset, the time is UTC.";
const TO_RULE: &str = "Only events before this time. A date includes that whole day.";
const TZ_RULE: &str = "The time zone of dates in `from` and `to`: a name such as `Europe/Berlin`, or `family` for that \
    of your family's settings.";

const ZONE_RULE: &str = "must be `family` or the name of a time zone, such as `Europe/Berlin`";

/// The parameters of [`filter_parameters`].
pub(crate) fn event_filter(
    given: &Parameters,
) -> Result<(EventFilter, Period, SortOrder), ApiError> {
    let entity_type = "must be `task`, `reward` or `penalty`";
    let action = "must be `activated`, `requested`, `redeemed` or `cancelled`";
    let mut filter = EventFilter {
        entity_type: given.parsed("entity_type", entity_type, EntityType::parse)?,
        entity_id: given.text("entity_id")?.map(str::to_owned),
        action: given.parsed("action", action, Action::parse)?,
        ..EventFilter::default()
    };
    let from = given.parsed("from", MOMENT_RULE, Bound::parse)?;
    let to = given.parsed("to", MOMENT_RULE, Bound::parse)?;
    let zone = given.parsed("tz", ZONE_RULE, PeriodZone::parse)?.unwrap_or_default();
    let order = given.parsed("order", "must be `asc` or `desc`", |text| match text {
        "asc" => Some(SortOrder::Ascending),
        "desc" => Some(SortOrder::Descending),
        _ => None,
    })?;
    filter.child_id = given.text("child_id")?.map(Into::into);
    filter.user_id = given.text("user_id")?.map(Into::into);
    Ok((filter, Period { from, to, zone }, order.unwrap_or_default()))
}
