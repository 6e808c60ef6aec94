//! A parent confirms the device that shows a code, and chooses the child that uses it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::{ChildId, Page};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::resources::devices::ShownCode;
use crate::http::server::request_context::Client;
use crate::service::{Parent, Service, ServiceError};
use crate::web::form::{Form, new_key};
use crate::web::layout::{Shell, page_with};
use crate::web::texts::{Texts, fill};
use crate::web::views::face::Face;
use crate::web::visit::{Visit, Visitor, see_other};

/// What the address of the page says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The code of a device, in the address of its QR code.
    pub(super) code: Option<String>,
    /// The child that a parent comes from.
    child: Option<String>,
}

#[derive(Template)]
#[template(path = "web/pages/pair/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    code: String,
    /// The child that the parent comes from, or has chosen.
    child: String,
    error: Option<&'static str>,
    /// What is to be confirmed; `None` until a valid code is entered.
    found: Option<Found>,
}

struct Found {
    question: String,
    children: Vec<Choice>,
    key: String,
}

struct Choice {
    face: Face,
    is_chosen: bool,
}

/// What the form contains.
struct Entered {
    code: Option<String>,
    child: String,
}

pub(super) async fn show(
    service: &Service,
    client: Client,
    parent: &Parent,
    visit: &Visit,
    wanted: Wanted,
) -> Result<Response, ApiError> {
    let code = wanted.code.filter(|code| !code.trim().is_empty());
    let entered = Entered { code, child: wanted.child.unwrap_or_default() };
    page_of(service, client, parent, visit, entered, None).await
}

/// The form for the code, or the device that shows it.
async fn page_of(
    service: &Service,
    client: Client,
    parent: &Parent,
    visit: &Visit,
    entered: Entered,
    error: Option<(&'static str, StatusCode)>,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let Entered { code, child } = entered;
    let mut shown = ConfirmPage {
        shell: Shell::new(visit, texts.devices.enter_title),
        code: code.clone().unwrap_or_default(),
        child,
        error: error.map(|(text, _)| text),
        found: None,
    };
    let status = error.map_or(StatusCode::OK, |(_, status)| status);
    let Some(code) = code else { return page_with(status, &shown) };
    match service.inspect_device_request(client.address, parent, &code).await {
        Ok(request) => {
            let children = choices(service, parent, &shown.child).await?;
            let question = fill(texts.devices.which_child, &[&request.device_name]);
            shown.found = Some(Found { question, children, key: new_key() });
            page_with(status, &shown)
        }
        Err(error) => {
            let error = ApiError::from(error);
            let code = error.code();
            if !matches!(code, ErrorCode::InvalidDeviceCode | ErrorCode::TooManyAttempts) {
                return Err(error);
            }
            shown.error = Some(texts.errors.text(code));
            page_with(code.status(), &shown)
        }
    }
}

/// The children of the family. An only child is chosen.
async fn choices(
    service: &Service,
    parent: &Parent,
    chosen: &str,
) -> Result<Vec<Choice>, ServiceError> {
    let children = service.children(parent, Page::ALL).await?.records;
    let choice = |face: Face| {
        let is_chosen = children.len() == 1 || face.id == chosen;
        Choice { face, is_chosen }
    };
    Ok(children.iter().map(|it| choice(Face::of(&it.child))).collect())
}

pub(super) async fn confirm(
    State(service): State<Arc<Service>>,
    client: Client,
    Visitor { who: parent, visit }: Visitor<Parent>,
    form: Form,
) -> Result<Response, ApiError> {
    let ShownCode { user_code } = form.read()?;
    let texts = Texts::of(visit.language);
    let child = form.value("child").to_owned();
    let again = |text, status| {
        let entered = Entered { code: Some(user_code.clone()), child: child.clone() };
        page_of(&service, client, &parent, &visit, entered, Some((text, status)))
    };
    if child.is_empty() {
        return again(texts.devices.choose_one, StatusCode::BAD_REQUEST).await;
    }
    let id = ChildId::from(child.clone());
    let paired = service.pair_device(client.address, &parent, form.key()?, id, &user_code).await;
    match paired.map_err(ApiError::from) {
        Ok(_) => Ok(see_other(&format!("/app/children/{child}/devices?connected=yes"))),
        Err(error) => match error.code() {
            code @ (ErrorCode::FamilyLimitReached | ErrorCode::InvalidDeviceCode) => {
                again(texts.errors.text(code), code.status()).await
            }
            _ => Err(error),
        },
    }
}
