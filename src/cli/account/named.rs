//! The account that a command names, and the arguments of every command.

use axum::http::{Method, StatusCode};
use clap::Args;
use serde_json::Value;

use super::super::administered::{Administered, Output, encoded};
use super::super::failure::Failure;

#[derive(Args)]
pub(super) struct One {
    /// Email address or id of the account
    pub(super) account: String,

    #[command(flatten)]
    pub(super) output: Output,
}

/// The account with an email address or an id.
pub(super) async fn find(server: &Administered, text: &str) -> Result<Value, Failure> {
    let path = format!("/admin/accounts?email={}", encoded(text));
    let page = server.call(Method::GET, &path).await?;
    let id = page["accounts"][0]["id"].as_str().unwrap_or(text);
    match server.call(Method::GET, &format!("/admin/accounts/{}", encoded(id))).await {
        Err(Failure::Answered { status: StatusCode::NOT_FOUND, .. }) => {
            Err(Failure::NoAccount(text.to_owned()))
        }
        found => found,
    }
}

/// The path of an account.
pub(super) fn path_of(account: &Value) -> String {
    format!("/admin/accounts/{}", encoded(account["id"].as_str().unwrap_or_default()))
}
