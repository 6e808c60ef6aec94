//! The badges and the rank of a child.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::me::{Me, shell};
use crate::domain::Page;
use crate::domain::badges::{BadgePeriod, Grade};
use crate::http::certificates::{badge_name, grade_name, reached};
use crate::http::error::ApiError;
use crate::http::resources::badge_images;
use crate::http::state::AppState;
use crate::service::{ChildBadge, Service};
use crate::web::layout::{Shell, page};
use crate::web::texts::{Texts, fill};
use crate::web::views::rank::RankView;
use crate::web::visit::{OfChild, Visitor};

const PAGE: &str = "/app/child/badges";

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(PAGE, get(show))
}

#[derive(Template)]
#[template(path = "web/pages/child_app/badges.html")]
struct BadgesPage {
    shell: Shell,
    me: Me,
    rank: RankView,
    earned: Vec<BadgeView>,
    missing: Vec<BadgeView>,
}

struct BadgeView {
    id: String,
    name: String,
    /// The grade and how often it was earned, or what the first grade needs.
    about: String,
    picture: String,
    /// The progress to the next grade.
    next: Option<Next>,
}

struct Next {
    value: i64,
    threshold: i64,
    text: String,
}

async fn show(
    State(service): State<Arc<Service>>,
    Visitor { who: OfChild { caller, child_id }, visit }: Visitor<OfChild>,
) -> Result<Response, ApiError> {
    let state = service.child(&caller, &child_id).await?;
    let shell = shell(&visit, Texts::of(visit.language).navigation.badges).section(PAGE);
    let progress = service.progress(&caller, &child_id).await?;
    let badges = service.child_badges(&caller, &child_id, Page::ALL).await?.records;
    let (earned, missing): (Vec<_>, Vec<_>) =
        badges.iter().partition(|badge| badge.grade().is_some());
    let missing = missing.into_iter().filter(|badge| !badge.state.is_hidden);
    page(&BadgesPage {
        me: Me::of(&state.child, &shell),
        rank: RankView::of(&progress, caller.user(), shell.language),
        earned: earned.into_iter().map(|badge| view(badge, &shell)).collect(),
        missing: missing.map(|badge| view(badge, &shell)).collect(),
        shell,
    })
}

fn view(badge: &ChildBadge, shell: &Shell) -> BadgeView {
    let (language, texts) = (shell.language, &shell.texts().child_app);
    let definition = &badge.state.badge;
    let grade = badge.grade();
    let has_grades = definition.thresholds.values().len() > 1;
    let about = match grade {
        Some(grade) => {
            let times = i64::try_from(badge.held().filter(|it| it.key.grade == grade).count());
            let times = times.unwrap_or(i64::MAX);
            let times = (times > 1).then(|| texts.times.of(times, language));
            let grade = has_grades.then(|| grade_name(grade, language).to_owned());
            [grade, times].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        None => definition.thresholds.iter().next().map_or_else(String::new, |(_, threshold)| {
            reached(&definition.metric, threshold, language)
        }),
    };
    let next = badge.next.map(|(next, threshold)| {
        let [value, needed] = [badge.value, threshold].map(|number| language.number(number));
        let text = if grade.is_some() && has_grades {
            fill(texts.next_grade, &[&value, &needed, &grade_name(next, language)])
        } else {
            fill(texts.value_of, &[&value, &needed])
        };
        let text = match definition.period {
            None => text,
            Some(BadgePeriod::Week) => fill(texts.in_week, &[&text]),
            Some(BadgePeriod::Month) => fill(texts.in_month, &[&text]),
        };
        Next { value: badge.value.clamp(0, threshold), threshold, text }
    });
    BadgeView {
        id: definition.id.as_str().to_owned(),
        name: badge_name(&definition.id, &definition.name, language),
        about,
        picture: badge_images::address(&definition.metric, grade.unwrap_or(Grade::Bronze)),
        next,
    }
}
