//! What a child can have for its points, and what it saves for.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::me::{Me, act, shell};
use crate::domain::{Icon, Operation, Page};
use crate::http::error::ApiError;
use crate::http::resources::mutations::{Answer, Noted};
use crate::http::state::AppState;
use crate::service::{Offer, Service};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page};
use crate::web::texts::Texts;
use crate::web::visit::{OfChild, Visitor, see_other};

const PAGE: &str = "/app/child/rewards";
/// From how many rewards on they can be searched.
const MANY: usize = 8;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(PAGE, get(show))
        .route("/app/child/rewards/request", post(request))
        .route("/app/child/rewards/withdraw", post(withdraw))
        .route("/app/child/goal", post(set_goal))
}

#[derive(Template)]
#[template(path = "web/pages/child_app/rewards.html")]
struct RewardsPage {
    shell: Shell,
    me: Me,
    reserved: Option<String>,
    rewards: Vec<RewardCard>,
}

/// A reward, and how much of it the child has.
pub(super) struct Saving {
    pub(super) name: String,
    pub(super) icon: &'static str,
    pub(super) cost: i64,
    pub(super) cost_text: String,
    /// The points that count, at most the cost.
    pub(super) saved: i64,
    pub(super) state: String,
}

struct RewardCard {
    id: String,
    description: String,
    saving: Saving,
    is_requested: bool,
    is_affordable: bool,
    is_goal: bool,
    key: String,
}

impl RewardsPage {
    fn is_searchable(&self) -> bool {
        self.rewards.len() > MANY
    }
}

impl Saving {
    /// A reward of a child with so many points.
    pub(super) fn of(offer: &Offer, points: i64, shell: &Shell) -> Self {
        let (language, texts) = (shell.language, shell.texts());
        // A pending request has a cost of its own, which the missing points are counted from.
        let cost = if offer.points_needed > 0 {
            points.saturating_add(offer.points_needed)
        } else {
            offer.reward.cost.get()
        };
        let state = match (offer.requested, offer.points_needed) {
            (true, _) => texts.child_app.wished.to_owned(),
            (false, 0) => texts.child_app.enough.to_owned(),
            (false, needed) => texts.child_app.needed.of(needed, language),
        };
        Self {
            name: offer.reward.name.as_str().to_owned(),
            icon: offer.reward.icon.map_or("gift", Icon::as_str),
            cost: cost.max(1),
            cost_text: language.number(offer.reward.cost.get()),
            saved: if cost == 0 { 1 } else { points.clamp(0, cost.max(0)) },
            state,
        }
    }
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who, visit }: Visitor<OfChild>,
) -> Result<Response, ApiError> {
    let OfChild { caller, child_id } = &who;
    let state = service.child(caller, child_id).await?;
    let child = &state.child;
    let shell = shell(&visit, Texts::of(visit.language).navigation.rewards).section(PAGE);
    let (language, texts) = (shell.language, shell.texts());
    let offers = service.offers(caller, child_id, Page::ALL).await?.records;
    let card = |offer: &Offer| RewardCard {
        id: offer.reward.id.as_str().to_owned(),
        description: offer.reward.description.to_string(),
        saving: Saving::of(offer, child.points.get(), &shell),
        is_requested: offer.requested,
        is_affordable: offer.points_needed == 0,
        is_goal: child.goal.as_ref() == Some(&offer.reward.id),
        key: new_key(),
    };
    let mut rewards: Vec<RewardCard> = offers.iter().map(card).collect();
    rewards.sort_by_key(|card| !card.is_goal);
    page(&RewardsPage {
        me: Me::of(child, &shell),
        reserved: (state.reserved > 0).then(|| texts.home.reserved.of(state.reserved, language)),
        rewards,
        shell,
    })
}

async fn request(
    State(service): State<Arc<Service>>,
    Visitor { who, .. }: Visitor<OfChild>,
    form: Form,
) -> Result<Response, ApiError> {
    let Noted(details) = form.read()?;
    let reward = Operation::Request(form.value("reward_id").into());
    act(&service, &who, &form, reward, details, PAGE).await
}

async fn withdraw(
    State(service): State<Arc<Service>>,
    Visitor { who, .. }: Visitor<OfChild>,
    form: Form,
) -> Result<Response, ApiError> {
    let Answer(details) = form.read()?;
    let reward = Operation::Cancel(form.value("reward_id").into());
    act(&service, &who, &form, reward, details, PAGE).await
}

/// Sets the reward that the child saves for. Without one, it saves for none.
async fn set_goal(
    State(service): State<Arc<Service>>,
    Visitor { who: OfChild { caller, child_id }, .. }: Visitor<OfChild>,
    form: Form,
) -> Result<Response, ApiError> {
    let reward = form.text("reward_id").filter(|id| !id.is_empty()).map(Into::into);
    service.set_goal(&caller, child_id, reward).await?;
    Ok(see_other(PAGE))
}
