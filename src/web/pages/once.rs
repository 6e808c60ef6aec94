//! A secret that is shown once: in the response to the form that creates it.

use askama::Template;
use axum::response::Response;

use crate::http::error::ApiError;
use crate::web::layout::{Shell, page};

#[derive(Template)]
#[template(path = "web/pages/once.html")]
pub(super) struct Once {
    pub(super) shell: Shell,
    /// What to do with it.
    pub(super) text: String,
    /// `None` in the response to a repeated form.
    pub(super) secret: Option<String>,
    pub(super) valid_until: Option<String>,
    /// The page to continue at.
    pub(super) next: String,
}

impl Once {
    pub(super) fn page(&self) -> Result<Response, ApiError> {
        page(self)
    }
}
