//! Creates, edits and deletes children.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use crate::domain::{Child, ChildId, Colour, Page, Reward};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::resources::children::Goal;
use crate::http::resources::pins::Pin;
use crate::http::state::AppState;
use crate::service::{ChildPatch, NewChild, Parent, Service};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::{self, APP};
use crate::web::texts::{Texts, fill};
use crate::web::views::choices::Choice;
use crate::web::views::edit::Wanted;
use crate::web::views::face::Face;
use crate::web::visit::{Visit, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/children/new", get(new).post(create))
        .route("/app/children/{id}/edit", get(edit).post(update))
        .route("/app/children/{id}/goal", post(set_goal))
        .route("/app/children/{id}/pin", post(set_pin))
        .route("/app/children/{id}/pin/remove", post(remove_pin))
        .route("/app/children/{id}/delete", get(ask).post(delete))
}

#[derive(Template)]
#[template(path = "web/pages/planning/child_new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    next: String,
    key: String,
}

impl NewPage {
    fn new(visit: &Visit, form: Form, next: &str) -> Self {
        let title = Texts::of(visit.language).home.add_child;
        let shell = Shell::new(visit, title).section(APP);
        Self { shell, form, next: next.to_owned(), key: new_key() }
    }
}

async fn new(
    Visitor { visit, .. }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    page(&NewPage::new(&visit, Form::default(), links::next(wanted.next.as_deref())))
}

async fn create(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let next = links::next(form.text("next")).to_owned();
    let created = async {
        let new: NewChild = form.read()?;
        Ok(service.create_child(&parent, form.key()?, new).await?)
    };
    match created.await {
        Ok(_) => Ok(see_other(&next)),
        Err(error) => {
            let shown = NewPage::new(&visit, form.refused(error)?, &next);
            page_with(StatusCode::BAD_REQUEST, &shown)
        }
    }
}

#[derive(Template)]
#[template(path = "web/pages/planning/child_edit.html")]
struct EditPage {
    shell: Shell,
    face: Face,
    form: Form,
    pin_form: Form,
    goals: Vec<Choice>,
    goal_hint: String,
    pin_hint: String,
    pin_state: String,
    has_pin: bool,
    delete_label: String,
    is_saved: bool,
}

fn filled(child: &Child) -> Form {
    Form::of([
        ("name", child.name.as_str().to_owned()),
        ("age", child.age.map_or_else(String::new, |age| age.to_string())),
        ("colour", child.colour.map_or("", Colour::as_str).to_owned()),
    ])
}

impl EditPage {
    async fn of(
        service: &Service,
        parent: &Parent,
        visit: &Visit,
        id: &ChildId,
    ) -> Result<Self, ApiError> {
        let state = service.child(parent, id).await?;
        let (child, name) = (&state.child, state.child.name.as_str());
        let rewards = service.rewards(parent, Page::ALL).await?.records;
        let texts = &Texts::of(visit.language).plan.child;
        let has_pin = service.has_pin(parent, id).await?;
        Ok(Self {
            shell: Shell::new(visit, fill(texts.edit, &[&name])).section(APP),
            face: Face::of(child),
            form: filled(child),
            pin_form: Form::default(),
            goals: goals(child, &rewards, texts.no_goal),
            goal_hint: fill(texts.goal_hint, &[&name]),
            pin_hint: fill(texts.pin_hint, &[&name]),
            pin_state: fill(if has_pin { texts.has_pin } else { texts.no_pin }, &[&name]),
            has_pin,
            delete_label: fill(texts.delete, &[&name]),
            is_saved: false,
        })
    }
}

fn goals(child: &Child, rewards: &[Arc<Reward>], none: &str) -> Vec<Choice> {
    let none = Choice { value: String::new(), label: none.to_owned(), is_chosen: false };
    let entry = |reward: &Arc<Reward>| Choice {
        value: reward.id.as_str().to_owned(),
        label: reward.name.as_str().to_owned(),
        is_chosen: child.goal.as_ref() == Some(&reward.id),
    };
    [none].into_iter().chain(rewards.iter().map(entry)).collect()
}

async fn edit(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let shown = EditPage::of(&service, &parent, &visit, &id.into()).await?;
    page(&EditPage { is_saved: wanted.is_saved(), ..shown })
}

fn saved_at(id: &ChildId) -> Response {
    see_other(&format!("/app/children/{}/edit?saved=1", id.as_str()))
}

async fn update(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let (id, form) = (ChildId::from(id), form.demand(&["name"]));
    let updated = async {
        let patch: ChildPatch = form.read()?;
        Ok(service.update_child(&parent, id.clone(), patch).await?)
    };
    match updated.await {
        Ok(_) => Ok(saved_at(&id)),
        Err(error) => {
            let form = form.refused(error)?;
            let shown = EditPage::of(&service, &parent, &visit, &id).await?;
            page_with(StatusCode::BAD_REQUEST, &EditPage { form, ..shown })
        }
    }
}

async fn set_goal(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let id = ChildId::from(id);
    let Goal { reward_id } = form.read()?;
    service.set_goal(&parent, id.clone(), reward_id).await?;
    Ok(saved_at(&id))
}

async fn set_pin(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let id = ChildId::from(id);
    let set = async {
        let Pin(pin) = form.read()?;
        Ok(service.set_pin(&parent, id.clone(), Some(pin)).await?)
    };
    match set.await {
        Ok(()) => Ok(saved_at(&id)),
        Err(error) => {
            let pin_form = form.refused(error)?;
            let shown = EditPage::of(&service, &parent, &visit, &id).await?;
            page_with(StatusCode::BAD_REQUEST, &EditPage { pin_form, ..shown })
        }
    }
}

async fn remove_pin(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id = ChildId::from(id);
    service.set_pin(&parent, id.clone(), None).await?;
    Ok(saved_at(&id))
}

#[derive(Template)]
#[template(path = "web/pages/planning/child_delete.html")]
struct DeletePage {
    shell: Shell,
    id: String,
    lead: String,
    ends: String,
    label: String,
}

async fn ask(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let state = service.child(&parent, &id.into()).await?;
    let (child, name) = (&state.child, state.child.name.as_str());
    let texts = Texts::of(visit.language);
    let points = texts.common.points.of(child.points.get(), visit.language);
    let texts = &texts.plan.child;
    page(&DeletePage {
        shell: Shell::new(&visit, fill(texts.delete_title, &[&name])).section(APP),
        id: child.id.as_str().to_owned(),
        lead: fill(texts.delete_lead, &[&name, &points]),
        ends: fill(texts.delete_ends, &[&name]),
        label: fill(texts.delete, &[&name]),
    })
}

async fn delete(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.delete_child(&parent, id.into()).await?;
    Ok(see_other(APP))
}
