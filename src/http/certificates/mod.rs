//! Certificates, as pages to print. Each is one file: it can be saved, and needs nothing else.

mod names;
mod page;
mod texts;

use std::sync::{Arc, LazyLock};

use askama::Template as _;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub(crate) use self::names::{badge_name, grade_name, rank_name, reached};
use self::page::{CertificatePage, STYLE};
use crate::domain::{RecordKind, RuleViolation};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::language::PageLanguage;
use crate::http::openapi::{Errors, tags};
use crate::service::{Caller, CertificateKind, Service, ServiceError};

/// Allows the page's own style and nothing else.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    // Base64 is always valid in a header.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// Get a certificate
///
/// A page to print on one sheet of A4 or Letter, in landscape format. It is in the language of the account if that is English or
/// German, else in that of the browser. A badge is identified by the `id` of an award, a rank by its number from 1, a month by
/// `2026-02`. There is none for an award that was revoked, a rank that the child has not reached, and a month without a task.
#[utoipa::path(
    get,
    path = "/children/{id}/certificates/{kind}/{certificate_id}",
    operation_id = "getCertificate",
    tag = tags::PROGRESS,
    params(
        ("id" = String, Path, description = "The id of the child."),
        ("kind" = String, Path, description = "`badge`, `rank` or `month`.", example = "month"),
        ("certificate_id" = String, Path, description = "The award, the rank or the month.", example = "2026-02")
    ),
    responses(
        (status = 200, description = "The page", content_type = "text/html; charset=utf-8", body = String),
        Errors<Caller, Path<(String, String, String)>>
    )
)]
pub(crate) async fn certificate(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, kind, id)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let unknown = || ServiceError::from(RuleViolation::NotFound(RecordKind::Certificate));
    let kind = CertificateKind::parse(&kind).ok_or_else(unknown)?;
    let certificate = service.certificate(&caller, &child.into(), kind, &id).await?;
    let language = PageLanguage::of(caller.account(), &headers);
    let page = CertificatePage::new(&certificate, language).render();
    let page = page.map_err(ServiceError::internal)?;
    let policy: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::VARY, HeaderValue::from_static("Accept-Language")),
    ];
    Ok((policy, Html(page)))
}
