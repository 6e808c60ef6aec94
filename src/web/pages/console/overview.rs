//! The first page of the console: whether everything works, and how much there is.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::gate::Console;
use crate::domain::Timestamp;
use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::http::error::ApiError;
use crate::http::language::PageLanguage;
use crate::http::resources::health::verdict;
use crate::http::state::AppState;
use crate::service::{ServerActivity, Service, Stats, Warning};
use crate::store::{DayActivity, Health, Projection};
use crate::web::layout::Shell;
use crate::web::links::CONSOLE;
use crate::web::texts::{Texts, fill};
use crate::web::views::charts::{Chart, Figures, Row};
use crate::web::views::moments::Moments;
use crate::web::views::sizes::size;

/// How many days the chart shows.
const DAYS: i32 = 30;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(CONSOLE, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/console/overview.html")]
struct OverviewPage {
    shell: Shell,
    status: &'static str,
    is_ok: bool,
    warnings: Vec<Attention>,
    chart: Chart,
    counts: Vec<(&'static str, String)>,
    facts: Vec<(&'static str, String)>,
    followers: Vec<Projection>,
    support: String,
}

struct Attention {
    text: String,
    /// A page where something can be done about it.
    link: Option<&'static str>,
    is_urgent: bool,
}

async fn show(State(service): State<Arc<Service>>, console: Console) -> Result<Response, ApiError> {
    let authority = &console.authority;
    let (language, texts) = (console.visit.language, console.texts());
    let health = service.health().await;
    let stats = service.stats(authority).await?;
    let today = service.utc_today();
    let days = Span { first: today.plus(1 - DAYS), last: today };
    let activity = service.activity(authority, days).await?;
    let warnings = service.warnings(authority, &health).await?;
    let moments = Moments::of(&console.admin, &service, language);
    let moment = |at: Timestamp| moments.of_moment(at).full;
    let word = verdict(&health).1;
    let page = OverviewPage {
        shell: console.shell(texts.console.overview, CONSOLE),
        status: status(word, texts),
        is_ok: word == "ok",
        warnings: warnings.iter().map(|it| attention(it, texts, language, moment)).collect(),
        chart: chart(&activity, texts, language),
        counts: counts(&stats, texts, language),
        facts: facts(&service, texts, moment),
        support: support(&service, &health, &stats, word),
        followers: health.projections,
    };
    console.page(StatusCode::OK, &page)
}

fn status(word: &str, texts: &Texts) -> &'static str {
    match word {
        "ok" => texts.console.status_ok,
        "degraded" => texts.console.status_degraded,
        "failing" => texts.console.status_failing,
        _ => texts.console.status_read_only,
    }
}

fn attention(
    warning: &Warning,
    texts: &Texts,
    language: PageLanguage,
    moment: impl Fn(Timestamp) -> String,
) -> Attention {
    let texts = &texts.console;
    let (text, link) = match warning {
        Warning::ReadOnly => (texts.read_only.to_owned(), None),
        Warning::Failing(reason) => (fill(texts.failing, &[reason]), None),
        Warning::Behind(Projection { name, last_error: Some(error), .. }) => {
            (fill(texts.behind_error, &[name, error]), None)
        }
        Warning::Behind(Projection { name, .. }) => (fill(texts.behind, &[name]), None),
        Warning::NoBackups => (texts.no_backups.to_owned(), Some("/console/backups")),
        Warning::LateBackup(None) => (texts.no_backup_yet.to_owned(), Some("/console/backups")),
        Warning::LateBackup(Some(last)) => {
            (fill(texts.late_backup, &[&moment(*last)]), Some("/console/backups"))
        }
        Warning::StuckDeletions(count) => {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            (texts.stuck_deletions.of(count, language), Some("/console/deletions"))
        }
        Warning::OpenSignUp => (texts.open_sign_up.to_owned(), None),
    };
    let is_urgent = !matches!(warning, Warning::NoBackups | Warning::OpenSignUp);
    Attention { text, link, is_urgent }
}

/// The events of each day, with further numbers in the table.
fn chart(activity: &ServerActivity, texts: &Texts, language: PageLanguage) -> Chart {
    let texts = &texts.console;
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let row = |(day, counts, deletions): &(Day, DayActivity, u64)| Row {
        label: language.short_date(*day),
        values: [counts.events, counts.active_accounts, counts.sign_ups, *deletions]
            .map(number)
            .into(),
    };
    let names = vec![texts.events, texts.families, texts.sign_ups, texts.deletions];
    let rows = activity.days.iter().map(row).collect();
    let figures = Figures { names, drawn: 1, rows };
    Chart::bars("activity", texts.activity.to_owned(), texts.day, &figures, language)
}

fn counts(stats: &Stats, texts: &Texts, language: PageLanguage) -> Vec<(&'static str, String)> {
    let texts = &texts.console;
    let number = |count: u64| language.number(i64::try_from(count).unwrap_or(i64::MAX));
    let counted = |count: usize| number(u64::try_from(count).unwrap_or(u64::MAX));
    let [day, week, month] = stats.recent_events;
    vec![
        (texts.accounts, number(stats.counts.accounts)),
        (texts.administrators, number(stats.counts.administrators)),
        (texts.marked, number(stats.counts.marked)),
        (texts.sessions, counted(stats.sessions)),
        (texts.children, number(stats.counts.children)),
        (texts.tasks, number(stats.counts.tasks)),
        (texts.rewards, number(stats.counts.rewards)),
        (texts.events, counted(stats.events)),
        (texts.last_day, counted(day)),
        (texts.last_week, counted(week)),
        (texts.last_month, counted(month)),
        (texts.size, size(stats.counts.bytes, language)),
    ]
}

fn facts(
    service: &Service,
    texts: &Texts,
    moment: impl Fn(Timestamp) -> String,
) -> Vec<(&'static str, String)> {
    let texts = &texts.console;
    let is_shared = service.is_shared();
    let storage = if is_shared { texts.storage_database } else { texts.storage_files };
    let is_open = service.is_signup_open();
    let sign_up = if is_open { texts.sign_up_open } else { texts.sign_up_closed };
    let last_backup = service.last_backup().map(&moment);
    vec![
        (texts.version, env!("CARGO_PKG_VERSION").to_owned()),
        (texts.storage, storage.to_owned()),
        (texts.started, moment(service.started_at())),
        (texts.time_zone, service.default_zone().name().to_owned()),
        (texts.last_backup, last_backup.unwrap_or_else(|| texts.never.to_owned())),
        (texts.sign_up, sign_up.to_owned()),
    ]
}

/// A text to send to whoever helps. It is always in English, and contains nothing personal.
fn support(service: &Service, health: &Health, stats: &Stats, word: &str) -> String {
    let store = if service.is_shared() { "PostgreSQL" } else { "data directory" };
    let last_backup = service.last_backup().map_or("none".to_owned(), |at| at.to_string());
    let Stats { counts, sessions, events, .. } = stats;
    let mut text = format!(
        "Goldstar {}, {store}, {}\nState: {word}\nStarted: {}, now: {}, time zone: {}\nLast verified backup: \
         {last_backup}\nAccounts: {}, marked: {}, sessions: {sessions}, children: {}, events: {events}, bytes: {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        service.started_at(),
        service.now(),
        service.default_zone().name(),
        counts.accounts,
        counts.marked,
        counts.children,
        counts.bytes,
    );
    let mut line = |label: &str, content: &str| {
        // Writing to a string does not fail.
        writeln!(text, "{label}: {content}").unwrap_or_default();
    };
    if let Some(trouble) = &health.trouble {
        line("Trouble", trouble);
    }
    for Projection { name, backlog, last_error } in &health.projections {
        let error = last_error.as_deref().unwrap_or("no error");
        line(name, &format!("{backlog} waiting, {error}"));
    }
    text
}
