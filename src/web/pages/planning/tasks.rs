//! Lists, creates, edits and deletes tasks and penalties.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::library::{Kind, suggestions};
use super::schedule::{self, Offered};
use crate::domain::{Icon, Page, Task, TaskId};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::fields::RequestBody;
use crate::http::language::PageLanguage;
use crate::http::state::AppState;
use crate::service::{NewTask, Parent, Service, TaskPatch};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::{self, TASKS};
use crate::web::texts::{Texts, fill};
use crate::web::views::choices::Choice;
use crate::web::views::edit::{Suggestion, Wanted, icon_name};
use crate::web::views::schedules::InWords;
use crate::web::views::{sign_class, signed};
use crate::web::visit::{Visit, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(TASKS, get(list))
        .route("/app/tasks/new", get(new).post(create))
        .route("/app/tasks/{id}", get(edit).post(update))
        .route("/app/tasks/{id}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "web/pages/planning/tasks.html")]
struct ListPage {
    shell: Shell,
    tasks: Vec<Row>,
    penalties: Vec<Row>,
    is_saved: bool,
}

struct Row {
    id: String,
    name: String,
    icon: &'static str,
    points: String,
    class: &'static str,
    details: String,
    is_shared: bool,
}

async fn list(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let children = service.children(&parent, Page::ALL).await?.records;
    let words = InWords::new(&children, service.today(parent.user()), visit.language);
    let all = service.tasks(&parent, Page::ALL).await?.records;
    let rows = |is_good: bool| {
        let of_kind = all.iter().filter(|task| task.is_good == is_good);
        of_kind.map(|task| row(task, &words, visit.language)).collect()
    };
    let (tasks, penalties) = (rows(true), rows(false));
    let shell = Shell::new(&visit, Texts::of(visit.language).plan.task.title).section(TASKS);
    page(&ListPage { shell, tasks, penalties, is_saved: wanted.is_saved() })
}

fn row(task: &Task, words: &InWords<'_>, language: PageLanguage) -> Row {
    let texts = &Texts::of(language).plan;
    let points = if task.is_good { task.points.get() } else { -task.points.get() };
    let schedule = task.schedule.as_ref().filter(|_| task.is_good);
    let schedule = schedule.and_then(|schedule| words.of(schedule));
    let by_parents = task.is_good && !task.is_requestable;
    let by_parents = by_parents.then(|| texts.task.by_parents.to_owned());
    let limit = task.limit.filter(|_| task.is_good);
    let limit = limit.map(|limit| fill(texts.task.limits[limit.per as usize], &[&limit.count()]));
    let parts: Vec<String> = [schedule, limit, by_parents].into_iter().flatten().collect();
    Row {
        id: task.id.as_str().to_owned(),
        name: task.name.as_str().to_owned(),
        icon: task.icon.map_or(if task.is_good { "star" } else { "warning" }, Icon::as_str),
        points: signed(points, language),
        class: sign_class(points),
        details: parts.join(" · "),
        is_shared: task.user_id.is_none(),
    }
}

#[derive(Template)]
#[template(path = "web/pages/planning/task_new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    offered: Offered,
    limit_periods: Vec<Choice>,
    tasks: Vec<Suggestion>,
    penalties: Vec<Suggestion>,
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
        let children = service.children(parent, Page::ALL).await?.records;
        let all = service.tasks(parent, Page::ALL).await?.records;
        let used = |is_good: bool| {
            all.iter().filter(move |task| task.is_good == is_good).map(|task| task.name.as_str())
        };
        let here = next.map_or("/app/tasks/new?saved=1", |next| links::next(Some(next)));
        Ok(Self {
            shell: Shell::new(visit, Texts::of(language).plan.task.new).section(TASKS),
            offered: Offered::new(&form, &children, &all, false, language),
            limit_periods: limit_periods(&form, language),
            form,
            tasks: suggestions(Kind::Tasks, used(true), language),
            penalties: suggestions(Kind::Penalties, used(false), language),
            next: next.map_or(TASKS, |next| links::next(Some(next))).to_owned(),
            here: here.to_owned(),
            is_first: used(true).next().is_none(),
            is_saved: false,
            key: new_key(),
        })
    }
}

fn limit_periods(form: &Form, language: PageLanguage) -> Vec<Choice> {
    let texts = &Texts::of(language).plan.task;
    let entry = |(value, label): (&str, &str)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        is_chosen: form.value("limit_per") == value,
    };
    texts.limit_periods.into_iter().map(entry).collect()
}

/// The fields of a new task.
fn blank() -> Form {
    let task = [("is_good", "true"), ("requestable", "true")];
    let task = task.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Form::of(task.into_iter().chain(schedule::unplanned()))
}

