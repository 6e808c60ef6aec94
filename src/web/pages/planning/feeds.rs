//! The addresses under which calendar programs read the schedules of children.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;

use crate::domain::{CalendarFeed, ChildId, Page};
use crate::http::error::ApiError;
use crate::http::extract::origin::OwnOrigin;
use crate::http::language::PageLanguage;
use crate::http::resources::calendar_feeds::address;
use crate::http::state::AppState;
use crate::service::{ChildState, NewFeed, Parent, Service, ServiceError};
use crate::web::form::{Form, new_key};
use crate::web::layout::Shell;
use crate::web::links::WEEK;
use crate::web::pages::once::Once;
use crate::web::texts::{Texts, fill};
use crate::web::views::face::Face;
use crate::web::views::moments::Moments;
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/week/feeds", post(create))
        .route("/app/week/feeds/delete", post(delete))
}

/// The feeds of a child in the list.
pub(super) struct FeedsOfChild {
    pub(super) face: Face,
    pub(super) feeds: Vec<FeedRow>,
    /// For a new one.
    pub(super) key: String,
}

pub(super) struct FeedRow {
    pub(super) id: String,
    pub(super) created: String,
}

pub(super) async fn feeds_of(
    service: &Service,
    parent: &Parent,
    children: &[Arc<ChildState>],
    language: PageLanguage,
) -> Result<Vec<FeedsOfChild>, ServiceError> {
    let texts = &Texts::of(language).plan.feed;
    let moments = Moments::of(parent, service, language);
    let mut all = Vec::with_capacity(children.len());
    for state in children {
        let feeds = service.feeds(parent, &state.child.id, Page::ALL).await?.records;
        let row = |feed: &Arc<CalendarFeed>| FeedRow {
            id: feed.id.as_str().to_owned(),
            created: fill(texts.created, &[&moments.of_moment(feed.created_at).full]),
        };
        let feeds = feeds.iter().map(row).collect();
        all.push(FeedsOfChild { face: Face::of(&state.child), feeds, key: new_key() });
    }
    Ok(all)
}

/// Creates a feed, and shows its address this once.
async fn create(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    OwnOrigin(origin): OwnOrigin,
    form: Form,
) -> Result<Response, ApiError> {
    let id = ChildId::from(form.value("child_id"));
    let child = service.child(&parent, &id).await?;
    let NewFeed { secret, .. } = service.create_feed(&parent, form.key()?, id).await?;
    let texts = &Texts::of(visit.language).plan.feed;
    let title = fill(texts.new, &[&child.child.name.as_str()]);
    let text = if secret.is_some() { texts.once } else { texts.was_shown };
    let once = Once {
        shell: Shell::new(&visit, title).section(WEEK),
        text: text.to_owned(),
        secret: secret.map(|secret| address(&origin, &secret)),
        valid_until: None,
        next: WEEK.to_owned(),
    };
    once.page()
}

async fn delete(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let (child, feed) = (form.value("child_id").into(), form.value("feed_id").into());
    service.delete_feed(&parent, child, feed).await?;
    Ok(see_other("/app/week?saved=1"))
}
