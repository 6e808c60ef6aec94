//! Backups, for administrators.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::Response;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses};

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::confirmed::{Confirmed, PasswordAgainInput};
use crate::http::extract::query::{FromParameters, Parameters, Query};
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, schemas, tags};
use crate::http::resources::exports::{date, disposition, file};
use crate::http::response::json;
use crate::http::response::pieces::Source;
use crate::service::{Authority, BackupPurpose, SentBackup, Service, ServiceError};

const TAR: &str = "application/x-tar";
/// The header with the approximate size of a backup.
pub(crate) const BACKUP_BYTES: &str = "x-backup-bytes";

/// What the backup is for.
pub(crate) struct BackupQuery(BackupPurpose);

impl FromParameters for BackupQuery {
    const NAMES: &'static [&'static str] = &["check"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let check = given.parsed("check", "must be `true` or `false`", |text| text.parse().ok())?;
        let is_check = check.unwrap_or(false);
        Ok(Self(if is_check { BackupPurpose::Check } else { BackupPurpose::Keep }))
    }
}

impl IntoParams for BackupQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let check = "Whether the archive is only read by `goldstar check`, so that it is not recorded. For commands of \
                     the operator only.";
        let schema = schemas::boolean().default(Some(false.into()));
        vec![schemas::query("check", check, schema)]
    }
}

/// Make a backup
///
/// Everything that the server stores at the start of the response, as one tar archive, which `goldstar restore`
/// reads. It contains the password hashes and personal data of all accounts: encrypt it. An administrator repeats the
/// password, unless the session is younger than 15 minutes. A server makes one backup at a time. If the body ends
/// without its last chunk, the archive is not complete, and `goldstar backup verify` refuses it.
#[utoipa::path(
    post,
    path = "/admin/backup",
    operation_id = "createBackup",
    tag = tags::ADMINISTRATION,
    params(BackupQuery),
    request_body = Option<PasswordAgainInput>,
    responses(
        BackupFile,
        Errors<Confirmed, Query<BackupQuery>, ChangeErrors, BackupErrors>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    Query(BackupQuery(purpose)): Query<BackupQuery>,
    Confirmed(authority): Confirmed,
) -> Result<Response, ApiError> {
    send(&service, &authority, purpose).await
}

/// Makes a backup, and sends it as a file.
pub(crate) async fn send(
    service: &Arc<Service>,
    authority: &Authority,
    purpose: BackupPurpose,
) -> Result<Response, ApiError> {
    Ok(file_of(service, authority, service.back_up(authority, purpose).await?))
}

/// The response that contains a backup as a file.
pub(crate) fn file_of(
    service: &Arc<Service>,
    authority: &Authority,
    backup: SentBackup,
) -> Response {
    let name = format!("goldstar-{}.tar", date(backup.started_at()));
    let bytes = backup.bytes();
    let reader = json::reader_for(service, authority);
    let mut response = file(BackupFile(backup), reader, TAR, &name);
    if let Some(bytes) = bytes {
        response.headers_mut().insert(BACKUP_BYTES, bytes.into());
    }
    response
}

enum BackupErrors {}

impl ErrorCodes for BackupErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::BackupInProgress, ErrorCode::OperatorRequired];
}

struct BackupFile(SentBackup);

impl Source for BackupFile {
    async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        self.0.next().await
    }
}

/// The documentation of [`BACKUP_BYTES`].
fn size() -> utoipa::openapi::Header {
    let header = HeaderBuilder::new().schema(Some(schemas::integer(1..)));
    header.description(Some("About how many bytes the archive has, if that is known.")).build()
}

impl IntoResponses for BackupFile {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let response = ResponseBuilder::new()
            .description("The archive")
            .content(TAR, ContentBuilder::new().build())
            .header(header::CONTENT_DISPOSITION.as_str(), disposition())
            .header("X-Backup-Bytes", size());
        [("200".to_owned(), response.build().into())].into()
    }
}
