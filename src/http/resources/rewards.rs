//! Rewards, and the requests for them that wait.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::Type;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::input::{amount, description, image_id};
use crate::domain::{Name, Reward};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::fields::{Fields, FromFields, Noted};
use crate::http::extract::input::{Input, RECORD_FIELDS};
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Addition, Change, Errors, schemas, tags};
use crate::http::resources::records::{PageBody, PendingBody, RewardBody, bodies};
use crate::http::resources::tasks::Shared;
use crate::http::response::json::{self, List, Listed};
use crate::service::{Caller, NewReward, Offer, Parent, RewardPatch, Service};

/// One reward.
#[derive(Serialize, ToSchema)]
pub(crate) struct RewardAnswer {
    reward: RewardBody,
}

/// Some of the rewards.
#[derive(Serialize, ToSchema)]
#[schema(as = RewardList)]
pub(crate) struct RewardsAnswer {
    rewards: Vec<RewardBody>,
    #[serde(flatten)]
    page: PageBody,
}

impl Listed for RewardsAnswer {
    type Record = RewardBody;

    fn into_list(self) -> List<RewardBody> {
        List::page(r#"{"rewards":["#, self.rewards, &self.page)
    }
}

/// Some of the rewards as one child sees them.
#[derive(Serialize, ToSchema)]
#[schema(as = RewardOfferList)]
pub(crate) struct OffersAnswer {
    rewards: Vec<OfferBody>,
    #[serde(flatten)]
    page: PageBody,
}

impl Listed for OffersAnswer {
    type Record = OfferBody;

    fn into_list(self) -> List<OfferBody> {
        List::page(r#"{"rewards":["#, self.rewards, &self.page)
    }
}

/// A reward as one child sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = RewardOffer)]
pub(crate) struct OfferBody {
    #[serde(flatten)]
    reward: RewardBody,
    /// How many points the child lacks; none where it can pay.
    #[schema(minimum = 0)]
    points_needed: i64,
    /// Whether the child can pay it.
    affordable: bool,
    /// Whether the child's request for it waits.
    requested: bool,
}

/// Some of the requests that wait.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingRewardList)]
pub(crate) struct PendingAnswer {
    pending_rewards: Vec<PendingBody>,
    #[serde(flatten)]
    page: PageBody,
}

impl Listed for PendingAnswer {
    type Record = PendingBody;

    fn into_list(self) -> List<PendingBody> {
        List::page(r#"{"pending_rewards":["#, self.pending_rewards, &self.page)
    }
}

/// Lists the rewards
///
/// The family's own, and those that are offered to every family, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/rewards",
    operation_id = "listRewards",
    tag = tags::REWARDS,
    params(Paging),
    responses(
        (status = 200, description = "A page of them", body = RewardsAnswer),
        Errors<Caller, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let listing = service.rewards(&caller, page).await?;
    let answer = RewardsAnswer {
        page: PageBody::new(page, listing.total),
        rewards: bodies(listing, RewardBody),
    };
    json::list(&service, &caller, answer).await
}

/// Makes a reward
#[utoipa::path(
    post,
    path = "/rewards",
    operation_id = "createReward",
    tag = tags::REWARDS,
    request_body = NewReward,
    responses(
        (status = 201, description = "It is made", body = RewardAnswer),
        Errors<Parent, Input<NewReward>, Change, Addition>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Input(new): Input<NewReward>,
) -> Result<(StatusCode, Response), ApiError> {
    let reward = service.create_reward(&parent, new).await?;
    Ok((StatusCode::CREATED, answer(reward).await?))
}

/// Answers one reward
#[utoipa::path(
    get,
    path = "/rewards/{id}",
    operation_id = "getReward",
    tag = tags::REWARDS,
    params(("id" = String, Path, description = "The reward's id.")),
    responses(
        (status = 200, description = "The reward", body = RewardAnswer),
        Errors<Caller, Path<String>>
    )
)]
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    answer(service.reward(&caller, &id.into()).await?).await
}

/// Changes a reward
///
/// What is left out stays. One that is offered to every family can't be changed.
#[utoipa::path(
    patch,
    path = "/rewards/{id}",
    operation_id = "updateReward",
    tag = tags::REWARDS,
    params(("id" = String, Path, description = "The reward's id.")),
    request_body = RewardPatch,
    responses(
        (status = 200, description = "The reward as it is now", body = RewardAnswer),
        Errors<Parent, Path<String>, Input<RewardPatch>, Change, Shared>
    )
)]
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<RewardPatch>,
) -> Result<Response, ApiError> {
    let reward = service.update_reward(&parent, id.into(), patch).await?;
    answer(reward).await
}

