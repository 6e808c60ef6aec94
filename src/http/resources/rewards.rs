//! Rewards, and the pending requests for them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::{IdempotencyKey, Page, PendingReward, Reward, RewardId};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::field_types::{AMOUNT, DESCRIPTION, ICON, IMAGE_ID, NAME};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::RECORD_FIELDS;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Errors, SharedErrors, tags};
use crate::http::resources::crud::{Resource, ServiceResult, Texts};
use crate::http::resources::records::{RecordBody, RewardBody};
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::{Caller, Created, Listing, NewReward, Offer, Parent, RewardPatch, Service};

impl Resource for Reward {
    type Shown = Self;
    type New = NewReward;
    type Patch = RewardPatch;
    type UpdateErrors = SharedErrors;
    type DeleteErrors = SharedErrors;

    const TEXTS: Texts = Texts {
        tag: tags::REWARDS,
        one: "a reward",
        many: "the rewards",
        list: "The family's own and the shared ones, in the order of their creation.",
        create: "`cost` is the number of points that a child pays for it.",
        update: "Fields that are left out keep their values. Shared rewards cannot be updated.",
        delete: "The pending requests for it end. Its events stay. Shared rewards cannot be deleted.",
    };

    async fn list(
        service: &Service,
        caller: &Caller,
        page: Page,
    ) -> ServiceResult<Listing<Arc<Self>>> {
        service.rewards(caller, page).await
    }

    async fn create(
        service: &Service,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewReward,
    ) -> ServiceResult<Created<Self>> {
        service.create_reward(parent, key, new).await
    }

    async fn get(service: &Service, caller: &Caller, id: RewardId) -> ServiceResult<Arc<Self>> {
        service.reward(caller, &id).await
    }

    async fn update(
        service: &Service,
        parent: &Parent,
        id: RewardId,
        patch: RewardPatch,
    ) -> ServiceResult<Arc<Self>> {
        service.update_reward(parent, id, patch).await
    }

    async fn delete(service: &Arc<Service>, parent: &Parent, id: RewardId) -> ServiceResult<()> {
        service.delete_reward(parent, id).await
    }
}

// `utoipa::path` takes no generic types.
type OfferPage = PageOf<OfferBody>;
type PendingRewardPage = PageOf<RecordBody<PendingReward>>;

/// A reward and what it means for one child.
#[derive(Serialize, ToSchema)]
#[schema(as = RewardOffer)]
pub(crate) struct OfferBody {
    #[serde(flatten)]
    reward: RewardBody,
    /// The number of points that the child lacks; 0 if it has enough.
    #[schema(minimum = 0)]
    points_needed: i64,
    /// Whether the child has enough points.
    affordable: bool,
    /// Whether the child has a pending request for the reward.
    requested: bool,
}

impl ListItem for OfferBody {
    const FIELD: &'static str = "rewards";
}

impl From<Offer> for OfferBody {
    fn from(offer: Offer) -> Self {
        Self {
            points_needed: offer.points_needed,
            affordable: offer.points_needed == 0,
            requested: offer.requested,
            reward: RecordBody(offer.reward),
        }
    }
}

/// List the rewards for one child
///
/// With what the child can afford, how many points it lacks, and what it has requested.
#[utoipa::path(
    get,
    path = "/children/{id}/rewards",
    operation_id = "listRewardOffers",
    tag = tags::REWARDS,
    params(("id" = String, Path, description = "The id of the child."), Paging),
    responses(
        (status = 200, description = "A page of the list", body = OfferPage),
        Errors<Caller, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn offers(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let offers = service.offers(&caller, &id.into(), page).await?;
    json::list(&service, &caller, PageOf::new(page, offers, OfferBody::from)).await
}

/// List the pending requests for rewards
///
/// In a child's session, only that child's own.
#[utoipa::path(
    get,
    path = "/rewards/pending",
    operation_id = "listPendingRewards",
    tag = tags::REWARDS,
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = PendingRewardPage),
        Errors<Caller, Query<Paging>>
    )
)]
pub(crate) async fn pending(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let requests = service.pending_rewards(&caller, page).await?;
    json::list(&service, &caller, PageOf::new(page, requests, RecordBody)).await
}

impl RequestBody for NewReward {
    const NAME: &'static str = "NewReward";
    const ABOUT: &'static str = "A new reward.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"name": "Ice cream", "cost": 12})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.required("name", NAME);
        let description = fields.with_default("description", DESCRIPTION, String::new());
        let cost = fields.required("cost", AMOUNT);
        let image_id = fields.nullable("image_id", IMAGE_ID);
        let icon = fields.nullable("icon", ICON);
        Ok(Self {
            name: name?,
            description: description?,
            cost: cost?,
            image_id: image_id?,
            icon: icon?,
        })
    }
}

impl RequestBody for RewardPatch {
    const NAME: &'static str = "RewardPatch";
    const ABOUT: &'static str = "The fields of a reward to update.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"cost": 10})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.optional("name", NAME);
        let description = fields.optional("description", DESCRIPTION);
        let cost = fields.optional("cost", AMOUNT);
        let image_id = fields.patch("image_id", IMAGE_ID);
        let icon = fields.patch("icon", ICON);
        Ok(Self {
            name: name?,
            description: description?,
            cost: cost?,
            image_id: image_id?,
            icon: icon?,
        })
    }
}
