//! A device that becomes a child's: it shows a code until a parent has confirmed it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::{Device, UserCode};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::cookies::{cookies_named, set_cookie};
use crate::http::extract::device::device_cookie;
use crate::http::extract::origin::OwnOrigin;
use crate::http::resources::device_sessions::{NewDevice, PAGE, fetched, qr_code};
use crate::http::server::request_context::Client;
use crate::http::settings::{CookieName, HttpSettings};
use crate::http::state::AppState;
use crate::service::{DeviceTokens, Service, ServiceError, Token};
use crate::web::form::Form;
use crate::web::layout::{Shell, page, page_with};
use crate::web::links::CHILD;
use crate::web::texts::Texts;
use crate::web::visit::{Visit, see_other};

/// The cookie with the codes of the device: the secret one, a dot and the shown one.
const CODES: &str = "goldstar_pairing";

#[derive(Template)]
#[template(path = "web/pages/pair/device.html")]
struct DevicePage {
    shell: Shell,
    form: Form,
    /// Why there is no code.
    error: Option<&'static str>,
    /// Whether children use the device already.
    is_shared: bool,
    /// Whether a child uses it now.
    is_child: bool,
}

#[derive(Template)]
#[template(path = "web/pages/pair/waiting.html")]
struct WaitingPage {
    shell: Shell,
    code: String,
    address: String,
    /// The QR code, as the address of a picture.
    qr: String,
    seconds: u64,
}

/// The codes of a device that waits.
struct Codes {
    secret: Token,
    shown: UserCode,
}

impl Codes {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let name = CookieName::of_choice(CODES);
        let (secret, shown) = cookies_named(headers, &name).next()?.split_once('.')?;
        Some(Self { secret: Token::presented(secret), shown: UserCode::parse(shown)? })
    }
}

/// The browser that opens the page.
pub(super) struct Browser {
    pub(super) client: Client,
    /// The origin under which it reaches the server.
    origin: String,
    /// The sessions of children that it has.
    held: DeviceTokens,
    codes: Option<Codes>,
}

impl FromRequestParts<AppState> for Browser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let client = Client::from_request_parts(parts, state).await?;
        let Ok(OwnOrigin(origin)) = OwnOrigin::from_request_parts(parts, state).await;
        let Ok(held) = DeviceTokens::from_request_parts(parts, state).await;
        Ok(Self { client, origin, held, codes: Codes::of(&parts.headers) })
    }
}

/// Shows the form, or the code. Once a parent has confirmed the code, the device gets its session.
pub(super) async fn show(
    service: &Arc<Service>,
    settings: &HttpSettings,
    visit: &Visit,
    Browser { client, origin, held, codes }: &Browser,
) -> Result<Response, ApiError> {
    let Some(codes) = codes else {
        return form_of(service, visit, held, Form::default(), None).await;
    };
    let error = match fetched(service, *client, &codes.secret, held).await {
        Ok((cookie, _)) => {
            let response = without_codes(see_other(CHILD), settings);
            return Ok(with_cookie(response, device_cookie(&cookie, settings)));
        }
        Err(ServiceError::AuthorizationPending | ServiceError::SlowDown { .. }) => {
            return waiting(visit, &codes.shown, origin);
        }
        Err(error) => ApiError::from(error),
    };
    if error.code() != ErrorCode::InvalidDeviceCode {
        return Err(error);
    }
    let expired = (Texts::of(visit.language).devices.expired, StatusCode::OK);
    let form = form_of(service, visit, held, Form::default(), Some(expired)).await?;
    Ok(without_codes(form, settings))
}

async fn form_of(
    service: &Service,
    visit: &Visit,
    held: &DeviceTokens,
    form: Form,
    error: Option<(&'static str, StatusCode)>,
) -> Result<Response, ApiError> {
    let (error, status) =
        error.map_or((None, StatusCode::OK), |(text, status)| (Some(text), status));
    let is_shared = !service.device_children(held).await?.is_empty();
    let shell = Shell::new(visit, Texts::of(visit.language).devices.pair_title);
    let is_child = visit.caller.is_some();
    page_with(status, &DevicePage { shell, form, error, is_shared, is_child })
}

fn waiting(visit: &Visit, code: &UserCode, origin: &str) -> Result<Response, ApiError> {
    let address = format!("{origin}{PAGE}");
    let picture = qr_code(&format!("{address}?code={code}"))?;
    page(&WaitingPage {
        shell: Shell::new(visit, Texts::of(visit.language).devices.code_title),
        code: code.to_string(),
        address,
        qr: format!("data:image/svg+xml;base64,{}", STANDARD.encode(picture)),
        seconds: Device::POLL_INTERVAL.as_secs(),
    })
}

/// Asks for the codes, and keeps them in a cookie as long as they are valid.
pub(super) async fn begin(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    visit: Visit,
    held: DeviceTokens,
    form: Form,
) -> Result<Response, ApiError> {
    let name = match form.read() {
        Ok(NewDevice { device_name }) => device_name,
        Err(error) => {
            let (form, status) = (form.with_errors(&error), error.code().status());
            let text = Texts::of(visit.language).common.check_fields;
            return form_of(&service, &visit, &held, form, Some((text, status))).await;
        }
    };
    let codes = service.open_device_request(client.address, name).await?;
    let value = format!("{}.{}", codes.device_code.reveal(), codes.user_code.letters());
    let lifetime = format!("Max-Age={}", Device::CODE_LIFETIME.as_secs());
    let cookie = set_cookie(&CookieName::of_choice(CODES), &value, &lifetime, &settings);
    Ok(with_cookie(see_other(PAGE), cookie))
}

/// Forgets the codes.
pub(super) async fn cancel(State(settings): State<Arc<HttpSettings>>) -> Response {
    without_codes(see_other(PAGE), &settings)
}

fn without_codes(response: Response, settings: &HttpSettings) -> Response {
    with_cookie(response, set_cookie(&CookieName::of_choice(CODES), "", "Max-Age=0", settings))
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
