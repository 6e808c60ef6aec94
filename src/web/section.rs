//! A form on a page, why it was not accepted, and the confirmation of one that was.

use axum::http::StatusCode;
use serde::Deserialize;

use super::form::Form;
use super::texts::Texts;
use crate::http::error::ApiError;

/// One of the forms of a page.
#[derive(Default)]
pub(super) struct Section {
    pub(super) form: Form,
    pub(super) status: StatusCode,
    /// Why the form was not accepted.
    pub(super) error: Option<&'static str>,
}

impl Section {
    pub(super) fn of(form: Form) -> Self {
        Self { form, ..Self::default() }
    }

    /// The form, to show it again with the error. Returns errors of the server.
    pub(super) fn refused(form: Form, error: ApiError, texts: &Texts) -> Result<Self, ApiError> {
        let code = error.code();
        if code.status().is_server_error() {
            return Err(error);
        }
        let form = form.with_errors(&error);
        let text =
            if form.has_errors() { texts.common.check_fields } else { texts.errors.text(code) };
        Ok(Self { form, status: code.status(), error: Some(text) })
    }
}

/// The parameter of a page that confirms the change before it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Confirmed {
    done: Option<String>,
}

impl Confirmed {
    /// The word for the change.
    pub(super) fn done(&self) -> Option<&str> {
        self.done.as_deref()
    }
}
