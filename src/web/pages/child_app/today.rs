//! What a child sees first: its points, and what it can do today.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::me::{Me, act, shell};
use super::rewards::Saving;
use super::tiles::{Look, Tap, TaskTile, Tiles};
use crate::domain::badges::BadgeId;
use crate::domain::calendar::Day;
use crate::domain::progress::StreakDay;
use crate::domain::{MutationDetails, Operation, Page};
use crate::http::certificates::badge_name;
use crate::http::error::ApiError;
use crate::http::resources::badge_images;
use crate::http::resources::mutations::{Answer, Noted};
use crate::http::state::AppState;
use crate::service::{DeviceTokens, Progress, Service, ServiceError, TaskState, Today};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::links::CHILD;
use crate::web::texts::fill;
use crate::web::views::events::{EventLine, Lines};
use crate::web::views::history::Wanted;
use crate::web::views::moments::Moments;
use crate::web::visit::{OfChild, Visitor};

/// How many of the last events the page shows.
const RECENT: usize = 5;
/// From how many tasks on they can be searched.
const MANY: usize = 8;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(CHILD, get(show))
        .route("/app/child/claim", post(claim))
        .route("/app/child/withdraw", post(withdraw))
}

#[derive(Template)]
#[template(path = "web/pages/child_app/today.html")]
struct TodayPage {
    shell: Shell,
    me: Me,
    reserved: Option<String>,
    /// What is due today.
    due: Vec<TaskTile>,
    done: usize,
    done_text: String,
    /// The other tasks.
    more: Vec<TaskTile>,
    streak: String,
    week: Vec<Dot>,
    goal: Option<Saving>,
    badges: BadgeCount,
    events: Vec<EventLine>,
    /// Whether several children use the device.
    is_shared: bool,
}

/// A day of the week.
struct Dot {
    /// The first two letters of the name.
    short: String,
    name: &'static str,
    class: &'static str,
    state: &'static str,
    is_today: bool,
}

/// The badges that the child has, and the newest one.
struct BadgeCount {
    /// How often the child has earned one. A badge can be earned every week.
    count: usize,
    /// How many different ones it has.
    text: String,
    announcement: String,
    picture: Option<String>,
}

impl TodayPage {
    fn is_searchable(&self) -> bool {
        self.more.len() > MANY
    }

    fn is_all_done(&self) -> bool {
        !self.due.is_empty() && self.done == self.due.len()
    }
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who, visit }: Visitor<OfChild>,
    held: DeviceTokens,
) -> Result<Response, ApiError> {
    let OfChild { caller, child_id } = &who;
    let state = service.child(caller, child_id).await?;
    let shell = shell(&visit, state.child.name.as_str()).section(CHILD);
    let (language, texts) = (shell.language, shell.texts());
    let moments = Moments::of(caller, &service, language);
    let tasks = service.task_states(caller, child_id, Page::ALL).await?.records;
    let today = service.occurrences_of_day(caller, child_id, None).await?;
    let tiles = Tiles { shell: &shell, moments: &moments, now: service.now() };
    let (due, more) = sorted(&tiles, &tasks, &today);
    let progress = service.progress(caller, child_id).await?;
    let days = progress.streaks.current.map_or(0, |run| i64::from(run.days));
    let week = service.streak_week(caller, child_id).await?;
    let offers = service.offers(caller, child_id, Page::ALL).await?.records;
    let saved_for =
        state.child.goal.as_ref().and_then(|goal| offers.iter().find(|it| it.reward.id == *goal));
    let done = due.iter().filter(|tile| tile.look == Look::Done).count();
    let counts = [done, due.len()].map(|count| language.number(i64::try_from(count).unwrap_or(0)));
    let done_text = fill(texts.child_app.done_of, &[&counts[0], &counts[1]]);
    page(&TodayPage {
        me: Me::of(&state.child, &shell),
        reserved: (state.reserved > 0).then(|| texts.home.reserved.of(state.reserved, language)),
        due,
        done,
        done_text,
        more,
        streak: texts.home.streak.of(days, language),
        week: week.into_iter().map(|day| dot(day, today.day, &shell)).collect(),
        goal: saved_for.map(|offer| Saving::of(offer, state.child.points.get(), &shell)),
        badges: badges(&service, &who, &progress, &shell).await?,
        events: recent(&service, &who, moments, &shell).await?,
        is_shared: is_shared(&service, &who, &held).await?,
        shell,
    })
}

