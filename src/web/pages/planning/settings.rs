//! The settings of the family that belong to planning: one form for each topic.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use crate::domain::calendar::{DayStart, Weekday, Zone};
use crate::domain::{Rank, Ranks, User};
use crate::http::certificates::rank_name;
use crate::http::error::ApiError;
use crate::http::language::PageLanguage;
use crate::http::state::AppState;
use crate::service::{FamilySettingsPatch, Parent, Service};
use crate::web::form::Form;
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::FAMILY;
use crate::web::texts::{Texts, fill};
use crate::web::views::choices::Choice;
use crate::web::views::edit::Wanted;
use crate::web::visit::{Visit, Visitor, see_other};

const SETTINGS: &str = "/app/family/settings";
/// The number of empty lines for further ranks.
const FURTHER_RANKS: usize = 3;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(SETTINGS, get(show).post(update))
}

#[derive(Template)]
#[template(path = "web/pages/planning/settings.html")]
struct SettingsPage {
    shell: Shell,
    form: Form,
    zones: Vec<String>,
    zone_hint: String,
    day_starts: Vec<Choice>,
    week_starts: Vec<Choice>,
    rest_days: Vec<Choice>,
    ranks: Vec<RankLine>,
    is_saved: bool,
}

struct RankLine {
    name: String,
    points: String,
    name_label: String,
    points_label: String,
}

impl SettingsPage {
    /// `form` is `None` to show the settings as they are.
    fn new(service: &Service, parent: &Parent, visit: &Visit, form: Option<Form>) -> Self {
        let (user, language) = (parent.user(), visit.language);
        let texts = &Texts::of(language).plan;
        let current = fields(user);
        // A form has the fields of one topic. The other topics show what is saved.
        let form = form.map_or_else(|| current.clone(), |form| form.or(&current));
        let weekday = |field: &'static str, day: Weekday| Choice {
            value: day.as_str().to_owned(),
            label: texts.words.weekdays[day as usize].to_owned(),
            is_chosen: form.has(field, day.as_str()),
        };
        let day_start = |hours: i64| Choice {
            value: hours.to_string(),
            label: language.time(i8::try_from(hours).unwrap_or_default(), 0),
            is_chosen: form.value("day_starts_at") == hours.to_string(),
        };
        Self {
            shell: Shell::new(visit, texts.settings.title).section(FAMILY),
            zones: Zone::names(),
            zone_hint: fill(texts.settings.time_zone_hint, &[&service.default_zone().name()]),
            day_starts: (0..=DayStart::MAX).map(day_start).collect(),
            week_starts: Weekday::ALL.map(|day| weekday("week_start", day)).into(),
            rest_days: Weekday::ALL.map(|day| weekday("rest_days", day)).into(),
            ranks: ranks(&form, user, language),
            form,
            is_saved: false,
        }
    }
}

fn fields(user: &User) -> Form {
    let settings = &user.family;
    let one = [
        ("time_zone", settings.time_zone.as_deref().unwrap_or_default().to_owned()),
        ("day_starts_at", settings.day_starts_at.hours().to_string()),
        ("week_start", settings.week_start.as_str().to_owned()),
        ("daily_goal", settings.daily_goal.map(|goal| goal.to_string()).unwrap_or_default()),
        ("streak_rule", settings.streak_rule.as_str().to_owned()),
        ("shows_ranking", settings.shows_ranking.to_string()),
        ("penalties_by_helpers", settings.penalties_by_helpers.to_string()),
    ];
    let rest = settings.rest_days.iter().map(|day| ("rest_days", day.as_str().to_owned()));
    Form::of(one.into_iter().chain(rest))
}

/// The ranks of the form, or else those of the family: the usual ones with names in the language of the page.
fn ranks(form: &Form, user: &User, language: PageLanguage) -> Vec<RankLine> {
    let plan = &Texts::of(language).plan;
    let given: Vec<(String, String)> = given_ranks(form);
    let own = |rank: &Rank| (rank.name.as_str().to_owned(), rank.threshold.to_string());
    let usual = || {
        let ranks = Ranks::default();
        let rank = |(number, rank): (usize, &Rank)| {
            (rank_name(number, rank, false, language), rank.threshold.to_string())
        };
        (1..).zip(ranks.iter()).map(rank).collect()
    };
    let mut shown = if given.is_empty() {
        user.family.ranks.as_ref().map_or_else(usual, |it| it.iter().map(own).collect())
    } else {
        given
    };
    shown.resize((shown.len() + FURTHER_RANKS).min(Ranks::MAX), Default::default());
    let line = |(place, (name, points)): (usize, (String, String))| RankLine {
        name,
        points,
        name_label: fill(plan.settings.rank_name, &[&(place + 1)]),
        points_label: fill(plan.settings.rank_points, &[&(place + 1)]),
    };
    shown.into_iter().enumerate().map(line).collect()
}

/// The lines of the form that are not empty.
fn given_ranks(form: &Form) -> Vec<(String, String)> {
    let pairs = form.all("rank_name").zip(form.all("rank_points"));
    let pairs = pairs.map(|(name, points)| (name.trim().to_owned(), points.trim().to_owned()));
    pairs.filter(|(name, points)| !(name.is_empty() && points.is_empty())).collect()
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let shown = SettingsPage::new(&service, &parent, &visit, None);
    page(&SettingsPage { is_saved: wanted.is_saved(), ..shown })
}

/// The form with the ranks in the form of the API; null for the usual ones.
fn in_api_form(form: Form) -> Form {
    if form.has("ranks", "usual") {
        return form.with("ranks", Value::Null);
    }
    if form.text("rank_name").is_none() {
        return form;
    }
    let ranks = given_ranks(&form).into_iter().map(|(name, points)| {
        let points = points.parse::<i64>().map_or_else(|_| Value::String(points), Value::from);
        json!({"name": name, "threshold": points})
    });
    let ranks = ranks.collect();
    form.with("ranks", ranks)
}

async fn update(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let form = in_api_form(form);
    let updated = async {
        let patch: FamilySettingsPatch = form.read()?;
        Ok(service.update_family_settings(&parent, patch).await?)
    };
    match updated.await {
        Ok(_) => Ok(see_other("/app/family/settings?saved=1")),
        Err(error) => {
            let form = form.refused(error)?;
            let shown = SettingsPage::new(&service, &parent, &visit, Some(form));
            page_with(StatusCode::BAD_REQUEST, &shown)
        }
    }
}
