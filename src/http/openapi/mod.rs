//! What the OpenAPI document says beside the routes. Each route's own part stands on its handler.

mod errors;
pub(super) mod samples;
pub(super) mod schemas;
#[cfg(test)]
mod tests;
mod tracking;

pub(super) use errors::{Addition, Attempts, Change, Errors, Refuses, SessionChange};
pub(super) use tracking::{MutationResult, TrackingEventCreated, TrackingEventList};

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, InfoBuilder, License, OpenApi, OpenApiBuilder, SecurityRequirement, Server,
};

use crate::http::resources::users::UserForChild;

/// The names of the groups that the document lists its routes under.
pub(super) mod tags {
    pub(crate) const SESSIONS: &str = "Sessions";
    pub(crate) const CHILDREN: &str = "Children";
    pub(crate) const TASKS: &str = "Tasks";
    pub(crate) const REWARDS: &str = "Rewards";
    pub(crate) const MUTATIONS: &str = "Mutations";
    pub(crate) const TRACKING: &str = "Tracking";
    pub(crate) const DELETION: &str = "Account deletion";
    pub(crate) const MONITORING: &str = "Monitoring";
    pub(crate) const DOCUMENTATION: &str = "Documentation";
    pub(crate) const LEGACY: &str = "Legacy paths";

    /// Each with what it is about, in the order in which a reader needs them.
    pub(super) const ALL: [(&str, &str); 10] = [
        (SESSIONS, "Accounts, logins and sessions."),
        (CHILDREN, "The children of a family."),
        (TASKS, "What gives points, and the penalties that take them."),
        (REWARDS, "What points are spent on, and the requests that wait."),
        (MUTATIONS, "The four changes of a child's points and requests. Each records one event."),
        (TRACKING, "The audit history, and the live stream of it."),
        (DELETION, "Accounts that are marked for deletion."),
        (MONITORING, "Whether the server works, and what it counts."),
        (DOCUMENTATION, "This document, and the page that shows it."),
        (LEGACY, "The mutations at paths in the style of the older service, for its front ends."),
    ];
}

const DESCRIPTION: &str = "\
The back end of a family chore-and-reward app. Parents give points for tasks and take points for \
penalties, children ask for rewards, parents redeem them, and either cancels a request. Each of \
these is recorded as a tracking event.

- Every route answers at `/…` and, the same, under `/api/…`; a slash at the end makes no difference.
- Log in with `POST /auth/login`: a browser then sends the session's cookie by itself. Other clients \
send the same token as a Bearer token.
- A body is a JSON object of the documented fields and no others. Unknown, empty and repeated query \
parameters are refused.
- Moments are UTC with six digits: `2026-02-09T18:42:15.123456Z`.
- An error has a sentence for a person and a code for a program. Any address answers a method that \
it doesn't take with 405 `METHOD_NOT_ALLOWED`, and `OPTIONS` with 200; both list its methods in \
`Allow`. A `GET` route takes `HEAD` too.
- Answers are compressed where the request has `Accept-Encoding: gzip`, and have an `X-Request-Id`.";

/// The document without its routes.
pub(super) fn base(session_cookie: &str) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Goldstar")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(licence()))
        .build();
    let tags = tags::ALL
        .map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    let session = SecurityRequirement::new("session", [""; 0]);
    let bearer = SecurityRequirement::new("bearer", [""; 0]);
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/"), Server::new("/api")]))
        .tags(Some(tags))
        .security(Some([session, bearer]))
        .components(Some(components(session_cookie)))
        .build()
}

fn licence() -> License {
    let mut licence = License::new("MIT OR Apache-2.0");
    licence.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    licence
}

fn components(session_cookie: &str) -> Components {
    let cookie = "The cookie that a login sets. Scripts can't read it.";
    let session = ApiKey::Cookie(ApiKeyValue::with_description(session_cookie, cookie));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "The session's token, as the login's cookie holds it. The monitoring routes also take the \
         monitoring token.",
    ));
    errors::components()
        .schema_from::<UserForChild<'_>>()
        .security_scheme("session", SecurityScheme::ApiKey(session))
        .security_scheme("bearer", SecurityScheme::Http(bearer.build()))
        .build()
}
