//! The badges of a family, and what its children have earned.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::badges::{Award, Badge, BadgeId, BadgePeriod, Metric};
use crate::domain::{Icon, Id, IdempotencyKey, Page};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::field_types::{
    BADGE_PERIOD, BOOLEAN, ICON, METRIC, NAME, TASK_ID, THRESHOLDS,
};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::RECORD_FIELDS;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Errors, SharedErrors, samples, schemas, tags};
use crate::http::resources::crud::{Resource, ServiceResult, Texts};
use crate::http::resources::records::{ApiRecord, Iso, RecordBody, icon, or_null};
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::{
    BadgePatch, BadgeState, Caller, ChildBadge, Created, Listing, NewBadge, Parent, Service,
};

impl Resource for Badge {
    type Shown = BadgeState;
    type New = NewBadge;
    type Patch = BadgePatch;
    type UpdateErrors = SharedErrors;
    type DeleteErrors = SharedErrors;

    const TEXTS: Texts = Texts {
        tag: tags::BADGES,
        one: "a badge",
        many: "the badges",
        list: "First the built-in ones, then the family's own in the order of their creation.",
        create: "A family can have 50 of its own.",
        update: "Fields that are left out keep their values. A built-in badge can only be hidden and shown. Awards stay \
                 as they are.",
        delete: "The awards of it stay. Built-in badges cannot be deleted.",
    };

    async fn list(
        service: &Service,
        caller: &Caller,
        page: Page,
    ) -> ServiceResult<Listing<Arc<BadgeState>>> {
        service.badges(caller, page).await
    }

    async fn create(
        service: &Service,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewBadge,
    ) -> ServiceResult<Created<BadgeState>> {
        service.create_badge(parent, key, new).await
    }

    async fn get(
        service: &Service,
        caller: &Caller,
        id: BadgeId,
    ) -> ServiceResult<Arc<BadgeState>> {
        service.badge(caller, &id).await
    }

    async fn update(
        service: &Service,
        parent: &Parent,
        id: BadgeId,
        patch: BadgePatch,
    ) -> ServiceResult<Arc<BadgeState>> {
        service.update_badge(parent, id, patch).await
    }

    async fn delete(service: &Arc<Service>, parent: &Parent, id: BadgeId) -> ServiceResult<()> {
        service.delete_badge(parent, id).await
    }
}

impl RequestBody for NewBadge {
    const NAME: &'static str = "NewBadge";
    const ABOUT: &'static str = "A new badge.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"name": "Bookworm", "icon": "book", "metric": "tasks_done", "thresholds": [5, 25, 100]})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.required("name", NAME);
        let icon = fields.nullable("icon", ICON);
        let metric = fields.required("metric", METRIC);
        let task_id = fields.nullable("task_id", TASK_ID);
        let thresholds = fields.required("thresholds", THRESHOLDS);
        let period = fields.nullable("period", BADGE_PERIOD);
        Ok(Self {
            name: name?,
            icon: icon?,
            metric: metric?,
            task_id: task_id?,
            thresholds: thresholds?,
            period: period?,
        })
    }
}

impl RequestBody for BadgePatch {
    const NAME: &'static str = "BadgePatch";
    const ABOUT: &'static str = "The fields of a badge to update.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"hidden": true})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.optional("name", NAME);
        let icon = fields.patch("icon", ICON);
        let metric = fields.optional("metric", METRIC);
        let task_id = fields.patch("task_id", TASK_ID);
        let thresholds = fields.optional("thresholds", THRESHOLDS);
        let period = fields.patch("period", BADGE_PERIOD);
        let is_hidden = fields.optional("hidden", BOOLEAN);
        Ok(Self {
            name: name?,
            icon: icon?,
            metric: metric?,
            task_id: task_id?,
            thresholds: thresholds?,
            period: period?,
            is_hidden: is_hidden?,
        })
    }
}

// `utoipa` takes no generic types.
type BadgeBody = RecordBody<BadgeState>;

impl ApiRecord for BadgeState {
    type Fields<'a> = BadgeFields<'a>;

    const SINGULAR: &'static str = "badge";
    const PLURAL: &'static str = "badges";

    fn fields(&self) -> BadgeFields<'_> {
        let Self { badge, is_hidden } = self;
        BadgeFields {
            id: badge.id.as_str(),
            user_id: badge.user_id.as_ref().map(Id::as_str),
            name: badge.name.as_str(),
            icon: badge.icon.map(Icon::as_str),
            metric: badge.metric.as_str(),
            task_id: badge.metric.task(),
            thresholds: badge.thresholds.values(),
            period: badge.period.map(BadgePeriod::as_str),
            hidden: *is_hidden,
            created_at: badge.created_at.map(Iso),
            updated_at: badge.updated_at.map(Iso),
        }
    }
}

