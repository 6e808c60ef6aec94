//! What API tokens may do: each route of the table of roles, in the same words.

use crate::access::table::{Row, TABLE};

/// What a token needs for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: the route is open to everyone, and ignores sessions and tokens.
    Nothing,
    /// No token may use it.
    Session,
    /// Every token may use it.
    AnyToken,
    /// This scope.
    Scope(&'static str),
    /// This scope, in a token for all children.
    OfAllChildren(&'static str),
}

use Need::{AnyToken, Nothing, OfAllChildren, Scope, Session};

const NEEDS: &[(Need, &[&str])] = &[
    (Nothing, OPEN),
    (AnyToken, &["GET /auth/me"]),
    (Session, CLOSED),
    (Session, CLOSED_TO_ADMINISTRATORS),
    (Scope("read"), READ),
    (
        OfAllChildren("read"),
        &[
            "GET /family/members",
            "GET /family/ranking",
            "GET /family/schedule",
            "GET /family/statistics",
            "GET /family/tracking",
            "GET /webhooks",
            "GET /webhooks/{webhook}",
            "GET /webhooks/{webhook}/deliveries",
        ],
    ),
    (
        Scope("activate"),
        &[
            "POST /children/{child}/tasks/{task}/activate",
            "POST /children/{child}/tracking/{event}/reverse",
            "POST /child/{child}/trigger-task",
        ],
    ),
    (
        Scope("requests"),
        &[
            "POST /children/{child}/tasks/{task}/request",
            "POST /children/{child}/tasks/{task}/cancel",
            "POST /children/{child}/rewards/{reward}/request",
            "POST /children/{child}/rewards/{reward}/cancel",
            "POST /children/{child}/rewards/{reward}/redeem",
            "POST /child/{child}/request-reward",
            "POST /child/{child}/cancel-request-reward",
            "POST /child/{child}/trigger-reward",
        ],
    ),
    (
        Scope("manage"),
        &[
            "PATCH /children/{child}",
            "PUT /children/{child}/goal",
            "POST /children/{child}/tasks/{task}/skip",
            "DELETE /children/{child}/tasks/{task}/skip",
            "POST /children/{child}/calendar-feeds",
            "DELETE /children/{child}/calendar-feeds/{feed}",
            "POST /children/{child}/points/adjust",
        ],
    ),
    (OfAllChildren("manage"), MANAGE),
    (OfAllChildren("admin:read"), ADMIN_READ),
    (
        OfAllChildren("admin:write"),
        &[
            "POST /admin/accounts/{account}/end-sessions",
            "POST /admin/accounts/{sleeper}/unmark",
            "PUT /admin/deletion-threshold",
            "POST /admin/deletion-queue/run",
            "DELETE /admin/deletion-queue/{waiter}",
        ],
    ),
];

const OPEN: &[&str] = &[
    "POST /auth/signup",
    "POST /auth/login",
    "POST /auth/restore",
    "POST /auth/reset",
    "POST /auth/device-codes",
    "POST /auth/device-token",
    "GET /auth/device-children",
    "POST /auth/device-child",
    "POST /auth/invitation",
    "GET /calendar/{secret.ics}",
    "GET /badge-images/{tasks_done-2.svg}",
    "GET /health",
    "GET /metrics",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/{page.js}",
    "GET /demo",
];

const CLOSED: &[&str] = &[
    "POST /auth/invitation/accept",
    "POST /auth/child-session",
    "POST /auth/logout",
    "GET /auth/sessions",
    "DELETE /auth/sessions",
    "DELETE /auth/sessions/{session}",
    "PUT /auth/password",
    "GET /tokens",
    "POST /tokens",
    "DELETE /tokens/{token}",
    "PATCH /user",
    "PUT /user/email",
    "POST /user/mark-for-deletion",
    "GET /account/export",
    "PATCH /family/members/{member}",
    "DELETE /family/members/{member}",
    "POST /family/members/{member}/reset-link",
    "GET /family/invitations",
    "POST /family/invitations",
    "DELETE /family/invitations/{invitation}",
    "POST /family/leave",
    "POST /family/transfer",
    "POST /device-codes/inspect",
    "GET /children/{child}/pin",
    "PUT /children/{child}/pin",
    "DELETE /children/{child}/pin",
    "GET /children/{child}/devices",
    "POST /children/{child}/devices",
    "DELETE /children/{child}/devices/{device}",
];

/// What creates, changes and deletes accounts, and what copies all passwords.
const CLOSED_TO_ADMINISTRATORS: &[&str] = &[
    "POST /admin/accounts",
    "PATCH /admin/accounts/{account}",
    "DELETE /admin/accounts/{sleeper}",
    "PUT /admin/accounts/{account}/password",
    "POST /admin/accounts/{account}/reset-link",
    "POST /admin/accounts/{account}/promote",
    "POST /admin/accounts/{account}/demote",
    "POST /admin/accounts/{sleeper}/mark-for-deletion",
    "POST /admin/deletion-queue/{leaver}/run",
    "POST /admin/backup",
    "POST /admin/checkpoint",
];

const READ: &[&str] = &[
    "GET /children",
    "GET /children/{child}",
    "GET /children/{child}/rewards",
    "GET /children/{child}/tasks",
    "GET /children/{child}/today",
    "GET /children/{child}/schedule",
    "GET /children/{child}/tracking",
    "GET /children/{child}/tracking/export",
    "GET /children/{child}/progress",
    "GET /children/{child}/statistics",
    "GET /children/{child}/badges",
    "GET /children/{child}/awards",
    "GET /children/{child}/certificates/{kind}/{month}",
    "GET /children/{child}/calendar-feeds",
    "GET /tasks",
    "GET /tasks/pending",
    "GET /tasks/{task}",
    "GET /rewards",
    "GET /rewards/pending",
    "GET /rewards/{reward}",
    "GET /badges",
    "GET /badges/{badge}",
    "GET /family/settings",
    "GET /events",
];

const MANAGE: &[&str] = &[
    "POST /children",
    "DELETE /children/{child}",
    "POST /tasks",
    "PATCH /tasks/{task}",
    "DELETE /tasks/{task}",
    "POST /rewards",
    "PATCH /rewards/{reward}",
    "DELETE /rewards/{reward}",
    "POST /badges",
    "PATCH /badges/{badge}",
    "DELETE /badges/{badge}",
    "PUT /family/settings",
    "POST /webhooks",
    "PATCH /webhooks/{webhook}",
    "DELETE /webhooks/{webhook}",
    "POST /webhooks/{webhook}/rotate-secret",
    "POST /webhooks/{webhook}/test",
    "POST /webhooks/{webhook}/deliveries/{delivery}/resend",
];

const ADMIN_READ: &[&str] = &[
    "GET /admin/accounts",
    "GET /admin/accounts/{account}",
    "GET /admin/deletion-queue",
    "GET /admin/deletion-threshold",
    "GET /admin/log",
    "GET /admin/sessions",
    "GET /admin/settings",
    "GET /admin/stats",
    "GET /admin/statistics",
    "GET /admin/tracking",
    "GET /admin/tracking/export",
];

/// The rows of the table of roles, each with what a token needs. Fails if a route is missing or is there twice.
pub(crate) fn rows() -> impl Iterator<Item = (&'static Row, Need)> {
    let listed: usize = NEEDS.iter().map(|(_, routes)| routes.len()).sum();
    assert_eq!(listed, TABLE.len(), "each route is there once");
    TABLE.iter().map(|row| {
        let found = NEEDS.iter().find(|(_, routes)| routes.contains(&row.0));
        (row, found.unwrap_or_else(|| panic!("{} is missing", row.0)).0)
    })
}

impl Need {
    pub(crate) fn scope(self) -> Option<&'static str> {
        match self {
            Scope(scope) | OfAllChildren(scope) => Some(scope),
            Nothing | Session | AnyToken => None,
        }
    }
}
