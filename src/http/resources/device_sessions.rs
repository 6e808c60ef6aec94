//! The sessions of children on their devices, for the devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::{ChildId, Device, Name};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::device::{device_cookie, joined};
use crate::http::extract::field_types::{CHILD_ID, NAME, TEXT};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::extract::origin::OwnOrigin;
use crate::http::openapi::{
    ErrorCodes, Errors, PasswordErrors, SessionChangeErrors, samples, schemas, tags,
};
use crate::http::resources::auth::{Cookie, header_of};
use crate::http::resources::records::Iso;
use crate::http::resources::session_answer::SessionAnswer;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::service::{Caller, DeviceChild, DeviceTokens, LoggedIn, Service, ServiceError, Token};

// `utoipa::path` takes no generic types.
type NewDeviceInput = Input<NewDevice>;
type DeviceCodeInput = Input<DeviceCode>;
type ChosenChildInput = Input<ChosenChild>;

/// The page on which a parent enters the code.
pub(crate) const PAGE: &str = "/pair";
/// The smallest width of a QR code, in pixels.
const WIDTH: u32 = 240;

enum ChosenErrors {}

impl ErrorCodes for ChosenErrors {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::NotFound, ErrorCode::WrongPin, ErrorCode::TooManyAttempts];
}

enum PollErrors {}

impl ErrorCodes for PollErrors {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::AuthorizationPending, ErrorCode::InvalidDeviceCode, ErrorCode::SlowDown];
}

/// The codes of a device that has asked for a session.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceCodes, examples(codes_sample))]
pub(crate) struct CodesBody {
    /// The secret with which the device asks for its session. Only this response contains it.
    device_code: String,
    /// What the device shows: eight consonants.
    user_code: String,
    /// The address of the page on which a parent enters the code: `/pair` under `public_url`, or under the address of the
    /// request if the operator has not set it.
    verification_uri: String,
    /// The same address with the code.
    verification_uri_complete: String,
    /// A QR code of `verification_uri_complete`, as an SVG image.
    qr_svg: String,
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
    /// The seconds until then.
    #[schema(minimum = 1)]
    expires_in: u64,
    /// The seconds between two requests for the session.
    #[schema(minimum = 1)]
    interval: u64,
}

fn codes_sample() -> Value {
    json!({
        "device_code": "5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b",
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://chores.example.org/pair",
        "verification_uri_complete": "https://chores.example.org/pair?code=WDJB-MJHT",
        "qr_svg": "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 264 264\"></svg>",
        "expires_at": samples::MOMENT, "expires_in": 600, "interval": 5,
    })
}

/// A child that shares a device.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceChild)]
struct DeviceChildBody {
    id: String,
    name: String,
    #[schema(required, value_type = Option<String>)]
    image_id: Option<Arc<str>>,
    /// Whether the requests of the device are those of this child.
    is_current: bool,
    /// Whether the device needs a PIN to become this child's.
    has_pin: bool,
}

/// The children that share a device.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceChildren, examples(children_sample))]
pub(crate) struct DeviceChildren {
    children: Vec<DeviceChildBody>,
}

fn children_sample() -> Value {
    let child = json!({
        "id": samples::CHILD_ID, "name": "Alice", "image_id": null, "is_current": true, "has_pin": false,
    });
    json!({"children": [child]})
}

impl From<DeviceChild> for DeviceChildBody {
    fn from(DeviceChild { child, is_current }: DeviceChild) -> Self {
        Self {
            id: child.id.to_string(),
            name: child.name.to_string(),
            image_id: child.image_id.clone(),
            is_current,
            has_pin: child.pin.is_some(),
        }
    }
}

pub(crate) struct NewDevice {
    pub(crate) device_name: Name,
}

impl RequestBody for NewDevice {
    const NAME: &'static str = "NewDevice";
    const ABOUT: &'static str = "The name of a device, which the parent sees.";

    fn example() -> Value {
        json!({"device_name": "Kitchen tablet"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self { device_name: fields.required("device_name", NAME)? })
    }
}

pub(crate) struct DeviceCode {
    device_code: Token,
}

impl RequestBody for DeviceCode {
    const NAME: &'static str = "DeviceCode";
    const ABOUT: &'static str = "The secret of a device that shows a code.";

