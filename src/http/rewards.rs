//! Rewards, and the requests for them that wait.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::ApiError;
use super::extract::Path;
use super::input::{Fields, FromFields, Input};
use super::query::{Paging, Query};
use super::records::{PageBody, PendingBody, RewardBody, bodies};
use crate::domain::{Invalid, Name, Reward};
use crate::service::input::{amount, description, image_id};
use crate::service::{Caller, NewReward, Offer, Parent, RewardPatch, Service};

/// One reward.
#[derive(Serialize)]
pub(super) struct RewardAnswer {
    reward: RewardBody,
}

/// Some of the rewards.
#[derive(Serialize)]
pub(super) struct RewardsAnswer {
    rewards: Vec<RewardBody>,
    #[serde(flatten)]
    page: PageBody,
}

/// Some of the rewards as one child sees them.
#[derive(Serialize)]
pub(super) struct OffersAnswer {
    rewards: Vec<OfferBody>,
    #[serde(flatten)]
    page: PageBody,
}

#[derive(Serialize)]
struct OfferBody {
    #[serde(flatten)]
    reward: RewardBody,
    points_needed: i64,
    affordable: bool,
    requested: bool,
}

/// Some of the requests that wait.
#[derive(Serialize)]
pub(super) struct PendingAnswer {
    pending_rewards: Vec<PendingBody>,
    #[serde(flatten)]
    page: PageBody,
}

/// `GET /rewards`
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Json<RewardsAnswer> {
    let listing = service.rewards(&caller, page);
    Json(RewardsAnswer {
        page: PageBody::new(page, listing.total),
        rewards: bodies(listing, RewardBody),
    })
}

/// `POST /rewards`
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Input(new): Input<NewReward>,
) -> Result<(StatusCode, Json<RewardAnswer>), ApiError> {
    let reward = service.create_reward(&parent, new).await?;
    Ok((StatusCode::CREATED, answer(reward)))
}

/// `GET /rewards/{id}`
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<RewardAnswer>, ApiError> {
    Ok(answer(service.reward(&caller, &id.into())?))
}

/// `PATCH /rewards/{id}`
pub(super) async fn update(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<RewardPatch>,
) -> Result<Json<RewardAnswer>, ApiError> {
    let reward = service.update_reward(&parent, id.into(), patch).await?;
    Ok(answer(reward))
}

/// `DELETE /rewards/{id}`
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.delete_reward(&parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /children/{id}/rewards`
pub(super) async fn offers(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Json<OffersAnswer>, ApiError> {
    let listing = service.offers(&caller, &id.into(), page)?;
    Ok(Json(OffersAnswer {
        page: PageBody::new(page, listing.total),
        rewards: bodies(listing, OfferBody::from),
    }))
}

/// `GET /rewards/pending`
pub(super) async fn pending(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Json<PendingAnswer> {
    let listing = service.pending_rewards(&caller, page);
    Json(PendingAnswer {
        page: PageBody::new(page, listing.total),
        pending_rewards: bodies(listing, PendingBody),
    })
}

fn answer(reward: Arc<Reward>) -> Json<RewardAnswer> {
    let reward = RewardBody(reward);
    Json(RewardAnswer { reward })
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

impl FromFields for NewReward {
    const ALLOWED: &'static [&'static str] = &["name", "description", "cost", "image_id"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let text: Option<String> = fields.optional("description")?;
        Ok(Self {
            name: Name::parse("name", &fields.required::<String>("name")?)?,
            description: description(&text.unwrap_or_default())?,
            cost: amount("cost", fields.required("cost")?)?,
            image_id: fields.nullable("image_id")?.map(image_id).transpose()?,
        })
    }
}

impl FromFields for RewardPatch {
    const ALLOWED: &'static [&'static str] = NewReward::ALLOWED;

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let name: Option<String> = fields.optional("name")?;
        let text: Option<String> = fields.optional("description")?;
        let cost: Option<i64> = fields.optional("cost")?;
        Ok(Self {
            name: name.map(|name| Name::parse("name", &name)).transpose()?,
            description: text.map(|text| description(&text)).transpose()?,
            cost: cost.map(|cost| amount("cost", cost)).transpose()?,
            image_id: fields.patch("image_id")?.try_map(image_id)?,
        })
    }
}