/// A badge, which children earn in up to three grades.
#[derive(Serialize, ToSchema)]
#[schema(as = Badge, examples(samples::badge))]
pub(crate) struct BadgeFields<'a> {
    /// Unique. That of a built-in badge is a word, such as `first-steps`.
    id: &'a str,
    /// The family's account. Null for a built-in badge, which every family has.
    #[schema(required)]
    user_id: Option<&'a str>,
    /// The badge's name.
    name: &'a str,
    /// The picture in every front end.
    #[schema(required, schema_with = icon)]
    icon: Option<&'static str>,
    /// What the badge counts.
    #[schema(schema_with = metric)]
    metric: &'static str,
    /// The task that is counted; null except for `task_done`.
    #[schema(required)]
    task_id: Option<&'a str>,
    /// What the grades need: bronze, silver and gold.
    #[schema(min_items = 1, max_items = 3)]
    thresholds: &'a [i64],
    /// Whether a child can earn it again in each `week` or `month`. Null if all of the history counts.
    #[schema(required, schema_with = period)]
    period: Option<&'static str>,
    /// Whether the family does not use it: children no longer earn it.
    hidden: bool,
    /// Null for a built-in badge.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// The time of the last update. Null for a built-in badge.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
}

/// A grade of a badge that a child has earned, as it was at that time.
#[derive(Serialize, ToSchema)]
#[schema(as = Award, examples(samples::award))]
pub(crate) struct AwardBody {
    /// Unique among the awards of the child.
    id: String,
    /// The child that has earned it.
    child_id: String,
    /// The badge; it may be deleted.
    badge_id: String,
    /// 1 for bronze, 2 for silver, 3 for gold.
    #[schema(minimum = 1, maximum = 3)]
    grade: u8,
    /// The first day of the week, or the month, in which it was earned. Null if all of the history counts.
    #[schema(required)]
    period: Option<String>,
    /// The badge's name at that time.
    badge_name: String,
    /// What the badge counted.
    #[schema(schema_with = metric)]
    metric: &'static str,
    /// The task that was counted; null except for `task_done`.
    #[schema(required)]
    task_id: Option<String>,
    /// The value that the grade needed.
    threshold: i64,
    /// When the child reached it.
    #[schema(value_type = String, format = DateTime)]
    earned_at: Iso,
    /// The event that reached it. Null if the passing of time did.
    #[schema(required)]
    tracking_event_id: Option<String>,
    /// When the reversal of an event took it away. Null if the child has it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Iso>,
}

impl From<&Award> for AwardBody {
    fn from(award: &Award) -> Self {
        let key = &award.key;
        Self {
            id: key.to_string(),
            child_id: key.child_id.to_string(),
            badge_id: key.badge_id.to_string(),
            grade: key.grade.number(),
            period: key.period.map(|period| period.to_string()),
            badge_name: award.badge_name.to_string(),
            metric: award.metric.as_str(),
            task_id: award.metric.task().map(str::to_owned),
            threshold: award.threshold,
            earned_at: Iso(award.earned_at),
            tracking_event_id: award.event_id.as_ref().map(ToString::to_string),
            revoked_at: award.revoked_at.map(Iso),
        }
    }
}

// `utoipa::path` takes no generic types.
type ChildBadgePage = PageOf<ChildBadgeBody>;
type AwardPage = PageOf<AwardBody>;

/// A badge, and what a child has earned of it.
#[derive(Serialize, ToSchema)]
#[schema(as = ChildBadge)]
pub(crate) struct ChildBadgeBody {
    #[serde(flatten)]
    badge: BadgeBody,
    /// What the child has of the metric: in this week or month, or in the whole history. Of `streak_days` it is the
    /// length of the current streak.
    value: i64,
    /// The newest awards of the child first, including revoked ones; at most 20.
    #[schema(max_items = 20)]
    awards: Vec<AwardBody>,
    /// The number of all of them.
    award_count: usize,
}

impl ChildBadgeBody {
    const MOST_AWARDS: usize = 20;
}

impl From<ChildBadge> for ChildBadgeBody {
    fn from(ChildBadge { state, value, awards, .. }: ChildBadge) -> Self {
        Self {
            value,
            badge: RecordBody(Arc::new(state)),
            award_count: awards.len(),
            awards: awards.iter().take(Self::MOST_AWARDS).map(|it| (&**it).into()).collect(),
        }
    }
}

impl ListItem for ChildBadgeBody {
    const FIELD: &'static str = "badges";
}

impl ListItem for AwardBody {
    const FIELD: &'static str = "awards";
}

/// List the badges of one child
///
/// With what the child has earned. Hidden badges are left out unless the child has earned them.
#[utoipa::path(
    get,
    path = "/children/{id}/badges",
    operation_id = "listChildBadges",
    tag = tags::BADGES,
    params(("id" = String, Path, description = "The id of the child."), Paging),
    responses(
        (status = 200, description = "A page of the list", body = ChildBadgePage),
        Errors<Caller, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn of_child(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let badges = service.child_badges(&caller, &id.into(), page).await?;
    json::list(&service, &caller, PageOf::new(page, badges, ChildBadgeBody::from)).await
}

/// List the awards of one child
///
/// The newest first, including revoked ones and those of deleted badges.
#[utoipa::path(
    get,
    path = "/children/{id}/awards",
    operation_id = "listAwards",
    tag = tags::BADGES,
    params(("id" = String, Path, description = "The id of the child."), Paging),
    responses(
        (status = 200, description = "A page of the list", body = AwardPage),
        Errors<Caller, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn awards(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let awards = service.awards(&caller, &id.into(), page).await?;
    json::list(&service, &caller, PageOf::new(page, awards, |it| AwardBody::from(&*it))).await
}

pub(super) fn metric() -> utoipa::openapi::ObjectBuilder {
    schemas::flag(Metric::NAMES).description(Some("What the badge counts."))
}

fn period() -> utoipa::openapi::Schema {
    or_null(&BadgePeriod::NAMES)
}