async fn new(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let next = wanted.next.as_deref();
    let shown = NewPage::of(&service, &parent, &visit, blank(), next).await?;
    page(&NewPage { is_saved: wanted.is_saved(), ..shown })
}

/// The form with what the API has in other forms: the schedule and the limit. A penalty has neither, and keeps those that it
/// had as a task.
fn in_api_form(form: Form) -> Result<Form, Box<(Form, ApiError)>> {
    if !form.has("is_good", "true") {
        return Ok(form);
    }
    let form = if form.text("limit_count").is_some() {
        let count = form.value("limit_count").trim();
        let limit = match count.parse::<i64>() {
            _ if count.is_empty() => Value::Null,
            Ok(count) => json!({"count": count, "per": form.value("limit_per")}),
            Err(_) => Value::String(count.to_owned()),
        };
        form.with("limit", limit)
    } else {
        form
    };
    if form.text("every").is_some() { schedule::with_schedule(form) } else { Ok(form) }
}

/// What the form says, with the form in the form of the API.
fn read<T: RequestBody>(form: Form) -> (Form, Result<T, ApiError>) {
    match in_api_form(form) {
        Ok(form) => {
            let read = form.read();
            (form, read)
        }
        Err(refused) => {
            let (form, error) = *refused;
            // The other wrong fields are marked, too.
            let others = form.read::<T>().err();
            let form = match others {
                Some(others) => form.with_errors(&others),
                None => form,
            };
            (form, Err(error))
        }
    }
}

async fn create(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let (form, new) = read::<NewTask>(form);
    let created = async { Ok(service.create_task(&parent, form.key()?, new?).await?) };
    let Err(error) = created.await else {
        return Ok(see_other(links::next(form.text("next"))));
    };
    let next = form.text("next").map(str::to_owned);
    let form = form.refused(error)?;
    let shown = NewPage::of(&service, &parent, &visit, form, next.as_deref()).await?;
    page_with(StatusCode::BAD_REQUEST, &NewPage { is_first: false, ..shown })
}

#[derive(Template)]
#[template(path = "web/pages/planning/task_edit.html")]
struct EditPage {
    shell: Shell,
    id: String,
    form: Form,
    offered: Offered,
    limit_periods: Vec<Choice>,
}

impl EditPage {
    /// `form` is `None` to show the task as it is.
    async fn of(
        service: &Service,
        parent: &Parent,
        visit: &Visit,
        task: &Task,
        form: Option<Form>,
    ) -> Result<Self, ApiError> {
        let language = visit.language;
        let children = service.children(parent, Page::ALL).await?.records;
        let all = service.tasks(parent, Page::ALL).await?.records;
        let today = service.today(parent.user());
        let form = form.unwrap_or_else(|| {
            Form::of(
                fields(task).into_iter().chain(schedule::fields(task.schedule.as_ref(), today)),
            )
        });
        let has_plan = task.schedule.as_ref().and_then(|it| it.last()?.plan.as_ref()).is_some();
        Ok(Self {
            shell: Shell::new(visit, task.name.as_str()).section(TASKS),
            id: task.id.as_str().to_owned(),
            offered: Offered::new(&form, &children, &all, has_plan, language),
            limit_periods: limit_periods(&form, language),
            form,
        })
    }
}

fn fields(task: &Task) -> Vec<(String, String)> {
    let count = task.limit.map(|limit| limit.count().to_string()).unwrap_or_default();
    let per = task.limit.map_or("day", |limit| limit.per.as_str());
    let fields = [
        ("name", task.name.as_str().to_owned()),
        ("points", task.points.get().to_string()),
        ("is_good", task.is_good.to_string()),
        ("icon", icon_name(task.icon)),
        ("requestable", task.is_requestable.to_string()),
        ("limit_count", count),
        ("limit_per", per.to_owned()),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into()
}

async fn edit(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let task = service.task(&parent, &id.into()).await?;
    if task.user_id.is_none() {
        // A shared one cannot be edited.
        return Ok(see_other(TASKS));
    }
    page(&EditPage::of(&service, &parent, &visit, &task, None).await?)
}

async fn update(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let id = TaskId::from(id);
    let (form, patch) = read::<TaskPatch>(form.demand(&["name", "points"]));
    let updated = async { Ok(service.update_task(&parent, id.clone(), patch?).await?) };
    let Err(error) = updated.await else {
        return Ok(see_other("/app/tasks?saved=1"));
    };
    let form = form.refused(error)?;
    let task = service.task(&parent, &id).await?;
    let shown = EditPage::of(&service, &parent, &visit, &task, Some(form)).await?;
    page_with(StatusCode::BAD_REQUEST, &shown)
}

async fn delete(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.delete_task(&parent, id.into()).await?;
    Ok(see_other("/app/tasks?saved=1"))
}
