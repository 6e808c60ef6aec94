//! The children that share a device: one of them becomes the current one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use axum::routing::get;

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::device::{device_cookie, joined};
use crate::http::resources::device_sessions::ChosenChild;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{DeviceTokens, Service};
use crate::web::form::Form;
use crate::web::layout::{Shell, page_with};
use crate::web::links::CHILD;
use crate::web::texts::Texts;
use crate::web::views::face::Face;
use crate::web::visit::{Visit, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/app/child/switch", get(show).post(choose))
}

#[derive(Template)]
#[template(path = "web/pages/child_app/switch.html")]
struct SwitchPage {
    shell: Shell,
    children: Vec<Choice>,
    /// The child whose PIN was wrong, and why it could not be chosen.
    wrong: Option<(String, &'static str)>,
}

struct Choice {
    face: Face,
    is_current: bool,
    needs_pin: bool,
}

impl Choice {
    /// What went wrong with this child.
    fn error(&self, wrong: Option<&(String, &'static str)>) -> Option<&'static str> {
        wrong.filter(|(id, _)| *id == self.face.id).map(|(_, text)| *text)
    }
}

/// Also without a live session: that of the current child may have ended.
async fn show(
    State(service): State<Arc<Service>>,
    visit: Visit,
    held: DeviceTokens,
) -> Result<Response, ApiError> {
    page_of(&service, &visit, &held, None).await
}

async fn page_of(
    service: &Service,
    visit: &Visit,
    held: &DeviceTokens,
    wrong: Option<(String, ErrorCode)>,
) -> Result<Response, ApiError> {
    let texts = Texts::of(visit.language);
    let status = wrong.as_ref().map_or(StatusCode::OK, |(_, code)| code.status());
    let children = service.device_children(held).await?.into_iter().map(|it| Choice {
        face: Face::of(&it.child),
        is_current: it.is_current,
        needs_pin: it.child.pin.is_some() && !it.is_current,
    });
    page_with(
        status,
        &SwitchPage {
            shell: Shell::new(visit, texts.child_app.switch_title),
            children: children.collect(),
            wrong: wrong.map(|(child, code)| (child, texts.errors.text(code))),
        },
    )
}

async fn choose(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    visit: Visit,
    held: DeviceTokens,
    form: Form,
) -> Result<Response, ApiError> {
    let ChosenChild { child_id, pin } = form.read()?;
    let chosen = service.choose_device_child(client.address, &held, &child_id, pin).await;
    let error = match chosen.map_err(ApiError::from) {
        Ok((tokens, _)) => {
            let mut response = see_other(CHILD);
            if let Some(cookie) = device_cookie(&joined(tokens.into_iter()), &settings) {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            return Ok(response);
        }
        Err(error) => error,
    };
    match error.code() {
        code @ (ErrorCode::WrongPin | ErrorCode::TooManyAttempts) => {
            page_of(&service, &visit, &held, Some((child_id.to_string(), code))).await
        }
        _ => Err(error),
    }
}
