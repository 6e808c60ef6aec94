//! The week of the family: what is to be done on each day.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::feeds::{FeedsOfChild, feeds_of};
use crate::domain::calendar::{Day, FamilySettings, Pause};
use crate::domain::progress::Span;
use crate::domain::schedule::OccurrenceState;
use crate::domain::{ChildId, Icon, Page, Task};
use crate::http::error::ApiError;
use crate::http::language::PageLanguage;
use crate::http::state::AppState;
use crate::service::{ChildState, Parent, Service, ServiceError, ShownOccurrence};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::links::{WEEK, with_query};
use crate::web::texts::{Texts, fill};
use crate::web::views::face::Face;
use crate::web::visit::{Visit, Visitor};

/// The greatest number of occurrences that a day shows of all children. The page of one child shows as many as it has.
const MOST_OF_ALL: usize = 40;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(WEEK, get(show))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// A day of the week; by default today.
    day: Option<String>,
    child: Option<String>,
    saved: Option<String>,
}

#[derive(Template)]
#[template(path = "web/pages/planning/week.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is one condition of the template")]
pub(super) struct WeekPage {
    shell: Shell,
    /// The first and the last day.
    title: String,
    previous: String,
    next: String,
    /// Whether it is the week of today.
    is_current: bool,
    children: Vec<ChildLink>,
    days: Vec<DayColumn>,
    has_schedules: bool,
    is_too_much: bool,
    pause_form: Form,
    pauses: Vec<PauseRow>,
    feeds: Vec<FeedsOfChild>,
    is_saved: bool,
}

/// A link to the week of one child, or of all.
struct ChildLink {
    address: String,
    face: Option<Face>,
    is_chosen: bool,
}

/// A pause in the list.
struct PauseRow {
    from: String,
    to: String,
    text: String,
}

impl PauseRow {
    fn of(pause: Pause, language: PageLanguage) -> Self {
        let (first, last) = (language.date(pause.from), language.date(pause.to));
        let text = if pause.from == pause.to {
            first
        } else {
            fill(Texts::of(language).plan.week.span, &[&first, &last])
        };
        Self { from: pause.from.to_string(), to: pause.to.to_string(), text }
    }
}

struct DayColumn {
    id: String,
    weekday: &'static str,
    date: String,
    is_today: bool,
    /// Whether it is a rest day, or in a pause.
    is_free: bool,
    rows: Vec<Row>,
    /// How many are not shown.
    hidden: Option<String>,
}

struct Row {
    address: String,
    face: Face,
    icon: &'static str,
    task: String,
    state: &'static str,
    class: &'static str,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let is_saved = wanted.saved.is_some();
    let shown = WeekPage::of(&service, &parent, &visit, wanted).await?;
    page(&WeekPage { is_saved, ..shown })
}

impl WeekPage {
    /// The current week of all children.
    pub(super) async fn usual(
        service: &Service,
        parent: &Parent,
        visit: &Visit,
    ) -> Result<Self, ApiError> {
        Self::of(service, parent, visit, Wanted::default()).await
    }

    async fn of(
        service: &Service,
        parent: &Parent,
        visit: &Visit,
        wanted: Wanted,
    ) -> Result<Self, ApiError> {
        let (language, settings) = (visit.language, &parent.user().family);
        let texts = Texts::of(language);
        let today = service.today(parent.user());
        let day = wanted.day.as_deref().and_then(Day::parse).unwrap_or(today);
        let first = day.week(settings.week_start);
        let span = Span { first, last: first.plus(6) };
        let children = service.children(parent, Page::ALL).await?.records;
        let chosen = wanted.child.map(ChildId::from);
        let shown = match &chosen {
            Some(child) => Some(service.schedule(parent, child, span).await?),
            None => service.family_schedule(parent, span).await?,
        };
        let week = |first: Day| address(first, chosen.as_ref());
        let title = format!("{} – {}", language.date(first), language.date(span.last));
        let is_too_much = shown.is_none();
        let faces = children.iter().map(|it| (it.child.id.as_str(), Face::of(&it.child))).collect();
        let columns = Columns { settings, today, language, faces, is_of_one: chosen.is_some() };
        Ok(Self {
            shell: Shell::new(visit, texts.navigation.week).live().section(WEEK),
            title,
            previous: week(first.plus(-7)),
            next: week(first.plus(7)),
            is_current: first == today.week(settings.week_start),
            days: columns.of(span, &shown.unwrap_or_default()),
            children: links(&children, first, chosen.as_ref()),
            has_schedules: has_schedules(service, parent, today).await?,
            is_too_much,
            pause_form: Form::default(),
            pauses: settings.pauses.iter().map(|it| PauseRow::of(*it, language)).collect(),
            feeds: feeds_of(service, parent, &children, language).await?,
            is_saved: false,
        })
    }

