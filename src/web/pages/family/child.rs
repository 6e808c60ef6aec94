//! A child, for adults: tasks, penalties and rewards to tap, and what has happened recently.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use crate::domain::calendar::{Day, Period};
use crate::domain::progress::{PeriodKind, Span};
use crate::domain::{ChildId, EventFilter, Icon, Page, SortOrder, Task};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::state::AppState;
use crate::service::{Adult, EventQuery, Offer, Service, ServiceError};
use crate::web::form::new_key;
use crate::web::layout::{Shell, page};
use crate::web::links::APP;
use crate::web::texts::fill;
use crate::web::views::events::{EventLine, Lines};
use crate::web::views::face::Face;
use crate::web::views::moments::Moments;
use crate::web::views::signed;
use crate::web::views::snack::Done;
use crate::web::visit::Visitor;

/// How many of the last events the page shows.
const RECENT: usize = 10;
/// How far back the uses of tasks are counted, in days.
const USES: i32 = 90;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/children/{id}", get(show))
}

#[derive(Template)]
#[template(path = "web/pages/family/child.html")]
struct ChildPage {
    shell: Shell,
    face: Face,
    points: i64,
    points_text: String,
    announcement: String,
    reserved: Option<String>,
    tasks: Vec<Tile>,
    penalties: Vec<Tile>,
    rewards: Vec<Tile>,
    events: Vec<EventLine>,
    snack: Option<EventLine>,
    here: String,
    may_punish: bool,
    may_adjust: bool,
    key: String,
}

/// A task, a penalty or a reward.
struct Tile {
    id: String,
    name: String,
    icon: &'static str,
    /// The change of the points.
    points: String,
    /// Why it cannot be tapped, or that it was requested.
    state: Option<String>,
    is_open: bool,
    key: String,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, visit }: Visitor<Adult>,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, ApiError> {
    let id = ChildId::from(id);
    let state = service.child(&adult, &id).await?;
    let child = &state.child;
    let shell = Shell::new(&visit, child.name.as_str()).live().section(APP);
    let (language, texts) = (visit.language, shell.texts());
    let members = service.members(&adult).await?;
    let lines = Lines::new(Moments::of(&adult, &service, language), language, &members);
    let (tasks, penalties) = tasks(&service, &adult, &id, &shell).await?;
    let offers = service.offers(&adult, &id, Page::ALL).await?.records;
    let points = child.points.get();
    let shown = texts.common.points.of(points, language);
    let announcement = fill(texts.child.has_points, &[&child.name.as_str(), &shown]);
    let may_punish = !adult.is_helper() || adult.user().family.penalties_by_helpers;
    page(&ChildPage {
        face: Face::of(child),
        points,
        points_text: language.number(points),
        announcement,
        reserved: (state.reserved > 0).then(|| texts.home.reserved.of(state.reserved, language)),
        tasks,
        penalties,
        rewards: offers.iter().map(|offer| reward(offer, &shell)).collect(),
        events: recent(&service, &adult, &id, &lines).await?,
        snack: done.line(&service, &adult, &lines).await?,
        here: format!("/app/children/{}", id.as_str()),
        may_punish,
        may_adjust: !adult.is_helper(),
        key: new_key(),
        shell,
    })
}

/// The tasks and the penalties, the most used first.
async fn tasks(
    service: &Service,
    adult: &Adult,
    child: &ChildId,
    shell: &Shell,
) -> Result<(Vec<Tile>, Vec<Tile>), ServiceError> {
    let uses = uses(service, adult, child).await?;
    let mut tasks = service.tasks(adult, Page::ALL).await?.records;
    tasks.sort_by_key(|task| std::cmp::Reverse(uses.get(task.id.as_str()).copied().unwrap_or(0)));
    let (tasks, penalties): (Vec<_>, Vec<_>) = tasks.into_iter().partition(|task| task.is_good);
    let tile = |task: &Arc<Task>| {
        let points = if task.is_good { task.points.get() } else { -task.points.get() };
        let usual = if task.is_good { "star" } else { "warning" };
        Tile {
            id: task.id.as_str().to_owned(),
            name: task.name.as_str().to_owned(),
            icon: task.icon.map_or(usual, Icon::as_str),
            points: signed(points, shell.language),
            state: None,
            is_open: true,
            key: new_key(),
        }
    };
    Ok((tasks.iter().map(tile).collect(), penalties.iter().map(tile).collect()))
}

/// How often the child has had each task and penalty lately. A helper does not see it.
async fn uses(
    service: &Service,
    adult: &Adult,
    child: &ChildId,
) -> Result<HashMap<String, u32>, ServiceError> {
    if adult.is_helper() {
        return Ok(HashMap::new());
    }
    let today: Day = service.today(adult.user());
    let span = Span { first: today.plus(-USES), last: today };
    let used = service.statistics(adult, child, span, PeriodKind::Month).await?;
    let used = used.tasks.into_iter().chain(used.penalties);
    Ok(used.map(|used| (used.id, used.count)).collect())
}

fn reward(offer: &Offer, shell: &Shell) -> Tile {
    let texts = &shell.texts().child;
    let is_open = offer.points_needed == 0;
    let state = if is_open {
        offer.requested.then(|| texts.requested.to_owned())
    } else {
        Some(texts.needed.of(offer.points_needed, shell.language))
    };
    Tile {
        id: offer.reward.id.as_str().to_owned(),
        name: offer.reward.name.as_str().to_owned(),
        icon: offer.reward.icon.map_or("gift", Icon::as_str),
        points: signed(-offer.reward.cost.get(), shell.language),
        state,
        is_open,
        key: new_key(),
    }
}

async fn recent(
    service: &Service,
    adult: &Adult,
    child: &ChildId,
    lines: &Lines,
) -> Result<Vec<EventLine>, ServiceError> {
    let query = EventQuery {
        filter: EventFilter::default(),
        period: Period::default(),
        order: SortOrder::Descending,
        page: Page { limit: RECENT, offset: 0 },
    };
    lines.read(&service.tracking_of_child(adult, child, query).await?).await
}