/// Whether the session is that of a device which other children use, too.
async fn is_shared(
    service: &Service,
    who: &OfChild,
    held: &DeviceTokens,
) -> Result<bool, ServiceError> {
    let children = service.device_children(held).await?;
    let is_mine = children.iter().any(|it| it.is_current && it.child.id == who.child_id);
    Ok(is_mine && children.len() > 1)
}

/// The tasks that are due today, and those that can be done at any time. A task with a schedule appears on its days only.
fn sorted(tiles: &Tiles<'_>, tasks: &[TaskState], today: &Today) -> (Vec<TaskTile>, Vec<TaskTile>) {
    let of = |task: &TaskState| today.occurrences.iter().find(|it| it.task.id == task.task.id);
    let due = today.occurrences.iter().filter_map(|shown| {
        let task = tasks.iter().find(|task| task.task.id == shown.task.id)?;
        Some(tiles.tile(task, Some(shown)))
    });
    let more = tasks.iter().filter(|task| {
        let schedule = task.task.schedule.as_ref();
        let is_scheduled = schedule.is_some_and(|schedule| schedule.is_active(today.day));
        let is_any_time = task.task.is_requestable && !is_scheduled;
        of(task).is_none() && (task.pending.is_some() || is_any_time)
    });
    (due.collect(), more.map(|task| tiles.tile(task, None)).collect())
}

fn dot((day, state): (Day, StreakDay), today: Day, shell: &Shell) -> Dot {
    let texts = &shell.texts().child_app;
    let name = shell.texts().plan.words.weekdays[day.weekday() as usize];
    let (class, state) = match state {
        StreakDay::Counts => ("counts", texts.day_counts),
        StreakDay::Open => ("open", texts.day_open),
        StreakDay::Neutral => ("neutral", texts.day_neutral),
        StreakDay::Missed => ("missed", texts.day_missed),
    };
    Dot { short: name.chars().take(2).collect(), name, class, state, is_today: day == today }
}

async fn badges(
    service: &Service,
    who: &OfChild,
    progress: &Progress,
    shell: &Shell,
) -> Result<BadgeCount, ServiceError> {
    let (language, texts) = (shell.language, &shell.texts().child_app);
    let awards = service.awards(&who.caller, &who.child_id, Page::ALL).await?.records;
    let held = awards.iter().filter(|award| award.revoked_at.is_none());
    let count = held.clone().count();
    let different: HashSet<&BadgeId> = held.map(|award| &award.key.badge_id).collect();
    let different = i64::try_from(different.len()).unwrap_or(i64::MAX);
    let newest = progress.newest.first();
    let name = newest.map(|award| badge_name(&award.key.badge_id, &award.badge_name, language));
    Ok(BadgeCount {
        count,
        text: texts.badges_earned.of(different, language),
        announcement: name.map_or_else(String::new, |name| fill(texts.newest_badge, &[&name])),
        picture: newest.map(|award| badge_images::address(&award.metric, award.key.grade)),
    })
}

async fn recent(
    service: &Service,
    who: &OfChild,
    moments: Moments,
    shell: &Shell,
) -> Result<Vec<EventLine>, ServiceError> {
    let mut query = Wanted::default().query();
    query.page.limit = RECENT;
    let members = service.members(&who.caller).await?;
    let lines = Lines::new(moments, shell.language, &members).of_own_child();
    lines.read(&service.tracking_of_child(&who.caller, &who.child_id, query).await?).await
}

async fn claim(
    State(service): State<Arc<Service>>,
    Visitor { who, .. }: Visitor<OfChild>,
    form: Form,
) -> Result<Response, ApiError> {
    let Noted(details) = form.read()?;
    let task = Operation::RequestTask(form.value("task_id").into());
    act(&service, &who, &form, task, details, CHILD).await
}

async fn withdraw(
    State(service): State<Arc<Service>>,
    Visitor { who, .. }: Visitor<OfChild>,
    form: Form,
) -> Result<Response, ApiError> {
    let Answer(details) = form.read()?;
    let details = MutationDetails { note: None, ..details };
    let task = Operation::CancelTask(form.value("task_id").into());
    act(&service, &who, &form, task, details, CHILD).await
}
