//! The devices of a child, for its parents.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::domain::{ChildId, Page, Session};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::origin::OwnOrigin;
use crate::http::resources::device_sessions::PAGE;
use crate::http::state::AppState;
use crate::service::{Parent, Service};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::links::APP;
use crate::web::texts::{Texts, fill};
use crate::web::views::face::Face;
use crate::web::views::moments::{Moment, Moments};
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/children/{id}/devices", get(show))
        .route("/app/children/{id}/devices/remove", post(remove))
}

#[derive(Template)]
#[template(path = "web/pages/family/devices.html")]
struct DevicesPage {
    shell: Shell,
    face: Face,
    title: String,
    lead: String,
    none: String,
    /// The address to open on the device.
    address: String,
    devices: Vec<DeviceLine>,
    /// Whether a parent has just confirmed one.
    is_connected: bool,
}

struct DeviceLine {
    id: String,
    name: String,
    used: Moment,
    /// When it was last used.
    text: String,
    is_waiting: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    connected: Option<String>,
}

async fn show(
    State(service): State<Arc<Service>>,
    OwnOrigin(origin): OwnOrigin,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let id = ChildId::from(id);
    let child = &service.child(&parent, &id).await?.child;
    let texts = &Texts::of(visit.language).devices;
    let moments = Moments::of(&parent, &service, visit.language);
    let line = |session: &Arc<Session>| {
        let device = session.device.as_ref()?;
        let used = moments.of_moment(session.last_used_at);
        Some(DeviceLine {
            text: fill(texts.last_used, &[&used.short]),
            id: device.id.as_str().to_owned(),
            name: device.name.as_str().to_owned(),
            used,
            is_waiting: session.is_pairing(),
        })
    };
    let devices = service.devices(&parent, &id, Page::ALL).await?.records;
    let (title, address) = (fill(texts.title, &[&child.name]), format!("{origin}{PAGE}"));
    page(&DevicesPage {
        shell: Shell::new(&visit, title.as_str()).section(APP),
        face: Face::of(child),
        title,
        lead: fill(texts.lead, &[&child.name]),
        none: fill(texts.none, &[&address]),
        address,
        devices: devices.iter().filter_map(line).collect(),
        is_connected: wanted.connected.is_some(),
    })
}

async fn remove(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, ApiError> {
    let device = form.value("device_id").into();
    service.remove_device(&parent, id.as_str().into(), device).await?;
    Ok(see_other(&format!("/app/children/{id}/devices")))
}
