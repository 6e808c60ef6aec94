//! The commands that create or change an account.

use axum::http::Method;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::super::administered::{Administered, Output};
use super::super::failure::Failure;
use super::super::password::Password;
use super::named::{One, find, path_of};
use crate::domain::Role;

#[derive(Subcommand)]
pub(super) enum Change {
    /// Create an account, even if sign-up is closed
    Create(Create),
    /// Change the names of an account
    Rename(Rename),
    /// Change the email address of an account
    SetEmail(SetEmail),
    /// Replace the password of an account by a line of the standard input, and end its sessions
    SetPassword(SetPassword),
    /// Make an account an administrator's, and end its sessions
    Promote(One),
    /// Make an administrator's account a parent's, and end its sessions
    Demote(One),
}

#[derive(Args)]
pub(super) struct Create {
    /// Email address with which the owner logs in
    #[arg(long)]
    email: String,

    /// Given name
    #[arg(long)]
    first_name: String,

    /// Family name
    #[arg(long)]
    last_name: String,

    /// Make it an administrator's account
    #[arg(long)]
    admin: bool,

    #[command(flatten)]
    password: Password,

    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub(super) struct Rename {
    #[command(flatten)]
    one: One,

    /// Given name
    #[arg(long, required_unless_present = "last_name")]
    first_name: Option<String>,

    /// Family name
    #[arg(long)]
    last_name: Option<String>,
}

#[derive(Args)]
pub(super) struct SetEmail {
    #[command(flatten)]
    one: One,

    /// New email address
    email: String,
}

#[derive(Args)]
pub(super) struct SetPassword {
    #[command(flatten)]
    one: One,

    #[command(flatten)]
    password: Password,
}

impl Change {
    pub(super) fn output(&self) -> &Output {
        match self {
            Self::Create(create) => &create.output,
            Self::Rename(Rename { one, .. })
            | Self::SetEmail(SetEmail { one, .. })
            | Self::SetPassword(SetPassword { one, .. })
            | Self::Promote(one)
            | Self::Demote(one) => &one.output,
        }
    }

    /// Creates or changes the account. Returns it, and what is true of it now.
    pub(super) async fn execute(
        &self,
        server: &Administered,
    ) -> Result<(Value, &'static str), Failure> {
        let (one, method, action, body, said) = match self {
            Self::Create(new) => return Ok((create(server, new).await?, "is created")),
            Self::Rename(Rename { one, first_name, last_name }) => {
                let mut names = Map::new();
                names.extend(first_name.iter().map(|name| ("first_name".to_owned(), json!(name))));
                names.extend(last_name.iter().map(|name| ("last_name".to_owned(), json!(name))));
                (one, Method::PATCH, "", Some(Value::Object(names)), "has its new name")
            }
            Self::SetEmail(SetEmail { one, email }) => (
                one,
                Method::PATCH,
                "",
                Some(json!({"email": email})),
                "is the address of the account",
            ),
            Self::SetPassword(SetPassword { one, password }) => {
                let body = json!({"new_password": password.read()?});
                (one, Method::PUT, "/password", Some(body), "has its new password, and no session")
            }
            Self::Promote(one) => {
                (one, Method::POST, "/promote", None, "is an administrator, and has no session")
            }
            Self::Demote(one) => {
                (one, Method::POST, "/demote", None, "is no administrator, and has no session")
            }
        };
        let account = find(server, &one.account).await?;
        let path = path_of(&account) + action;
        let changed = match body {
            Some(body) => server.send(method, &path, &body).await?,
            None => server.call(method, &path).await?,
        };
        Ok((changed, said))
    }
}

/// Creates an account, and returns it.
async fn create(server: &Administered, new: &Create) -> Result<Value, Failure> {
    let Create { email, first_name, last_name, admin, password, .. } = new;
    let role = if *admin { Role::Admin } else { Role::Parent };
    let body = json!({
        "email": email, "first_name": first_name, "last_name": last_name,
        "password": password.read()?, "role": role.as_str(),
    });
    server.send(Method::POST, "/admin/accounts", &body).await
}
