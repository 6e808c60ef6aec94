//! What API tokens may do: the scope that a token needs for each route. A route without a line here, also one that is added
//! later, is closed to tokens: what concerns accounts, passwords, sessions, tokens, members and devices is for people.

use axum::http::Method;

use crate::domain::TokenScope;
use crate::service::{Caller, ServiceError};

/// Which tokens may use a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Those for all children, and those for one: the route is about a child in its path, or shows only that child.
    AnyToken,
    /// Those for all children.
    AllChildren,
}

const TABLE: [(TokenScope, Reach, &[&str]); 10] = {
    use Reach::{AllChildren, AnyToken};
    use TokenScope::{Activate, AdminRead, AdminWrite, Manage, Read, Requests};
    [
        (Read, AnyToken, READ),
        (Read, AllChildren, READ_ALL),
        (Activate, AnyToken, ACTIVATE),
        (Requests, AnyToken, REQUESTS),
        (Manage, AnyToken, MANAGE),
        (Manage, AllChildren, MANAGE_ALL),
        (Manage, AllChildren, MANAGE_WEBHOOKS),
        (AdminRead, AllChildren, ADMIN_READ),
        (AdminRead, AllChildren, MONITORING),
        (AdminWrite, AllChildren, ADMIN_WRITE),
    ]
};

const READ: &[&str] = &[
    "GET /children",
    "GET /children/{id}",
    "GET /children/{id}/awards",
    "GET /children/{id}/badges",
    "GET /children/{id}/calendar-feeds",
    "GET /children/{id}/certificates/{kind}/{certificate_id}",
    "GET /children/{id}/progress",
    "GET /children/{id}/rewards",
    "GET /children/{id}/schedule",
    "GET /children/{id}/statistics",
    "GET /children/{id}/tasks",
    "GET /children/{id}/today",
    "GET /children/{id}/tracking",
    "GET /children/{id}/tracking/export",
    "GET /badges",
    "GET /badges/{id}",
    "GET /events",
    "GET /family/settings",
    "GET /rewards",
    "GET /rewards/pending",
    "GET /rewards/{id}",
    "GET /tasks",
    "GET /tasks/pending",
    "GET /tasks/{id}",
];

const READ_ALL: &[&str] = &[
    "GET /family/members",
    "GET /family/ranking",
    "GET /family/schedule",
    "GET /family/statistics",
    "GET /family/tracking",
    "GET /webhooks",
    "GET /webhooks/{id}",
    "GET /webhooks/{id}/deliveries",
];

const ACTIVATE: &[&str] = &[
    "POST /children/{id}/tasks/{task_id}/activate",
    "POST /children/{id}/tracking/{event_id}/reverse",
    "POST /child/{id}/trigger-task",
];

const REQUESTS: &[&str] = &[
    "POST /children/{id}/rewards/{reward_id}/cancel",
    "POST /children/{id}/rewards/{reward_id}/redeem",
    "POST /children/{id}/rewards/{reward_id}/request",
    "POST /children/{id}/tasks/{task_id}/cancel",
    "POST /children/{id}/tasks/{task_id}/request",
    "POST /child/{id}/cancel-request-reward",
    "POST /child/{id}/request-reward",
    "POST /child/{id}/trigger-reward",
];

const MANAGE: &[&str] = &[
    "PATCH /children/{id}",
    "PUT /children/{id}/goal",
    "POST /children/{id}/calendar-feeds",
    "DELETE /children/{id}/calendar-feeds/{feed_id}",
    "POST /children/{id}/points/adjust",
    "POST /children/{id}/tasks/{task_id}/skip",
    "DELETE /children/{id}/tasks/{task_id}/skip",
];

const MANAGE_ALL: &[&str] = &[
    "POST /badges",
    "PATCH /badges/{id}",
    "DELETE /badges/{id}",
    "POST /children",
    "DELETE /children/{id}",
    "PUT /family/settings",
    "POST /rewards",
    "PATCH /rewards/{id}",
    "DELETE /rewards/{id}",
    "POST /tasks",
    "PATCH /tasks/{id}",
    "DELETE /tasks/{id}",
];

const MANAGE_WEBHOOKS: &[&str] = &[
    "POST /webhooks",
    "PATCH /webhooks/{id}",
    "DELETE /webhooks/{id}",
    "POST /webhooks/{id}/rotate-secret",
    "POST /webhooks/{id}/test",
    "POST /webhooks/{id}/deliveries/{delivery_id}/resend",
];

const ADMIN_READ: &[&str] = &[
    "GET /admin/accounts",
    "GET /admin/accounts/{user_id}",
    "GET /admin/deletion-queue",
    "GET /admin/deletion-threshold",
    "GET /admin/log",
    "GET /admin/sessions",
    "GET /admin/settings",
    "GET /admin/statistics",
    "GET /admin/stats",
    "GET /admin/tracking",
    "GET /admin/tracking/export",
];

/// Unless the operator has opened them to everyone.
const MONITORING: &[&str] = &["GET /health", "GET /metrics"];

/// Not what creates, changes or deletes an account.
const ADMIN_WRITE: &[&str] = &[
    "POST /admin/accounts/{user_id}/end-sessions",
    "POST /admin/accounts/{user_id}/unmark",
    "DELETE /admin/deletion-queue/{user_id}",
    "POST /admin/deletion-queue/run",
    "PUT /admin/deletion-threshold",
];

/// What every token may read: whose token it is.
const OWN: &str = "/auth/me";

/// Fails if the caller uses an API token that may not use the route. What the role of its owner allows is checked
/// afterwards, as for a session.
pub(super) fn check(caller: &Caller, method: &Method, route: &str) -> Result<(), ServiceError> {
    let Some(token) = caller.api_token() else { return Ok(()) };
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    if *method == Method::GET && route == OWN {
        return Ok(());
    }
    let name = format!("{method} {route}");
    let needed = TABLE.iter().find(|(.., routes)| routes.contains(&name.as_str()));
    let &(scope, reach, _) = needed.ok_or(ServiceError::SessionRequired)?;
    if !token.scopes.contains(&scope) {
        return Err(ServiceError::ScopeRequired(scope));
    }
    if reach == Reach::AllChildren && caller.visible_child().is_some() {
        return Err(ServiceError::AllChildrenRequired(scope));
    }
    Ok(())
}