    fn example() -> Value {
        json!({"device_code": "5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let device_code = fields.required("device_code", TEXT)?;
        Ok(Self { device_code: Token::presented(&device_code) })
    }
}

pub(crate) struct ChosenChild {
    pub(crate) child_id: ChildId,
    pub(crate) pin: Option<String>,
}

impl RequestBody for ChosenChild {
    const NAME: &'static str = "ChosenChild";
    const ABOUT: &'static str =
        "One of the children that share the device, and its PIN if it has one.";

    fn example() -> Value {
        json!({"child_id": samples::CHILD_ID, "pin": "4711"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let child_id = fields.required("child_id", CHILD_ID);
        let pin = fields.optional("pin", TEXT);
        Ok(Self { child_id: child_id?, pin: pin? })
    }
}

/// Ask for a child's session on a device
///
/// The device shows `user_code` or the QR code, and asks for the session with `device_code` every 5 seconds. A parent
/// enters or scans the code and chooses the child. The codes end after ten minutes. Ten requests can be open from one
/// address.
#[utoipa::path(
    post,
    path = "/auth/device-codes",
    operation_id = "createDeviceCodes",
    tag = tags::ACCOUNT,
    request_body = NewDeviceInput,
    responses(
        (status = 200, description = "The codes", body = CodesBody),
        Errors<Input<NewDevice>, PasswordErrors, SessionChangeErrors>
    ),
    security(())
)]
pub(crate) async fn codes(
    State(service): State<Arc<Service>>,
    client: Client,
    OwnOrigin(origin): OwnOrigin,
    Input(NewDevice { device_name }): Input<NewDevice>,
) -> Result<Json<CodesBody>, ApiError> {
    let codes = service.open_device_request(client.address, device_name).await?;
    let verification_uri = format!("{origin}{PAGE}");
    let verification_uri_complete = format!("{verification_uri}?code={}", codes.user_code);
    Ok(Json(CodesBody {
        device_code: codes.device_code.reveal().to_owned(),
        user_code: codes.user_code.to_string(),
        qr_svg: qr_code(&verification_uri_complete)?,
        verification_uri,
        verification_uri_complete,
        expires_at: Iso(codes.expires_at),
        expires_in: Device::CODE_LIFETIME.as_secs(),
        interval: Device::POLL_INTERVAL.as_secs(),
    }))
}

/// A QR code, as an SVG image.
pub(crate) fn qr_code(address: &str) -> Result<String, ServiceError> {
    let code = QrCode::new(address).map_err(ServiceError::internal)?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(WIDTH, WIDTH).build())
}

/// Fetch a child's session on a device
///
/// `AUTHORIZATION_PENDING` until a parent has confirmed the device. The session has a cookie of its own, with the sessions of
/// the other children that share the device. A live session in the session cookie takes precedence over it.
#[utoipa::path(
    post,
    path = "/auth/device-token",
    operation_id = "fetchDeviceSession",
    tag = tags::ACCOUNT,
    request_body = DeviceCodeInput,
    responses(
        (
            status = 200,
            description = "The child's session",
            body = SessionAnswer,
            headers(("Set-Cookie" = String, description = "The cookie of the device"))
        ),
        Errors<Input<DeviceCode>, PasswordErrors, SessionChangeErrors, PollErrors>
    ),
    security(())
)]
pub(crate) async fn token(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    held: DeviceTokens,
    Input(DeviceCode { device_code }): Input<DeviceCode>,
) -> Result<(Cookie, Json<SessionAnswer>), ApiError> {
    let (cookie, caller) = fetched(&service, client, &device_code, &held).await?;
    answer(&cookie, &caller, &settings)
}

/// Fetches the session of a device. Returns the value of its cookie, and the caller whose session it is.
pub(crate) async fn fetched(
    service: &Arc<Service>,
    client: Client,
    device_code: &Token,
    held: &DeviceTokens,
) -> Result<(String, Caller), ServiceError> {
    let fetched = service.fetch_device_session(client.address, device_code, held).await?;
    let LoggedIn { token, caller } = fetched;
    let others = service.live_device_sessions(held).await?;
    let tokens = [&token].into_iter().chain(others.iter().map(|it| it.token));
    Ok((joined(tokens), caller))
}

/// List the children that share a device
///
/// Empty without the cookie of a device.
#[utoipa::path(
    get,
    path = "/auth/device-children",
    operation_id = "listDeviceChildren",
    tag = tags::ACCOUNT,
    responses(
        (status = 200, description = "The children", body = DeviceChildren),
        Errors<()>
    ),
    security(())
)]
pub(crate) async fn children(
    State(service): State<Arc<Service>>,
    held: DeviceTokens,
) -> Result<Json<DeviceChildren>, ApiError> {
    let children = service.device_children(&held).await?;
    Ok(Json(DeviceChildren { children: children.into_iter().map(Into::into).collect() }))
}

/// Choose one of the children that share a device
///
/// From then on the requests of the device are those of this child. If it has a PIN and is not the current child, `pin` is
/// needed, and counts as an attempt of the child and of the client's address.
#[utoipa::path(
    post,
    path = "/auth/device-child",
    operation_id = "chooseDeviceChild",
    tag = tags::ACCOUNT,
    request_body = ChosenChildInput,
    responses(
        (
            status = 200,
            description = "The child's session",
            body = SessionAnswer,
            headers(("Set-Cookie" = String, description = "The cookie of the device"))
        ),
        Errors<Input<ChosenChild>, ChosenErrors, SessionChangeErrors>
    ),
    security(())
)]
pub(crate) async fn choose(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    held: DeviceTokens,
    Input(ChosenChild { child_id, pin }): Input<ChosenChild>,
) -> Result<(Cookie, Json<SessionAnswer>), ApiError> {
    let chosen = service.choose_device_child(client.address, &held, &child_id, pin);
    let (tokens, caller) = chosen.await?;
    answer(&joined(tokens.into_iter()), &caller, &settings)
}

fn answer(
    cookie: &str,
    caller: &Caller,
    settings: &Arc<HttpSettings>,
) -> Result<(Cookie, Json<SessionAnswer>), ApiError> {
    let cookie = header_of(device_cookie(cookie, settings))?;
    Ok((cookie, Json(SessionAnswer::of(caller, settings))))
}
