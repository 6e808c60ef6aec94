//! What the pages of a child have in common.

use std::sync::Arc;

use axum::response::Response;

use crate::domain::{Child, Mutation, MutationDetails, Operation};
use crate::http::error::ApiError;
use crate::service::Service;
use crate::web::form::Form;
use crate::web::layout::Shell;
use crate::web::texts::fill;
use crate::web::views::face::Face;
use crate::web::visit::{OfChild, Visit, see_other};

/// The frame of a child's page.
pub(super) fn shell(visit: &Visit, title: impl Into<String>) -> Shell {
    Shell::new(visit, title).live()
}

/// The child at the top of each page.
pub(super) struct Me {
    pub(super) face: Face,
    pub(super) points: i64,
    pub(super) points_text: String,
    pub(super) announcement: String,
}

impl Me {
    pub(super) fn of(child: &Child, shell: &Shell) -> Self {
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
pub(super) async fn act(
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
