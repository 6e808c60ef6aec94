//! The answers to what children ask for.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;

use super::actions::act;
use crate::domain::{Mutation, MutationDetails, Operation, Page};
use crate::http::error::ApiError;
use crate::http::resources::mutations::{Answer, Approval};
use crate::http::state::AppState;
use crate::service::{Adult, Service};
use crate::web::form::Form;
use crate::web::links;
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/requests/approve", post(approve))
        .route("/app/requests/reject", post(reject))
        .route("/app/requests/approve-all", post(approve_all))
}

fn is_task(form: &Form) -> bool {
    form.has("kind", "task")
}

async fn approve(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    form: Form,
) -> Result<Response, ApiError> {
    let (operation, details) = if is_task(&form) {
        let Approval(details) = form.read()?;
        (Operation::Activate(form.value("item_id").into()), details)
    } else {
        let Answer(details) = form.read()?;
        (Operation::Redeem(form.value("item_id").into()), details)
    };
    act(&service, &adult, &form, Mutation::new(form.value("child_id"), operation, details)).await
}

async fn reject(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    form: Form,
) -> Result<Response, ApiError> {
    let Answer(details) = form.read()?;
    let item = form.value("item_id");
    let operation = if is_task(&form) {
        Operation::CancelTask(item.into())
    } else {
        Operation::Cancel(item.into())
    };
    act(&service, &adult, &form, Mutation::new(form.value("child_id"), operation, details)).await
}

/// Approves the requests that the page has shown, and no newer ones. What was answered meanwhile, or cannot be approved,
/// stays as it is.
async fn approve_all(
    State(service): State<Arc<Service>>,
    Visitor { who: adult, .. }: Visitor<Adult>,
    form: Form,
) -> Result<Response, ApiError> {
    let tasks = service.pending_tasks(&adult, Page::ALL).await?.records;
    let rewards = service.pending_rewards(&adult, Page::ALL).await?.records;
    let tasks = tasks.iter().map(|request| {
        (&request.id, &request.child_id, Operation::Activate(request.task_id.clone()))
    });
    let rewards = rewards.iter().map(|request| {
        (&request.id, &request.child_id, Operation::Redeem(request.reward_id.clone()))
    });
    for (id, child, operation) in tasks.chain(rewards) {
        if !form.has("request_id", id.as_str()) {
            continue;
        }
        let details = MutationDetails { request_id: Some(id.clone()), ..Default::default() };
        let approved =
            service.mutate(&adult, Mutation::new(child.clone(), operation, details), None);
        if let Err(error) = approved.await.map_err(ApiError::from)
            && error.code().status().is_server_error()
        {
            return Err(error);
        }
    }
    Ok(see_other(links::next(form.text("next"))))
}
