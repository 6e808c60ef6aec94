//! What an adult does to a child: each is a form that returns to the page which has sent it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde_json::Value;
use url::form_urlencoded::{Serializer, parse};

use crate::domain::{Mutation, MutationDetails, Operation};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::resources::corrections::{Adjustment, Reversal};
use crate::http::resources::mutations::{Answer, Approval};
use crate::http::state::AppState;
use crate::service::{Adult, Mutated, Service};
use crate::web::form::Form;
use crate::web::links;
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/children/{id}/activate", post(activate))
        .route("/app/children/{id}/redeem", post(redeem))
        .route("/app/children/{id}/adjust", post(adjust))
        .route("/app/children/{id}/undo", post(undo))
}

/// Executes a mutation, and returns to the page, which then offers to undo it.
pub(super) async fn act(
    service: &Service,
    adult: &Adult,
    form: &Form,
    mutation: Mutation,
) -> Result<Response, ApiError> {
    let child = mutation.child.clone();
    let Mutated { event, .. } = service.mutate(adult, mutation, form.key()?).await?;
    Ok(see_other(&done_at(links::next(form.text("next")), child.as_str(), &event)))
}

/// The address of a page that shows the event of the change.
fn done_at(next: &str, child: &str, event: &str) -> String {
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let id = event["id"].as_str().unwrap_or_default();
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let kept = parse(query.as_bytes()).filter(|(name, _)| name != "done" && name != "child");
    let done = [("done", id), ("child", child)];
    let query = Serializer::new(String::new()).extend_pairs(kept).extend_pairs(done).finish();
    format!("{path}?{query}")
}

async fn activate(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    Path(child): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let Approval(details) = form.read()?;
    let task = Operation::Activate(form.value("task_id").into());
    act(&service, &adult, &form, Mutation::new(child, task, details)).await
}

async fn redeem(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    Path(child): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let Answer(details) = form.read()?;
    let reward = Operation::Redeem(form.value("reward_id").into());
    act(&service, &adult, &form, Mutation::new(child, reward, details)).await
}

async fn adjust(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    Path(child): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let Adjustment { delta, details } = form.read()?;
    act(&service, &adult, &form, Mutation::new(child, Operation::Adjust(delta), details)).await
}

/// Undoes an event. If the child has spent the points, it takes those that are there.
async fn undo(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    Path(child): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let Reversal(details) = form.read()?;
    let details = MutationDetails { is_partial: true, ..details };
    let event = Operation::Reverse(form.value("event_id").into());
    act(&service, &adult, &form, Mutation::new(child, event, details)).await
}