/// Deletes a reward
///
/// The requests for it end, its events stay. One that is offered to every family can't be deleted.
#[utoipa::path(
    delete,
    path = "/rewards/{id}",
    operation_id = "deleteReward",
    tag = tags::REWARDS,
    params(("id" = String, Path, description = "The reward's id.")),
    responses(
        (status = 204, description = "It is gone"),
        Errors<Parent, Path<String>, Change, Shared>
    )
)]
pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.delete_reward(&parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the rewards as one child sees them
///
/// With what the child can pay, what it lacks and what it has asked for.
#[utoipa::path(
    get,
    path = "/children/{id}/rewards",
    operation_id = "listRewardOffers",
    tag = tags::REWARDS,
    params(("id" = String, Path, description = "The child's id."), Paging),
    responses(
        (status = 200, description = "A page of them", body = OffersAnswer),
        Errors<Caller, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn offers(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let listing = service.offers(&caller, &id.into(), page).await?;
    let answer = OffersAnswer {
        page: PageBody::new(page, listing.total),
        rewards: bodies(listing, OfferBody::from),
    };
    json::list(&service, &caller, answer).await
}

/// Lists the requests that wait
///
/// In a child's session only the child's own.
#[utoipa::path(
    get,
    path = "/rewards/pending",
    operation_id = "listPendingRewards",
    tag = tags::REWARDS,
    params(Paging),
    responses(
        (status = 200, description = "A page of them", body = PendingAnswer),
        Errors<Caller, Query<Paging>>
    )
)]
pub(crate) async fn pending(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let listing = service.pending_rewards(&caller, page).await?;
    let answer = PendingAnswer {
        page: PageBody::new(page, listing.total),
        pending_rewards: bodies(listing, PendingBody),
    };
    json::list(&service, &caller, answer).await
}

async fn answer(reward: Arc<Reward>) -> Result<Response, ApiError> {
    json::one(RewardAnswer { reward: RewardBody(reward) }).await
}

impl From<Offer> for OfferBody {
    fn from(offer: Offer) -> Self {
        Self {
            points_needed: offer.points_needed,
            affordable: offer.points_needed == 0,
            requested: offer.requested,
            reward: RewardBody(offer.reward),
        }
    }
}

impl PartialSchema for NewReward {
    fn schema() -> RefOr<Schema> {
        schemas::body("A new reward.", json!({"name": "Ice cream", "cost": 12}))
            .property("name", schemas::name())
            .property("description", schemas::description())
            .property("cost", schemas::amount())
            .property("image_id", schemas::nullable(schemas::line(), Type::String))
            .required("name")
            .required("cost")
            .into()
    }
}

impl ToSchema for NewReward {}

impl FromFields for NewReward {
    const ALLOWED: &'static [&'static str] = &["name", "description", "cost", "image_id"];
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let name = fields.required("name", |text: String| Name::parse("name", &text));
        let text = fields.optional("description", |text: String| description(&text));
        let cost = fields.required("cost", |cost| amount("cost", cost));
        let image_id = fields.nullable("image_id", image_id);
        Ok(Self {
            name: name?,
            description: text?.unwrap_or_default(),
            cost: cost?,
            image_id: image_id?,
        })
    }
}

impl PartialSchema for RewardPatch {
    fn schema() -> RefOr<Schema> {
        schemas::body("What is to be changed of a reward.", json!({"cost": 10}))
            .property("name", schemas::name())
            .property("description", schemas::description())
            .property("cost", schemas::amount())
            .property("image_id", schemas::nullable(schemas::line(), Type::String))
            .into()
    }
}

impl ToSchema for RewardPatch {}

impl FromFields for RewardPatch {
    const ALLOWED: &'static [&'static str] = NewReward::ALLOWED;
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let name = fields.optional("name", |text: String| Name::parse("name", &text));
        let text = fields.optional("description", |text: String| description(&text));
        let cost = fields.optional("cost", |cost| amount("cost", cost));
        let image_id = fields.patch("image_id", image_id);
        Ok(Self { name: name?, description: text?, cost: cost?, image_id: image_id? })
    }
}
