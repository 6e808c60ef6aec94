//! The progress of a child, for its parents.

use std::cmp::Ordering;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::domain::badges::Award;
use crate::domain::calendar::Day;
use crate::domain::progress::{Figures, PeriodKind, RankedBy, Span};
use crate::domain::{Child, ChildId, Page};
use crate::http::certificates::{badge_name, grade_name};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::language::PageLanguage;
use crate::http::resources::badge_images;
use crate::http::state::AppState;
use crate::service::{Parent, Progress, RankingPeriod, Service, ServiceError, Statistics, Used};
use crate::web::layout::{Shell, page};
use crate::web::links::APP;
use crate::web::texts::{Texts, fill};
use crate::web::views::charts::{self, Chart, Row};
use crate::web::views::face::Face;
use crate::web::views::rank::RankView;
use crate::web::visit::Visitor;

/// The number of weeks, or of months, in the charts.
const PERIODS: i32 = 12;
/// The number of tasks in the list of the most frequent ones.
const MOST_USED: usize = 8;
/// The number of months with certificates.
const MONTHS: usize = 3;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/children/{id}/progress", get(show))
}

#[derive(Template)]
#[template(path = "web/pages/family/progress.html")]
struct ProgressPage {
    shell: Shell,
    face: Face,
    title: String,
    here: String,
    points: i64,
    points_text: String,
    figures: Vec<FigureRow>,
    is_by_month: bool,
    balance: Chart,
    sums: Chart,
    current: String,
    longest: String,
    rank: RankView,
    awards: Vec<AwardView>,
    months: Vec<(String, String)>,
    used: Vec<UsedTask>,
    /// The order of the children; empty if there is one only.
    ranking: Vec<Placed>,
}

/// A figure of three periods.
struct FigureRow {
    label: &'static str,
    cells: [String; 3],
}

struct AwardView {
    id: String,
    name: String,
    /// The grade, and how often it was earned.
    about: String,
    picture: String,
}

struct UsedTask {
    name: String,
    count: u32,
    most: u32,
    text: String,
}

struct Placed {
    place: usize,
    face: Face,
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    by: Option<String>,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let id = ChildId::from(id);
    let child = &service.child(&parent, &id).await?.child;
    let (language, texts) = (visit.language, Texts::of(visit.language));
    let is_by_month = wanted.by.as_deref() == Some(PeriodKind::Month.as_str());
    let kind = if is_by_month { PeriodKind::Month } else { PeriodKind::Week };
    let span = span(kind, service.today(parent.user()), &parent);
    let statistics = service.statistics(&parent, &id, span, kind).await?;
    let progress = service.progress(&parent, &id).await?;
    let days: Vec<Day> = statistics.series.iter().map(|it| it.span.first).collect();
    let balances = service.points_at(&parent, &id, &days).await?;
    let run = |days: u32| texts.home.streak.of(i64::from(days), language);
    let title = fill(texts.progress.title, &[&child.name]);
    page(&ProgressPage {
        shell: Shell::new(&visit, title.as_str()).live().section(APP),
        face: Face::of(child),
        title,
        here: format!("/app/children/{}/progress", id.as_str()),
        points: child.points.get(),
        points_text: language.number(child.points.get()),
        figures: figures(&progress, language),
        is_by_month,
        balance: balance(&days, &balances, child, kind, language),
        sums: sums(&statistics, kind, language),
        current: run(progress.streaks.current.map_or(0, |run| run.days)),
        longest: run(progress.streaks.longest.map_or(0, |run| run.days)),
        rank: RankView::of(&progress, parent.user(), language),
        awards: awards(&service, &parent, &id, language).await?,
        months: months(&service, &parent, &id, language).await?,
        used: used(&statistics.tasks, language),
        ranking: ranking(&service, &parent, language).await?,
    })
}

/// The last weeks or months, with this one.
fn span(kind: PeriodKind, today: Day, parent: &Parent) -> Span {
    let first = if kind == PeriodKind::Month {
        today.months_later(1 - PERIODS).unwrap_or(today)
    } else {
        kind.start(today, parent.user().family.week_start).plus(7 * (1 - PERIODS))
    };
    Span { first, last: today }
}

/// What the child has done today, in this week, and altogether.
fn figures(progress: &Progress, language: PageLanguage) -> Vec<FigureRow> {
    let texts = &Texts::of(language).progress;
    let periods = [&progress.today, &progress.week, &progress.all_time].map(|it| &it.figures);
    let row = |label, figure: fn(&Figures) -> i64| FigureRow {
        label,
        cells: periods.map(|figures| language.number(figure(figures))),
    };
    vec![
        row(texts.tasks_done, |it| it.tasks.into()),
        row(texts.penalties, |it| it.penalties.into()),
        row(texts.earned, |it| it.earned),
        row(texts.lost, |it| it.lost),
        row(texts.spent, |it| it.spent),
    ]
}

