//! The bodies of the requests for accounts and sessions.

use serde_json::json;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::password::NewPassword;
use crate::domain::{ChildId, Email, Name};
use crate::http::extract::fields::{Fields, FromFields, Noted};
use crate::http::openapi::{samples, schemas};
use crate::service::NewAccount;

/// The body of a sign-up.
pub(crate) struct Signup(pub(crate) NewAccount);

impl PartialSchema for Signup {
    fn schema() -> RefOr<Schema> {
        schemas::body(
            "A new account.",
            json!({
                "first_name": "Paula", "last_name": "Parent",
                "email": "paula@example.org", "password": "correct horse battery",
            }),
        )
        .property("first_name", schemas::name())
        .property("last_name", schemas::name())
        .property("email", schemas::email())
        .property("password", schemas::password())
        .required("first_name")
        .required("last_name")
        .required("email")
        .required("password")
        .into()
    }
}

impl ToSchema for Signup {}

impl FromFields for Signup {
    const ALLOWED: &'static [&'static str] = &["first_name", "last_name", "email", "password"];
    const READ_ONLY: &'static [&'static str] =
        &["id", "role", "verified", "image_id", "created_at", "updated_at"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let name = |name| fields.required(name, |text: String| Name::parse(name, &text));
        let (first_name, last_name) = (name("first_name"), name("last_name"));
        let email = fields.required("email", |text: String| Email::parse(&text));
        let password =
            fields.required("password", |text: String| NewPassword::parse("password", &text));
        Ok(Self(NewAccount {
            first_name: first_name?,
            last_name: last_name?,
            email: email?,
            password: password?,
        }))
    }
}

/// The body of a login. Nothing is checked but the types: an older account may have what a new one
/// could not get.
pub(crate) struct Login {
    pub(crate) email: String,
    pub(crate) password: String,
}

impl PartialSchema for Login {
    fn schema() -> RefOr<Schema> {
        schemas::body(
            "Who logs in.",
            json!({"email": "paula@example.org", "password": "correct horse battery"}),
        )
        .property("email", schemas::text())
        .property("password", schemas::text())
        .required("email")
        .required("password")
        .into()
    }
}

impl ToSchema for Login {}

impl FromFields for Login {
    const ALLOWED: &'static [&'static str] = &["email", "password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let email = fields.required("email", Ok);
        let password = fields.required("password", Ok);
        Ok(Self { email: email?, password: password? })
    }
}

/// The body of a marking.
pub(crate) struct Confirmation(pub(crate) String);

impl PartialSchema for Confirmation {
    fn schema() -> RefOr<Schema> {
        schemas::body("The caller's own password.", json!({"password": "correct horse battery"}))
            .property("password", schemas::text())
            .required("password")
            .into()
    }
}

impl ToSchema for Confirmation {}

impl FromFields for Confirmation {
    const ALLOWED: &'static [&'static str] = &["password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        fields.required("password", Ok).map(Self)
    }
}

/// The body of a password change.
pub(crate) struct PasswordChange {
    pub(crate) current: String,
    pub(crate) new: NewPassword,
}

impl PartialSchema for PasswordChange {
    fn schema() -> RefOr<Schema> {
        schemas::body("A new password.", json!({
            "current_password": "correct horse battery", "new_password": "wrong horse, new battery",
        }))
            .property("current_password", schemas::text())
            .property("new_password", schemas::password())
            .required("current_password")
            .required("new_password")
            .into()
    }
}

impl ToSchema for PasswordChange {}

impl FromFields for PasswordChange {
    const ALLOWED: &'static [&'static str] = &["current_password", "new_password"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let current = fields.required("current_password", Ok);
        let new = fields
            .required("new_password", |text: String| NewPassword::parse("new_password", &text));
        Ok(Self { current: current?, new: new? })
    }
}

/// The body of a child session's begin.
pub(crate) struct ChildSession(pub(crate) ChildId);

impl PartialSchema for ChildSession {
    fn schema() -> RefOr<Schema> {
        schemas::body("Whose session it is to be.", json!({"child_id": samples::CHILD_ID}))
            .property("child_id", schemas::text())
            .required("child_id")
            .into()
    }
}

impl ToSchema for ChildSession {}

impl FromFields for ChildSession {
    const ALLOWED: &'static [&'static str] = &["child_id"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        fields.required("child_id", |id: String| Ok(Self(id.into())))
    }
}
