//! The bodies of the requests for accounts and sessions.

use serde_json::{Value, json};

use crate::domain::password::NewPassword;
use crate::domain::{ChildId, Email};
use crate::http::extract::field_types::{BOOLEAN, CHILD_ID, EMAIL, NAME, NEW_PASSWORD, TEXT};
use crate::http::extract::fields::{FieldFailed, FieldReader, FieldType, RequestBody};
use crate::http::extract::input::Input;
use crate::http::openapi::{samples, schemas};
use crate::service::{NewAccount, Token};

/// The secret of an invitation.
const INVITATION: FieldType<String, Token> = FieldType {
    check: |_, secret| Ok(Token::presented(&secret)),
    schema: || schemas::text().description(Some("The secret of an invitation.")).into(),
};

// `utoipa::path` takes no generic types.
pub(crate) type SignupInput = Input<Signup>;
pub(crate) type LoginInput = Input<Login>;
pub(crate) type DeletionInput = Input<Deletion>;
pub(crate) type PasswordChangeInput = Input<PasswordChange>;
pub(crate) type EmailChangeInput = Input<EmailChange>;
pub(crate) type ChildSessionInput = Input<ChildSession>;

pub(crate) struct Signup {
    pub(crate) account: NewAccount,
    pub(crate) invitation: Option<Token>,
}

impl RequestBody for Signup {
    const NAME: &'static str = "Signup";
    const ABOUT: &'static str = "A new account.";
    const READ_ONLY: &'static [&'static str] =
        &["id", "role", "verified", "image_id", "created_at", "updated_at"];

    fn example() -> Value {
        account_example()
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let account = read_account(fields);
        let invitation = fields.optional("invitation", INVITATION);
        Ok(Self { account: account?, invitation: invitation? })
    }
}

pub(crate) fn account_example() -> Value {
    json!({
        "first_name": "Paula", "last_name": "Parent",
        "email": "paula@example.org", "password": "correct horse battery",
    })
}

/// Reads the fields of a new account.
pub(crate) fn read_account(fields: &mut FieldReader<'_>) -> Result<NewAccount, FieldFailed> {
    let first_name = fields.required("first_name", NAME);
    let last_name = fields.required("last_name", NAME);
    let email = fields.required("email", EMAIL);
    let password = fields.required("password", NEW_PASSWORD);
    Ok(NewAccount {
        first_name: first_name?,
        last_name: last_name?,
        email: email?,
        password: password?,
    })
}

/// Only the types are checked: an older account may have an email address or a password that a new one
/// cannot have.
pub(crate) struct Login {
    pub(crate) email: String,
    pub(crate) password: String,
}

impl RequestBody for Login {
    const NAME: &'static str = "Login";
    const ABOUT: &'static str = "The account's email address and password.";

    fn example() -> Value {
        json!({"email": "paula@example.org", "password": "correct horse battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let email = fields.required("email", TEXT);
        let password = fields.required("password", TEXT);
        Ok(Self { email: email?, password: password? })
    }
}

pub(crate) struct Deletion {
    pub(crate) password: String,
    pub(crate) delete_family: bool,
}

impl RequestBody for Deletion {
    const NAME: &'static str = "AccountDeletion";
    const ABOUT: &'static str =
        "The caller's own password. The owner of a family with other members sets `delete_family`.";

    fn example() -> Value {
        json!({"password": "correct horse battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let password = fields.required("password", TEXT);
        let delete_family = fields.optional("delete_family", BOOLEAN);
        Ok(Self { password: password?, delete_family: delete_family?.unwrap_or(false) })
    }
}

pub(crate) struct PasswordChange {
    pub(crate) current: String,
    pub(crate) new: NewPassword,
}

impl RequestBody for PasswordChange {
    const NAME: &'static str = "PasswordChange";
    const ABOUT: &'static str = "The current and the new password.";

    fn example() -> Value {
        json!({
            "current_password": "correct horse battery", "new_password": "wrong horse, new battery",
        })
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let current = fields.required("current_password", TEXT);
        let new = fields.required("new_password", NEW_PASSWORD);
        Ok(Self { current: current?, new: new? })
    }
}

pub(crate) struct EmailChange {
    pub(crate) email: Email,
    pub(crate) password: String,
}

impl RequestBody for EmailChange {
    const NAME: &'static str = "EmailChange";
    const ABOUT: &'static str = "The new address to log in with, and the caller's password.";

    fn example() -> Value {
        json!({"email": "paula@example.com", "password": "correct horse battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let email = fields.required("email", EMAIL);
        let password = fields.required("password", TEXT);
        Ok(Self { email: email?, password: password? })
    }
}

pub(crate) struct ChildSession {
    pub(crate) child_id: ChildId,
}

impl RequestBody for ChildSession {
    const NAME: &'static str = "ChildSession";
    const ABOUT: &'static str = "The child that the session is for.";

    fn example() -> Value {
        json!({"child_id": samples::CHILD_ID})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self { child_id: fields.required("child_id", CHILD_ID)? })
    }
}
