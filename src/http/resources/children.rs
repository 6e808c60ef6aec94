//! The children of a family.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use crate::domain::{Child, ChildId, IdempotencyKey, Page, RewardId};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::field_types::{
    AGE, COLOUR, DISPLAYED_IDS, IMAGE_ID, NAME, OPENING_POINTS, REWARD_ID,
};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::{Input, RECORD_FIELDS};
use crate::http::openapi::{ChangeErrors, Errors, FamilyLimitErrors, samples, tags};
use crate::http::resources::crud::{Resource, ServiceResult, Texts};
use crate::http::resources::records::SingleRecord;
use crate::http::response::json;
use crate::service::{Caller, ChildPatch, ChildState, Created, Listing, NewChild, Parent, Service};

impl Resource for Child {
    type Shown = ChildState;
    type New = NewChild;
    type Patch = ChildPatch;
    type UpdateErrors = FamilyLimitErrors;
    type DeleteErrors = ();

    const TEXTS: Texts = Texts {
        tag: tags::CHILDREN,
        one: "a child",
        many: "the children",
        list: "In a child's session, only that child.",
        create: "The points can be set only here. Later they change only through events.",
        update: "Fields that are left out keep their values. `null` clears `age`, `image_id` and `colour`.",
        delete: "Its pending requests and its sessions end. Its events stay.",
    };

    async fn list(
        service: &Service,
        caller: &Caller,
        page: Page,
    ) -> ServiceResult<Listing<Arc<Self::Shown>>> {
        service.children(caller, page).await
    }

    async fn create(
        service: &Service,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewChild,
    ) -> ServiceResult<Created<Self::Shown>> {
        service.create_child(parent, key, new).await
    }

    async fn get(
        service: &Service,
        caller: &Caller,
        id: ChildId,
    ) -> ServiceResult<Arc<Self::Shown>> {
        service.child(caller, &id).await
    }

    async fn update(
        service: &Service,
        parent: &Parent,
        id: ChildId,
        patch: ChildPatch,
    ) -> ServiceResult<Arc<Self::Shown>> {
        service.update_child(parent, id, patch).await
    }

    async fn delete(service: &Arc<Service>, parent: &Parent, id: ChildId) -> ServiceResult<()> {
        service.delete_child(parent, id).await
    }
}

impl RequestBody for NewChild {
    const NAME: &'static str = "NewChild";
    const ABOUT: &'static str = "A new child.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"name": "Mía", "age": 7, "points": 10})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.required("name", NAME);
        let age = fields.nullable("age", AGE);
        let points = fields.with_default("points", OPENING_POINTS, 0);
        let image_id = fields.nullable("image_id", IMAGE_ID);
        let tasks = fields.with_default("tasks", DISPLAYED_IDS, Vec::new());
        let rewards = fields.with_default("rewards", DISPLAYED_IDS, Vec::new());
        let colour = fields.nullable("colour", COLOUR);
        Ok(Self {
            name: name?,
            age: age?,
            points: points?,
            image_id: image_id?,
            tasks: tasks?,
            rewards: rewards?,
            colour: colour?,
        })
    }
}

impl RequestBody for ChildPatch {
    const NAME: &'static str = "ChildPatch";
    const ABOUT: &'static str = "The fields of a child to update.";
    const READ_ONLY: &'static [&'static str] =
        &["points", "id", "user_id", "created_at", "updated_at"];

    fn example() -> Value {
        json!({"age": 8})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.optional("name", NAME);
        let age = fields.patch("age", AGE);
        let image_id = fields.patch("image_id", IMAGE_ID);
        let tasks = fields.optional("tasks", DISPLAYED_IDS);
        let rewards = fields.optional("rewards", DISPLAYED_IDS);
        let colour = fields.patch("colour", COLOUR);
        Ok(Self {
            name: name?,
            age: age?,
            image_id: image_id?,
            tasks: tasks?,
            rewards: rewards?,
            colour: colour?,
        })
    }
}

// `utoipa::path` takes no generic types.
type GoalInput = Input<Goal>;
type ChildAnswer = SingleRecord<ChildState>;

/// The reward that a child saves for.
pub(crate) struct Goal {
    pub(crate) reward_id: Option<RewardId>,
}

impl RequestBody for Goal {
    const NAME: &'static str = "Goal";
    const ABOUT: &'static str = "The reward that a child saves for.";

    fn example() -> Value {
        json!({"reward_id": samples::REWARD_ID})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self { reward_id: fields.nullable("reward_id", REWARD_ID)? })
    }
}

/// Set a child's goal
///
/// The goal is the reward that the child saves for. Front ends show it; it has no other effect. `null` removes it.
/// A child's session can set that child's goal.
#[utoipa::path(
    put,
    path = "/children/{id}/goal",
    operation_id = "setGoal",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The id of the child.")),
    request_body = GoalInput,
    responses(
        (status = 200, description = "The child", body = ChildAnswer),
        Errors<Caller, Path<String>, Input<Goal>, ChangeErrors>
    )
)]
pub(crate) async fn set_goal(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Input(goal): Input<Goal>,
) -> Result<Response, ApiError> {
    json::one(SingleRecord(service.set_goal(&caller, id.into(), goal.reward_id).await?)).await
}
