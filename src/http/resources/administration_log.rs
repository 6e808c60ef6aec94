//! The administration log.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::{AdminAction, User};
use crate::http::error::ApiError;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Errors, samples, schemas, tags};
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::{Authority, LoggedAction, Service};

/// The entries on a page if the request does not set a limit.
const DEFAULT_LIMIT: usize = 50;

// `utoipa::path` takes no generic types.
type LoggedActionPage = PageOf<LoggedActionBody>;
pub(crate) type LogPaging = Paging<DEFAULT_LIMIT>;

/// An action of an administrator or the operator. Accounts have pseudonyms; the addresses are added while the accounts
/// exist.
#[derive(Serialize, ToSchema)]
#[schema(as = LoggedAction, examples(sample))]
pub(crate) struct LoggedActionBody {
    /// Unique.
    #[schema(value_type = String)]
    id: Arc<str>,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// What was done.
    #[schema(value_type = String, examples("account_promoted"))]
    action: Arc<str>,
    /// The pseudonym of the administrator. Null if the operator has done it.
    #[schema(required, value_type = Option<String>)]
    actor: Option<Arc<str>>,
    /// The address of the administrator. Null if the operator has done it, or if the account no longer exists.
    #[schema(required)]
    actor_email: Option<String>,
    /// The pseudonym of the account that was changed. Null if the action is about none.
    #[schema(required, value_type = Option<String>)]
    account: Option<Arc<str>>,
    /// The address of that account. Null if there is none, or if it no longer exists.
    #[schema(required)]
    account_email: Option<String>,
}

fn sample() -> Value {
    json!({
        "id": samples::EVENT_ID, "created_at": samples::MOMENT,
        "action": AdminAction::AccountPromoted.as_str(), "actor": "5f0c0f4d4d1c2a3b",
        "actor_email": "ada@example.org", "account": "0f4d4d1c2a3b5f0c",
        "account_email": "paula@example.org",
    })
}

impl ListItem for LoggedActionBody {
    const FIELD: &'static str = "actions";
}

impl From<LoggedAction> for LoggedActionBody {
    fn from(LoggedAction { entry, actor, account }: LoggedAction) -> Self {
        let email = |user: Arc<User>| user.email.as_str().to_owned();
        Self {
            id: entry.id.shared(),
            created_at: Iso(entry.created_at),
            action: Arc::clone(&entry.action),
            actor: entry.actor.clone(),
            actor_email: actor.map(email),
            account: entry.account.clone(),
            account_email: account.map(email),
        }
    }
}

/// List what administrators and the operator have done
///
/// The newest actions first. The log contains no names, addresses or ids, so that the deletion of an account does not
/// change it. It keeps 10,000 entries for 400 days.
#[utoipa::path(
    get,
    path = "/admin/log",
    operation_id = "listAdministrationLog",
    tag = tags::ADMINISTRATION,
    params(LogPaging),
    responses(
        (status = 200, description = "A page of the list", body = LoggedActionPage),
        Errors<Authority, Query<LogPaging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Query(Paging(page)): Query<LogPaging>,
) -> Result<Response, ApiError> {
    let actions = service.administration_log(&authority, page).await?;
    json::list_for(&service, &authority, PageOf::new(page, actions, LoggedActionBody::from)).await
}