/// The label of a period: its first day, or its month.
fn label(first: Day, kind: PeriodKind, language: PageLanguage) -> String {
    if kind == PeriodKind::Month { language.short_month(first) } else { language.short_date(first) }
}

/// The heading of the periods.
fn heading(kind: PeriodKind, language: PageLanguage) -> &'static str {
    let texts = &Texts::of(language).progress;
    if kind == PeriodKind::Month { texts.month } else { texts.week_of }
}

fn balance(
    days: &[Day],
    balances: &[i64],
    child: &Child,
    kind: PeriodKind,
    language: PageLanguage,
) -> Chart {
    let texts = &Texts::of(language).progress;
    let row = |label, value| Row { label, values: vec![value] };
    let starts = days.iter().zip(balances);
    let rows = starts.map(|(day, points)| row(label(*day, kind, language), *points));
    let now = row(texts.now.to_owned(), child.points.get());
    let figures =
        charts::Figures { names: vec![texts.points], drawn: 1, rows: rows.chain([now]).collect() };
    Chart::line("balance", texts.balance.to_owned(), texts.start_of, &figures, language)
}

fn sums(statistics: &Statistics, kind: PeriodKind, language: PageLanguage) -> Chart {
    let texts = &Texts::of(language).progress;
    let rows = statistics.series.iter().map(|series| Row {
        label: label(series.span.first, kind, language),
        values: vec![series.figures.earned, series.figures.lost, series.figures.spent],
    });
    let names = vec![texts.earned, texts.lost, texts.spent];
    let figures = charts::Figures { drawn: names.len(), names, rows: rows.collect() };
    let title = if kind == PeriodKind::Month { texts.by_month } else { texts.by_week };
    Chart::bars("sums", title.to_owned(), heading(kind, language), &figures, language)
}

/// The badges that the child has, each with the newest award of its highest grade. A badge of a week or a month can be
/// earned again.
async fn awards(
    service: &Service,
    parent: &Parent,
    id: &ChildId,
    language: PageLanguage,
) -> Result<Vec<AwardView>, ServiceError> {
    let awards = service.awards(parent, id, Page::ALL).await?.records;
    let mut grouped: Vec<(&Arc<Award>, i64)> = Vec::new();
    for award in awards.iter().filter(|award| award.revoked_at.is_none()) {
        let of_badge = |other: &&mut (&Arc<Award>, i64)| award.key.badge_id == other.0.key.badge_id;
        match grouped.iter_mut().find(of_badge) {
            Some((best, times)) => match award.key.grade.cmp(&best.key.grade) {
                Ordering::Greater => (*best, *times) = (award, 1),
                Ordering::Equal => *times += 1,
                Ordering::Less => {}
            },
            None => grouped.push((award, 1)),
        }
    }
    let view = |(award, times): (&Arc<Award>, i64)| {
        let times = (times > 1).then(|| Texts::of(language).progress.times.of(times, language));
        let grade = Some(grade_name(award.key.grade, language).to_owned());
        AwardView {
            id: award.key.to_string(),
            name: badge_name(&award.key.badge_id, &award.badge_name, language),
            about: [grade, times].into_iter().flatten().collect::<Vec<_>>().join(", "),
            picture: badge_images::address(&award.metric, award.key.grade),
        }
    };
    Ok(grouped.into_iter().map(view).collect())
}

/// The last months in which the child has done a task: what identifies their certificates, and their names.
async fn months(
    service: &Service,
    parent: &Parent,
    id: &ChildId,
    language: PageLanguage,
) -> Result<Vec<(String, String)>, ServiceError> {
    let span = span(PeriodKind::Month, service.today(parent.user()), parent);
    let statistics = service.statistics(parent, id, span, PeriodKind::Month).await?;
    let done = statistics.series.iter().rev().filter(|month| month.figures.tasks > 0);
    let named = done.map(|month| {
        let (year, number, _) = month.span.first.parts();
        (format!("{year:04}-{number:02}"), language.month(month.span.first))
    });
    Ok(named.take(MONTHS).collect())
}

fn used(tasks: &[Used], language: PageLanguage) -> Vec<UsedTask> {
    let most = tasks.first().map_or(1, |task| task.count);
    let texts = &Texts::of(language).progress;
    let view = |task: &Used| UsedTask {
        name: task.name.clone(),
        count: task.count,
        most,
        text: texts.times.of(i64::from(task.count), language),
    };
    tasks.iter().take(MOST_USED).map(view).collect()
}

async fn ranking(
    service: &Service,
    parent: &Parent,
    language: PageLanguage,
) -> Result<Vec<Placed>, ServiceError> {
    let ranking = service.ranking(parent, RankingPeriod::Week, RankedBy::PointsEarned).await?;
    if ranking.children.len() < 2 {
        return Ok(Vec::new());
    }
    let placed = ranking.children.iter().map(|(place, child, figures)| Placed {
        place: *place,
        face: Face::of(child),
        text: Texts::of(language).common.points.of(figures.earned, language),
    });
    Ok(placed.collect())
}
