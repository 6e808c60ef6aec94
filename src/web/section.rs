//! A form on a page, and why it was not accepted.

use axum::http::StatusCode;

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
