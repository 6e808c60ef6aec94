//! Lists, hides, creates, edits and deletes badges.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::Value;

use crate::domain::badges::{Badge, BadgeId, BadgePeriod, Metric};
use crate::domain::{Icon, Page, Task};
use crate::http::certificates::badge_name;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::language::PageLanguage;
use crate::http::state::AppState;
use crate::service::{BadgePatch, BadgeState, NewBadge, Parent, Service};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::BADGES;
use crate::web::texts::Texts;
use crate::web::views::choices::Choice;
use crate::web::views::edit::{Wanted, icon_name};
use crate::web::visit::{Visit, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(BADGES, get(list))
        .route("/app/badges/new", get(new).post(create))
        .route("/app/badges/{id}", get(edit).post(update))
        .route("/app/badges/{id}/hidden", post(hide))
        .route("/app/badges/{id}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "web/pages/planning/badges.html")]
struct ListPage {
    shell: Shell,
    own: Vec<Row>,
    built_in: Vec<Row>,
    is_saved: bool,
}

struct Row {
    id: String,
    name: String,
    icon: &'static str,
    /// What it needs.
    needs: String,
    is_hidden: bool,
}

async fn list(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let tasks = service.tasks(&parent, Page::ALL).await?.records;
    let names: HashMap<&str, &str> =
        tasks.iter().map(|task| (task.id.as_str(), task.name.as_str())).collect();
    let badges = service.badges(&parent, Page::ALL).await?.records;
    let rows = |is_own: bool| {
        let of_kind = badges.iter().filter(|it| it.badge.user_id.is_some() == is_own);
        of_kind.map(|it| row(it, &names, visit.language)).collect()
    };
    let (own, built_in) = (rows(true), rows(false));
    let shell = Shell::new(&visit, Texts::of(visit.language).navigation.badges).section(BADGES);
    page(&ListPage { shell, own, built_in, is_saved: wanted.is_saved() })
}

fn row(state: &BadgeState, tasks: &HashMap<&str, &str>, language: PageLanguage) -> Row {
    let badge = &state.badge;
    Row {
        id: badge.id.as_str().to_owned(),
        name: badge_name(&badge.id, &badge.name, language),
        icon: badge.icon.map_or("star", Icon::as_str),
        needs: needs(badge, tasks, language),
        is_hidden: state.is_hidden,
    }
}

/// `Tasks done: 10, 50, 100`.
fn needs(badge: &Badge, tasks: &HashMap<&str, &str>, language: PageLanguage) -> String {
    let texts = &Texts::of(language).plan.badge;
    let task = badge.metric.task().and_then(|id| tasks.get(id)).copied();
    let named = texts.metrics.iter().find(|(value, _)| *value == badge.metric.as_str());
    let what = task.or(named.map(|(_, name)| *name)).unwrap_or_default();
    let grades: Vec<String> =
        badge.thresholds.values().iter().map(|value| language.number(*value)).collect();
    let period = match badge.period {
        None => String::new(),
        Some(BadgePeriod::Week) => format!(" {}", texts.in_week),
        Some(BadgePeriod::Month) => format!(" {}", texts.in_month),
    };
    format!("{what}{period}: {}", grades.join(" · "))
}

#[derive(Template)]
#[template(path = "web/pages/planning/badge_form.html")]
struct FormPage {
    shell: Shell,
    /// `None` for a new one.
    id: Option<String>,
    form: Form,
    tasks: Vec<Choice>,
    /// The values of the grades, in their order.
    grades: Vec<Grade>,
    key: String,
}

struct Grade {
    name: &'static str,
    field: String,
    value: String,
    is_required: bool,
}

impl FormPage {
    async fn of(
        service: &Service,
        parent: &Parent,
        visit: &Visit,
        badge: Option<&BadgeState>,
        form: Form,
    ) -> Result<Self, ApiError> {
        let texts = &Texts::of(visit.language).plan.badge;
        let tasks = service.tasks(parent, Page::ALL).await?.records;
        let title = badge.map_or(texts.new, |it| it.badge.name.as_str());
        let grade = |(place, name): (usize, &'static str)| Grade {
            name,
            field: format!("grade-{place}"),
            value: form.all("thresholds").nth(place).unwrap_or_default().to_owned(),
            is_required: place == 0,
        };
        let grades = texts.grade_names.into_iter().enumerate().map(grade).collect();
        Ok(Self {
            shell: Shell::new(visit, title).section(BADGES),
            id: badge.map(|it| it.badge.id.as_str().to_owned()),
            tasks: task_entries(&form, &tasks, texts.choose_task),
            grades,
            form,
            key: new_key(),
        })
    }
}

fn task_entries(form: &Form, tasks: &[Arc<Task>], none: &str) -> Vec<Choice> {
    let none = Choice { value: String::new(), label: none.to_owned(), is_chosen: false };
    let entry = |task: &Arc<Task>| Choice {
        value: task.id.as_str().to_owned(),
        label: task.name.as_str().to_owned(),
        is_chosen: form.value("task_id") == task.id.as_str(),
    };
    let tasks = tasks.iter().filter(|task| task.is_good).map(entry);
    [none].into_iter().chain(tasks).collect()
}

async fn new(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
) -> Result<Response, ApiError> {
    let form = Form::of([("metric", Metric::NAMES[0].to_owned()), ("period", String::new())]);
    page(&FormPage::of(&service, &parent, &visit, None, form).await?)
}

/// The form without the task that a hidden field still has.
fn in_api_form(form: Form) -> Form {
    let is_of_task = form.value("metric") == Metric::TASK_DONE;
    if is_of_task { form } else { form.with("task_id", Value::Null) }
}

async fn create(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let form = in_api_form(form);
    let created = async {
        let new: NewBadge = form.read()?;
        Ok(service.create_badge(&parent, form.key()?, new).await?)
    };
    match created.await {
        Ok(_) => Ok(see_other("/app/badges?saved=1")),
        Err(error) => {
            let form = form.refused(error)?;
            let shown = FormPage::of(&service, &parent, &visit, None, form).await?;
            page_with(StatusCode::BAD_REQUEST, &shown)
        }
    }
}

async fn edit(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let state = service.badge(&parent, &id.into()).await?;
    let badge = &state.badge;
    if badge.user_id.is_none() {
        // A built-in one can only be hidden.
        return Ok(see_other(BADGES));
    }
    let fields = [
        ("name", badge.name.as_str().to_owned()),
        ("icon", icon_name(badge.icon)),
        ("metric", badge.metric.as_str().to_owned()),
        ("task_id", badge.metric.task().unwrap_or_default().to_owned()),
        ("period", badge.period.map_or("", BadgePeriod::as_str).to_owned()),
    ];
    let grades = badge.thresholds.values().iter().map(|it| ("thresholds", it.to_string()));
    let form = Form::of(fields.into_iter().chain(grades));
    page(&FormPage::of(&service, &parent, &visit, Some(&state), form).await?)
}

async fn update(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let (id, form) = (BadgeId::from(id), in_api_form(form.demand(&["name"])));
    let updated = async {
        let patch: BadgePatch = form.read()?;
        Ok(service.update_badge(&parent, id.clone(), patch).await?)
    };
    match updated.await {
        Ok(_) => Ok(see_other("/app/badges?saved=1")),
        Err(error) => {
            let form = form.refused(error)?;
            let state = service.badge(&parent, &id).await?;
            let shown = FormPage::of(&service, &parent, &visit, Some(&state), form).await?;
            page_with(StatusCode::BAD_REQUEST, &shown)
        }
    }
}

/// Hides a badge, or uses it again.
async fn hide(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let patch: BadgePatch = form.read()?;
    service.update_badge(&parent, id.into(), patch).await?;
    Ok(see_other("/app/badges?saved=1"))
}

async fn delete(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.delete_badge(&parent, id.into()).await?;
    Ok(see_other("/app/badges?saved=1"))
}
