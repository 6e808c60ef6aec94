//! Lists, creates, edits and deletes rewards.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::library::{Kind, suggestions};
use crate::domain::{Icon, Page, Reward, RewardId};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::state::AppState;
use crate::service::{NewReward, Parent, RewardPatch, Service};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::{self, REWARDS};
use crate::web::texts::Texts;
use crate::web::views::edit::{Suggestion, Wanted, icon_name};
use crate::web::visit::{Visit, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(REWARDS, get(list))
        .route("/app/rewards/new", get(new).post(create))
        .route("/app/rewards/{id}", get(edit).post(update))
        .route("/app/rewards/{id}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "web/pages/planning/rewards.html")]
struct ListPage {
    shell: Shell,
    rewards: Vec<Row>,
    is_saved: bool,
}

struct Row {
    id: String,
    name: String,
    icon: &'static str,
    description: String,
    cost: i64,
    is_shared: bool,
}

async fn list(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let rewards = service.rewards(&parent, Page::ALL).await?.records;
    let row = |reward: &Arc<Reward>| Row {
        id: reward.id.as_str().to_owned(),
        name: reward.name.as_str().to_owned(),
        icon: reward.icon.map_or("gift", Icon::as_str),
        description: reward.description.to_string(),
        cost: reward.cost.get(),
        is_shared: reward.user_id.is_none(),
    };
    let rewards = rewards.iter().map(row).collect();
    let shell = Shell::new(&visit, Texts::of(visit.language).navigation.rewards).section(REWARDS);
    page(&ListPage { shell, rewards, is_saved: wanted.is_saved() })
}

#[derive(Template)]
#[template(path = "web/pages/planning/reward_new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    suggestions: Vec<Suggestion>,
    /// Where to go afterwards.
    next: String,
    /// The page again, to add several.
    here: String,
    /// Whether the family begins with it.
    is_first: bool,
    is_saved: bool,
    key: String,
}

impl NewPage {
    async fn of(
        service: &Service,
        parent: &Parent,
        visit: &Visit,
        form: Form,
        next: Option<&str>,
    ) -> Result<Self, ApiError> {
        let language = visit.language;
        let all = service.rewards(parent, Page::ALL).await?.records;
        let used = all.iter().map(|reward| reward.name.as_str());
        let to = |usual| next.map_or(usual, |next| links::next(Some(next))).to_owned();
        Ok(Self {
            shell: Shell::new(visit, Texts::of(language).plan.reward.new).section(REWARDS),
            form,
            suggestions: suggestions(Kind::Rewards, used, language),
            next: to(REWARDS),
            here: to("/app/rewards/new?saved=1"),
            is_first: all.is_empty(),
            is_saved: false,
            key: new_key(),
        })
    }
}

async fn new(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let next = wanted.next.as_deref();
    let shown = NewPage::of(&service, &parent, &visit, Form::default(), next).await?;
    page(&NewPage { is_saved: wanted.is_saved(), ..shown })
}

async fn create(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let created = async {
        let new: NewReward = form.read()?;
        Ok(service.create_reward(&parent, form.key()?, new).await?)
    };
    match created.await {
        Ok(_) => Ok(see_other(links::next(form.text("next")))),
        Err(error) => {
            let next = form.text("next").map(str::to_owned);
            let form = form.refused(error)?;
            let shown = NewPage::of(&service, &parent, &visit, form, next.as_deref()).await?;
            page_with(StatusCode::BAD_REQUEST, &NewPage { is_first: false, ..shown })
        }
    }
}

#[derive(Template)]
#[template(path = "web/pages/planning/reward_edit.html")]
struct EditPage {
    shell: Shell,
    id: String,
    form: Form,
}

impl EditPage {
    fn new(visit: &Visit, reward: &Reward, form: Form) -> Self {
        let shell = Shell::new(visit, reward.name.as_str()).section(REWARDS);
        Self { shell, id: reward.id.as_str().to_owned(), form }
    }
}

async fn edit(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let reward = service.reward(&parent, &id.into()).await?;
    if reward.user_id.is_none() {
        // A shared one cannot be edited.
        return Ok(see_other(REWARDS));
    }
    let form = Form::of([
        ("name", reward.name.as_str().to_owned()),
        ("description", reward.description.to_string()),
        ("cost", reward.cost.get().to_string()),
        ("icon", icon_name(reward.icon)),
    ]);
    page(&EditPage::new(&visit, &reward, form))
}

async fn update(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let id = RewardId::from(id);
    let description = form.text("description").map(str::to_owned);
    let form = form.demand(&["name", "cost"]);
    // An empty one replaces the old one.
    let form = match description {
        Some(text) => form.with("description", text.into()),
        None => form,
    };
    let updated = async {
        let patch: RewardPatch = form.read()?;
        Ok(service.update_reward(&parent, id.clone(), patch).await?)
    };
    match updated.await {
        Ok(_) => Ok(see_other("/app/rewards?saved=1")),
        Err(error) => {
            let form = form.refused(error)?;
            let reward = service.reward(&parent, &id).await?;
            page_with(StatusCode::BAD_REQUEST, &EditPage::new(&visit, &reward, form))
        }
    }
}

async fn delete(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.delete_reward(&parent, id.into()).await?;
    Ok(see_other("/app/rewards?saved=1"))
}
