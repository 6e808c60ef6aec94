//! The first page of an adult: what waits for an answer, and the children.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use crate::domain::{Child, Icon, Note, Page, PendingReward, PendingTask, Reward, Task};
use crate::http::error::ApiError;
use crate::http::language::PageLanguage;
use crate::http::state::AppState;
use crate::service::{Adult, Caller, ChildState, Service, ServiceError, SessionRole};
use crate::web::form::new_key;
use crate::web::layout::{Shell, page};
use crate::web::links::{APP, CHILD, CONSOLE};
use crate::web::texts::Texts;
use crate::web::views::events::{EventLine, Lines};
use crate::web::views::face::Face;
use crate::web::views::moments::{Moment, Moments};
use crate::web::views::snack::Done;
use crate::web::views::{sign_class, signed};
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(APP, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/family/home.html")]
struct HomePage {
    shell: Shell,
    requests: Vec<Request>,
    children: Vec<Card>,
    /// The steps to begin with; empty if the family has taken all of them.
    steps: Vec<Step>,
    snack: Option<EventLine>,
    /// Whether the adult can create children.
    may_edit: bool,
    key: String,
}

/// What a child asks for.
struct Request {
    is_task: bool,
    face: Face,
    id: String,
    item_id: String,
    name: String,
    icon: &'static str,
    points: i64,
    moment: Option<Moment>,
    note: Option<String>,
    key: String,
}

/// A child in the overview.
struct Card {
    face: Face,
    points: i64,
    points_text: String,
    reserved: Option<String>,
    /// What a parent may see of its progress.
    progress: Option<Today>,
}

struct Today {
    change: String,
    class: &'static str,
    streak: String,
}

struct Step {
    label: &'static str,
    address: &'static str,
    is_done: bool,
}

/// Shows a child its own page, and an administrator without a family the console.
async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: caller, visit }: Visitor<Caller>,
    Query(done): Query<Done>,
) -> Result<Response, ApiError> {
    if caller.child_id().is_some() {
        return Ok(see_other(CHILD));
    }
    let adult = caller.into_adult()?;
    let children = service.children(&adult, Page::ALL).await?.records;
    let tasks = service.tasks(&adult, Page::ALL).await?.records;
    let rewards = service.rewards(&adult, Page::ALL).await?.records;
    if *adult.role() == SessionRole::Admin && children.is_empty() {
        return Ok(see_other(CONSOLE));
    }
    let language = visit.language;
    let moments = Moments::of(&adult, &service, language);
    let requests = requests(&service, &adult, &children, &tasks, &rewards, &moments).await?;
    let mut cards = Vec::with_capacity(children.len());
    for child in &children {
        cards.push(card(&service, &adult, child, language).await?);
    }
    let lines = Lines::new(moments, language, &[]);
    let title = Texts::of(language).home.title;
    let shell = Shell::new(&visit, title).live().section(APP);
    page(&HomePage {
        may_edit: !adult.is_helper(),
        steps: steps(&shell, &children, &tasks, &rewards),
        shell,
        requests,
        children: cards,
        snack: done.line(&service, &adult, &lines).await?,
        key: new_key(),
    })
}

/// The requests of all children, the oldest first.
async fn requests(
    service: &Service,
    adult: &Adult,
    children: &[Arc<ChildState>],
    tasks: &[Arc<Task>],
    rewards: &[Arc<Reward>],
    moments: &Moments,
) -> Result<Vec<Request>, ServiceError> {
    let children: HashMap<&str, &Child> =
        children.iter().map(|it| (it.child.id.as_str(), &*it.child)).collect();
    let icons = tasks.iter().map(|it| (it.id.as_str(), it.icon));
    let icons = icons.chain(rewards.iter().map(|it| (it.id.as_str(), it.icon)));
    let icons: HashMap<&str, Option<Icon>> = icons.collect();
    let icon = |id: &str, usual| icons.get(id).copied().flatten().map_or(usual, Icon::as_str);
    let of_task = |request: &Arc<PendingTask>| {
        Some(Request {
            is_task: true,
            face: Face::of(children.get(request.child_id.as_str())?),
            id: request.id.as_str().to_owned(),
            item_id: request.task_id.as_str().to_owned(),
            name: request.task_name.as_str().to_owned(),
            icon: icon(request.task_id.as_str(), "star"),
            points: request.points.get(),
            moment: Some(moments.of_moment(request.created_at)),
            note: request.note.as_ref().map(|note: &Note| note.as_str().to_owned()),
            key: new_key(),
        })
    };
    let of_reward = |request: &Arc<PendingReward>| {
        let reward = rewards.iter().find(|reward| reward.id == request.reward_id);
        let cost = request.cost.or_else(|| Some(reward?.cost));
        Some(Request {
            is_task: false,
            face: Face::of(children.get(request.child_id.as_str())?),
            id: request.id.as_str().to_owned(),
            item_id: request.reward_id.as_str().to_owned(),
            name: request.reward_name.as_str().to_owned(),
            icon: icon(request.reward_id.as_str(), "gift"),
            points: cost.map_or(0, crate::domain::Amount::get),
            moment: request.created_at.map(|at| moments.of_moment(at)),
            note: request.note.as_ref().map(|note: &Note| note.as_str().to_owned()),
            key: new_key(),
        })
    };
    let tasks = service.pending_tasks(adult, Page::ALL).await?.records;
    let rewards = service.pending_rewards(adult, Page::ALL).await?.records;
    let mut requests: Vec<Request> = tasks.iter().filter_map(of_task).collect();
    requests.extend(rewards.iter().filter_map(of_reward));
    requests.sort_by_key(|request| request.moment.as_ref().map(|moment| moment.iso.clone()));
    Ok(requests)
}

async fn card(
    service: &Service,
    adult: &Adult,
    state: &ChildState,
    language: PageLanguage,
) -> Result<Card, ServiceError> {
    let texts = Texts::of(language);
    let child = &state.child;
    let progress = if adult.is_helper() {
        None
    } else {
        let progress = service.progress(adult, &child.id).await?;
        let figures = progress.today.figures;
        let change = figures.earned - figures.lost - figures.spent;
        let days = progress.streaks.current.map_or(0, |run| i64::from(run.days));
        let streak = texts.home.streak.of(days, language);
        Some(Today { change: signed(change, language), class: sign_class(change), streak })
    };
    let points = child.points.get();
    Ok(Card {
        face: Face::of(child),
        points,
        points_text: language.number(points),
        reserved: (state.reserved > 0).then(|| texts.home.reserved.of(state.reserved, language)),
        progress,
    })
}

fn steps(
    shell: &Shell,
    children: &[Arc<ChildState>],
    tasks: &[Arc<Task>],
    rewards: &[Arc<Reward>],
) -> Vec<Step> {
    let texts = &shell.texts().home;
    let step = |label, address, is_done| Step { label, address, is_done };
    let steps = vec![
        step(texts.add_child, "/app/children/new?next=/app", !children.is_empty()),
        step(texts.add_task, "/app/tasks/new?next=/app", tasks.iter().any(|task| task.is_good)),
        step(texts.add_reward, "/app/rewards/new?next=/app", !rewards.is_empty()),
    ];
    if steps.iter().all(|step| step.is_done) { Vec::new() } else { steps }
}
