//! The pages of a child's session: its own tasks, rewards, badges and history, and nothing else.

mod badges;
mod history;
mod rewards;
mod switch;
mod tiles;
mod today;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;

use crate::domain::{Child, Mutation, MutationDetails, Operation};
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::service::Service;
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::texts::fill;
use crate::web::views::face::Face;
use crate::web::visit::{OfChild, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(today::routes())
        .merge(rewards::routes())
        .merge(badges::routes())
        .merge(history::routes())
        .merge(switch::routes())
}

/// The child at the top of each page.
struct Me {
    face: Face,
    points: i64,
    points_text: String,
    announcement: String,
}

impl Me {
    fn of(child: &Child, shell: &Shell) -> Self {
        let (texts, points) = (shell.texts(), child.points.get());
        let shown = texts.common.points.of(points, shell.language);
        Self {
            face: Face::of(child),
            points,
            points_text: shell.language.number(points),
            announcement: fill(texts.child_app.you_have, &[&shown]),
        }
    }
}

/// Executes a mutation of the child, and returns to its page.
async fn act(
    service: &Arc<Service>,
    who: &OfChild,
    form: &Form,
    operation: Operation,
    details: MutationDetails,
    page: &str,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(who.child_id.clone(), operation, details);
    service.mutate(&who.caller, mutation, form.key()?).await?;
    Ok(see_other(page))
}
