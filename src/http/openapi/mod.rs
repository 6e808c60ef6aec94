//! The general parts of the OpenAPI document. The documentation of a route is on its handler.

mod error_samples;
mod errors;
mod occurrences;
mod routes;
pub(super) mod samples;
pub(super) mod schemas;
mod stream;
#[cfg(test)]
mod tests;
mod tracking;

pub(super) use errors::{
    ChangeErrors, ErrorCodes, Errors, FamilyLimitErrors, PasswordErrors, SessionChangeErrors,
    SharedErrors,
};
pub(super) use routes::Routes;
pub(super) use stream::StreamData;
pub(super) use tracking::{MutationResult, REPLAYED, TrackingEvent, TrackingEventPage, replayed};

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, InfoBuilder, License, OpenApi, OpenApiBuilder, SecurityRequirement, Server,
};

use crate::http::resources::users::UserForChild;

/// The tags, which group the routes.
pub(super) mod tags {
    pub(crate) const ACCOUNT: &str = "Account and login";
    pub(crate) const FAMILY: &str = "Members of the family";
    pub(crate) const CHILDREN: &str = "Children";
    pub(crate) const TASKS: &str = "Tasks";
    pub(crate) const REWARDS: &str = "Rewards";
    pub(crate) const BADGES: &str = "Badges";
    pub(crate) const HISTORY: &str = "History";
    pub(crate) const PROGRESS: &str = "Progress";
    pub(crate) const SCHEDULES: &str = "Schedules";
    pub(crate) const WEBHOOKS: &str = "Webhooks";
    pub(crate) const EVENTS: &str = "Event stream";
    pub(crate) const ADMINISTRATION: &str = "Administration";
    pub(crate) const SERVER: &str = "Server";
    pub(crate) const LEGACY: &str = "Legacy paths";

    /// Each tag with its description, in the order of the document.
    pub(super) const ALL: [(&str, &str); 14] = [
        (ACCOUNT, "Sign up, log in, log out, hand the browser to a child, delete the account."),
        (FAMILY, "Further adults of a family, and the invitations with which they join it."),
        (CHILDREN, "The children of the family."),
        (TASKS, "Tasks give points, penalties deduct points."),
        (REWARDS, "Children request rewards, parents redeem them."),
        (BADGES, "What children can earn, and what they have earned."),
        (HISTORY, "The tracking events: every change of points and of pending requests."),
        (PROGRESS, "What the tracking events of the children add up to."),
        (SCHEDULES, "What the children are to do on which days."),
        (EVENTS, "New tracking events as they happen."),
        (WEBHOOKS, "What happens in the family, sent to programs of the family."),
        (
            ADMINISTRATION,
            "The history of all families, and the deletion of accounts. For administrators.",
        ),
        (SERVER, "Health, metrics and this documentation."),
        (LEGACY, "Paths in the style of the older Flask service. New clients do not need them."),
    ];
}

const DESCRIPTION: &str = "\
The back end of a family chore-and-reward app. Parents give points for tasks and deduct points for penalties. \
Children request rewards, and parents redeem them. Each of these changes is stored as a tracking event.

## First steps

1. Every route exists at `/…` and at `/api/…`: `GET /children` and `GET /api/children` are the same.
2. `POST /auth/signup` creates an account, `POST /auth/login` logs in. The response sets the session cookie, \
which a browser sends with every later request, also from this page. Other clients can send the value of the \
cookie as `Authorization: Bearer <value>`, or an API token of `POST /tokens`, which works without a session.
3. `POST /children` with `{\"name\": \"Mía\"}` creates a child, and `POST /tasks` with `{\"name\": \"Make the bed\", \
\"points\": 5}` a task. `POST /children/{id}/tasks/{task_id}/activate` gives the child the points.
4. `POST /auth/child-session` turns the browser into the child's: it can request rewards, but not change points.

## Errors

An error is `{\"error\": \"There is no such child.\", \"code\": \"NOT_FOUND\"}`: a sentence for a person and a code for \
a program. Some errors have `details`, for example every wrong field of the body. The schema `ErrorCode` lists \
all codes.

## Details

- A request body is a JSON object, sent with `Content-Type: application/json`. Fields that are not documented are \
errors, and so are unknown, empty and repeated query parameters.
- Times are in UTC with six decimals: `2026-02-09T18:42:15.123456Z`.
- Lists are returned in pages, see `limit` and `offset`.
- `HEAD` works wherever `GET` does. `OPTIONS` returns the methods of an address in `Allow`. A slash at the end of \
an address has no effect.
- Responses are compressed if the request has `Accept-Encoding: gzip`.
- Each response has an `X-Request-Id`, by which the operator finds the request in the server's log.

## Guides

The guides are files in Goldstar's source code: `docs/api.md` shows every request and response in one session, \
`docs/operations.md` is for operators, and `docs/account-deletion.md` explains the deletion of accounts.";

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
    let cookie = "The cookie that a login sets. Scripts cannot read it.";
    let session = ApiKey::Cookie(ApiKeyValue::with_description(session_cookie, cookie));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "The value of the session cookie, or an API token. `/health` and `/metrics` also accept the monitoring token.",
    ));
    errors::components()
        .schema_from::<UserForChild<'_>>()
        .schema_from::<MutationResult>()
        .security_scheme("session", SecurityScheme::ApiKey(session))
        .security_scheme("bearer", SecurityScheme::Http(bearer.build()))
        .build()
}
