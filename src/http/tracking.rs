//! Questions to the audit history.

use std::sync::Arc;

use axum::extract::State;

use super::ApiError;
use super::extract::Path;
use super::query::{FromParameters, MOMENT_RULE, Parameters, Query, from_moment, to_moment};
use super::records::JsonText;
use crate::domain::{Action, EntityType, EventFilter, Page, SortOrder};
use crate::service::{Admin, Caller, EventQuery, Service};
use crate::store::EventPage;

/// How many events a page has where the request doesn't say.
const DEFAULT_LIMIT: usize = 50;

/// `GET /admin/tracking`
pub(super) async fn query(
    State(service): State<Arc<Service>>,
    admin: Admin,
    Query(AdminQuery(query)): Query<AdminQuery>,
) -> Result<JsonText, ApiError> {
    let found = service.tracking(&admin, &query).await?;
    Ok(answer(&found, query.page))
}

/// `GET /children/{id}/tracking`
pub(super) async fn of_child(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(FamilyQuery(query)): Query<FamilyQuery>,
) -> Result<JsonText, ApiError> {
    let page = query.page;
    let found = service.tracking_of_child(&caller, &id.into(), query).await?;
    Ok(answer(&found, page))
}

/// The events as the store keeps them: they are JSON already.
fn answer(found: &EventPage, page: Page) -> JsonText {
    let events = found.events.join(",");
    let (total, Page { limit, offset }) = (found.total, page);
    JsonText(format!(
        r#"{{"tracking_events":[{events}],"total":{total},"limit":{limit},"offset":{offset}}}"#
    ))
}

/// What an administrator can ask for.
pub(super) struct AdminQuery(EventQuery);

impl FromParameters for AdminQuery {
    const NAMES: &'static [&'static str] = &[
        "child_id",
        "user_id",
        "entity_type",
        "entity_id",
        "action",
        "from",
        "to",
        "order",
        "limit",
        "offset",
    ];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let mut query = event_query(given)?;
        query.filter.child_id = given.text("child_id")?.map(Into::into);
        query.filter.user_id = given.text("user_id")?.map(Into::into);
        Ok(Self(query))
    }
}

/// What a family can ask for: of one child, and of itself.
pub(super) struct FamilyQuery(EventQuery);

impl FromParameters for FamilyQuery {
    const NAMES: &'static [&'static str] =
        &["entity_type", "entity_id", "action", "from", "to", "order", "limit", "offset"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        event_query(given).map(Self)
    }
}

fn event_query(given: &Parameters) -> Result<EventQuery, ApiError> {
    let entity_type = "must be `task`, `reward` or `penalty`";
    let action = "must be `activated`, `requested`, `redeemed` or `cancelled`";
    let filter = EventFilter {
        child_id: None,
        user_id: None,
        entity_type: given.parsed("entity_type", entity_type, EntityType::parse)?,
        entity_id: given.text("entity_id")?.map(str::to_owned),
        action: given.parsed("action", action, Action::parse)?,
        from: given.parsed("from", MOMENT_RULE, from_moment)?,
        to: given.parsed("to", MOMENT_RULE, to_moment)?,
    };
    let order = given.parsed("order", "must be `asc` or `desc`", |text| match text {
        "asc" => Some(SortOrder::Ascending),
        "desc" => Some(SortOrder::Descending),
        _ => None,
    })?;
    Ok(EventQuery { filter, order: order.unwrap_or_default(), page: given.page(DEFAULT_LIMIT)? })
}