    /// The page with a pause that was refused.
    pub(super) fn with_pause(self, pause_form: Form) -> Self {
        Self { pause_form, ..self }
    }
}

/// Whether a task of the family can recur today or later.
async fn has_schedules(
    service: &Service,
    parent: &Parent,
    today: Day,
) -> Result<bool, ServiceError> {
    let tasks = service.tasks(parent, Page::ALL).await?.records;
    let is_active = |task: &Arc<Task>| {
        task.is_good && task.schedule.as_ref().is_some_and(|schedule| schedule.is_active(today))
    };
    Ok(tasks.iter().any(is_active))
}

/// The address of the week of a day.
pub(super) fn address(day: Day, child: Option<&ChildId>) -> String {
    let day = day.to_string();
    let child = child.map(|child| ("child", child.as_str()));
    let parameters: Vec<(&str, &str)> = [("day", day.as_str())].into_iter().chain(child).collect();
    with_query(WEEK, &parameters)
}

/// Links to the weeks of all children, and of each.
fn links(children: &[Arc<ChildState>], first: Day, chosen: Option<&ChildId>) -> Vec<ChildLink> {
    let link = |state: Option<&Arc<ChildState>>| {
        let id = state.map(|state| &state.child.id);
        let face = state.map(|state| Face::of(&state.child));
        ChildLink { address: address(first, id), face, is_chosen: id == chosen }
    };
    [None].into_iter().chain(children.iter().map(Some)).map(link).collect()
}

/// What the columns of a week are made of.
struct Columns<'a> {
    settings: &'a FamilySettings,
    today: Day,
    language: PageLanguage,
    faces: HashMap<&'a str, Face>,
    is_of_one: bool,
}

impl Columns<'_> {
    fn of(&self, span: Span, occurrences: &[ShownOccurrence]) -> Vec<DayColumn> {
        (0..7).map(|number| self.column(span.first.plus(number), occurrences)).collect()
    }

    fn column(&self, day: Day, occurrences: &[ShownOccurrence]) -> DayColumn {
        let texts = &Texts::of(self.language).plan;
        let of_day = || occurrences.iter().filter(|it| it.occurrence.day == day);
        let most = if self.is_of_one { usize::MAX } else { MOST_OF_ALL };
        let hidden = i64::try_from(of_day().count().saturating_sub(most)).unwrap_or(i64::MAX);
        DayColumn {
            id: day.to_string(),
            weekday: texts.words.weekdays[day.weekday() as usize],
            date: self.language.day_and_month(day),
            is_today: day == self.today,
            is_free: self.settings.is_neutral(day),
            rows: of_day().take(most).filter_map(|it| self.row(it)).collect(),
            hidden: (hidden > 0).then(|| texts.week.more.of(hidden, self.language)),
        }
    }

    fn row(&self, shown: &ShownOccurrence) -> Option<Row> {
        let ShownOccurrence { task, occurrence, state, .. } = shown;
        let day = occurrence.day.to_string();
        let (child, task_id) = (occurrence.child_id.as_str(), task.id.as_str());
        let parameters = [("child", child), ("task", task_id), ("date", day.as_str())];
        Some(Row {
            address: with_query("/app/week/occurrence", &parameters),
            face: self.faces.get(occurrence.child_id.as_str())?.clone(),
            icon: task.icon.map_or("star", Icon::as_str),
            task: task.name.as_str().to_owned(),
            state: state_word(*state, self.language),
            class: state.as_str(),
        })
    }
}

/// A state in words.
pub(super) fn state_word(state: OccurrenceState, language: PageLanguage) -> &'static str {
    Texts::of(language).plan.week.states[state as usize]
}
