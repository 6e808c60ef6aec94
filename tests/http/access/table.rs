//! Who may do what: the table of every route and every role.

use reqwest::Method;

use super::home::{invitation_id, session_id, token_id};

/// The roles. The ids in a path are those of the first family, whose owner is the parent; the member is a further parent
/// of it. The other member is one of another family.
pub(crate) const ROLES: [&str; 8] =
    ["nobody", "child", "parent", "another parent", "admin", "member", "helper", "another member"];

/// A route, its body, and the status for each of [`ROLES`].
pub(crate) struct Row(pub(crate) &'static str, &'static str, pub(crate) [u16; 8]);

// 401 without a session, 403 without permission, and 404 for ids of another family.
const ANYONE: [u16; 8] = [200; 8];
const SESSION: [u16; 8] = [401, 200, 200, 200, 200, 200, 200, 200];
const NOT_HELPERS: [u16; 8] = [401, 200, 200, 200, 200, 200, 403, 200];
const ADULTS: [u16; 8] = [401, 403, 200, 200, 200, 200, 200, 200];
const PARENTS: [u16; 8] = [401, 403, 200, 200, 200, 200, 403, 200];
const OWNERS: [u16; 8] = [401, 403, 200, 200, 200, 403, 403, 403];
const FAMILY: [u16; 8] = [401, 200, 200, 404, 404, 200, 200, 404];
const NO_HELPER: [u16; 8] = [401, 200, 200, 404, 404, 200, 403, 404];
const MAKES: [u16; 8] = [401, 403, 201, 201, 201, 201, 403, 201];
const OWN: [u16; 8] = [401, 403, 200, 404, 404, 200, 403, 404];
const REMOVES: [u16; 8] = [401, 403, 204, 404, 404, 204, 403, 404];
const ADMIN: [u16; 8] = [401, 403, 403, 403, 200, 403, 403, 403];
// Only commands on the server's machine.
const OPERATOR: [u16; 8] = [401, 403, 403, 403, 403, 403, 403, 403];

/// In an order in which a family can send all of them: requests that end something come last.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    Row("POST /auth/signup", r#"{"first_name":"N","last_name":"N","email":"new@example.org","password":"correct horse"}"#, [201; 8]),
    Row("POST /auth/login", r#"{"email":"first@example.org","password":"correct horse"}"#, ANYONE),
    Row("POST /auth/restore", r#"{"email":"marked@example.org","password":"correct horse"}"#, ANYONE),
    Row("POST /auth/reset", r#"{"secret":"link","new_password":"battery staple"}"#, [204; 8]),
    Row("POST /auth/device-codes", r#"{"device_name":"Tablet"}"#, ANYONE),
    Row("POST /auth/device-token", r#"{"device_code":"waiting"}"#, ANYONE),
    Row("GET /auth/device-children", "", ANYONE),
    Row("POST /auth/device-child", r#"{"child_id":"{child}"}"#, [404; 8]),
    Row("POST /auth/invitation", r#"{"secret":"invitation"}"#, ANYONE),
    Row("POST /auth/invitation/accept", r#"{"secret":"invitation"}"#, [401, 403, 409, 409, 409, 409, 409, 409]),
    Row("GET /auth/me", "", SESSION),
    Row("GET /tokens", "", ADULTS),
    Row("POST /tokens", r#"{"name":"Program","scopes":["read"]}"#, MAKES),
    Row("DELETE /tokens/{token}", "", [401, 403, 204, 404, 404, 404, 404, 404]),
    Row("PATCH /user", r#"{"language":"de"}"#, ADULTS),
    Row("PUT /user/email", r#"{"email":"changed@example.org","password":"correct horse"}"#, ADULTS),
    Row("GET /auth/sessions", "", ADULTS),
    Row("DELETE /auth/sessions/{session}", "", [401, 403, 204, 404, 404, 404, 404, 404]),
    Row("GET /children", "", SESSION),
    Row("POST /children", r#"{"name":"New"}"#, MAKES),
    Row("GET /children/{child}", "", FAMILY),
    Row("PATCH /children/{child}", r#"{"name":"Renamed"}"#, OWN),
    Row("PUT /children/{child}/goal", r#"{"reward_id":null}"#, NO_HELPER),
    Row("POST /device-codes/inspect", r#"{"user_code":"{code}"}"#, PARENTS),
    Row("GET /children/{child}/pin", "", OWN),
    Row("PUT /children/{child}/pin", r#"{"pin":"4711"}"#, REMOVES),
    Row("DELETE /children/{child}/pin", "", REMOVES),
    Row("GET /children/{child}/devices", "", OWN),
    Row("POST /children/{child}/devices", r#"{"user_code":"{code}"}"#, [401, 403, 201, 404, 404, 201, 403, 404]),
    Row("DELETE /children/{child}/devices/{device}", "", REMOVES),
    Row("GET /children/{child}/rewards", "", FAMILY),
    Row("GET /children/{child}/tracking", "", FAMILY),
    Row("GET /children/{child}/tracking/export", "", OWN),
    Row("GET /family/tracking", "", PARENTS),
    Row("GET /children/{child}/progress", "", NO_HELPER),
    Row("GET /children/{child}/statistics", "", NO_HELPER),
    Row("GET /family/ranking", "", PARENTS),
    Row("GET /family/settings", "", PARENTS),
    Row("PUT /family/settings", r#"{"time_zone":"Europe/Berlin"}"#, PARENTS),
    Row("GET /family/members", "", PARENTS),
    Row("PATCH /family/members/{member}", r#"{"role":"parent"}"#, [401, 403, 204, 404, 404, 403, 403, 403]),
    Row("POST /family/members/{member}/reset-link", r#"{"password":"correct horse"}"#, [401, 403, 201, 404, 404, 403, 403, 403]),
    Row("GET /family/invitations", "", OWNERS),
    Row("POST /family/invitations", r#"{"role":"helper"}"#, [401, 403, 201, 201, 201, 403, 403, 403]),
    Row("DELETE /family/invitations/{invitation}", "", [401, 403, 204, 404, 404, 403, 403, 403]),
    Row("GET /account/export", "", ADULTS),
    Row("GET /tasks", "", SESSION),
    Row("POST /tasks", r#"{"name":"New","points":5}"#, MAKES),
    Row("GET /tasks/{task}", "", FAMILY),
    Row("PATCH /tasks/{task}", r#"{"name":"Renamed","schedule":{"who":"all","every":"day"}}"#, OWN),
    Row("GET /children/{child}/today", "", FAMILY),
    Row("GET /children/{child}/schedule", "", NO_HELPER),
    Row("GET /family/schedule", "", PARENTS),
    Row("GET /family/statistics", "", PARENTS),
    Row("POST /children/{child}/tasks/{task}/skip", r#"{"date":"2100-01-01"}"#, OWN),
    Row("DELETE /children/{child}/tasks/{task}/skip", "", OWN),
    Row("GET /children/{child}/calendar-feeds", "", OWN),
    Row("POST /children/{child}/calendar-feeds", "", [401, 403, 201, 404, 404, 201, 403, 404]),
    Row("DELETE /children/{child}/calendar-feeds/{feed}", "", REMOVES),
    Row("GET /calendar/{secret.ics}", "", ANYONE),
    Row("GET /webhooks", "", PARENTS),
    Row("POST /webhooks", r#"{"url":"https://goldstar.invalid/","events":["task.due"]}"#, MAKES),
    Row("GET /webhooks/{webhook}", "", OWN),
    Row("PATCH /webhooks/{webhook}", r#"{"events":["task.late"]}"#, OWN),
    Row("POST /webhooks/{webhook}/rotate-secret", "", OWN),
    Row("POST /webhooks/{webhook}/test", "", [401, 403, 202, 404, 404, 202, 403, 404]),
    Row("GET /webhooks/{webhook}/deliveries", "", OWN),
    Row("POST /webhooks/{webhook}/deliveries/{delivery}/resend", "", [401, 403, 202, 404, 404, 202, 403, 404]),
    Row("GET /badges", "", NOT_HELPERS),
    Row("POST /badges", r#"{"name":"New","metric":"tasks_done","thresholds":[5]}"#, MAKES),
    Row("GET /badges/{badge}", "", NO_HELPER),
    Row("PATCH /badges/{badge}", r#"{"name":"Renamed"}"#, OWN),
    Row("GET /children/{child}/badges", "", NO_HELPER),
    Row("GET /children/{child}/awards", "", NO_HELPER),
    Row("GET /children/{child}/certificates/{kind}/{month}", "", NO_HELPER),
    Row("GET /badge-images/{tasks_done-2.svg}", "", ANYONE),
    Row("GET /rewards", "", SESSION),
    Row("POST /rewards", r#"{"name":"New","cost":5}"#, MAKES),
    Row("GET /rewards/pending", "", SESSION),
    Row("GET /rewards/{reward}", "", FAMILY),
    Row("PATCH /rewards/{reward}", r#"{"name":"Renamed"}"#, OWN),
    Row("GET /children/{child}/tasks", "", FAMILY),
    Row("GET /tasks/pending", "", SESSION),
    Row("POST /children/{child}/tasks/{task}/request", "", NO_HELPER),
    Row("POST /children/{child}/tasks/{task}/cancel", "", NO_HELPER),
    Row("POST /children/{child}/tasks/{task}/activate", "", [401, 403, 200, 404, 404, 200, 200, 404]),
    Row("POST /children/{child}/rewards/{reward}/request", "", NO_HELPER),
    Row("POST /children/{child}/rewards/{reward}/cancel", "", NO_HELPER),
    Row("POST /children/{child}/rewards/{reward}/redeem", "", OWN),
    Row("POST /children/{child}/points/adjust", r#"{"delta":5,"note":"why"}"#, OWN),
    Row("POST /children/{child}/tracking/{event}/reverse", "", OWN),
    Row("POST /child/{child}/trigger-task", r#"{"task_id":"{task}"}"#, OWN),
    Row("POST /child/{child}/request-reward", r#"{"reward_id":"{reward}"}"#, NO_HELPER),
    Row("POST /child/{child}/cancel-request-reward", r#"{"reward_id":"{reward}"}"#, NO_HELPER),
    Row("POST /child/{child}/trigger-reward", r#"{"reward_id":"{reward}"}"#, OWN),
    Row("GET /events", "", SESSION),
    Row("GET /admin/tracking", "", ADMIN),
    Row("GET /admin/tracking/export", "", ADMIN),
    Row("GET /admin/accounts", "", ADMIN),
    Row("GET /admin/accounts/{account}", "", ADMIN),
    Row("POST /admin/accounts", r#"{"first_name":"N","last_name":"N","email":"other@example.org","password":"correct horse"}"#, OPERATOR),
    Row("PATCH /admin/accounts/{account}", r#"{"first_name":"N"}"#, ADMIN),
    Row("PUT /admin/accounts/{account}/password", r#"{"new_password":"battery staple"}"#, OPERATOR),
    Row("POST /admin/accounts/{account}/reset-link", "", [401, 403, 403, 403, 201, 403, 403, 403]),
    Row("POST /admin/accounts/{account}/promote", "", ADMIN),
    Row("POST /admin/accounts/{account}/demote", "", ADMIN),
    Row("POST /admin/accounts/{account}/end-sessions", "", [401, 403, 403, 403, 204, 403, 403, 403]),
    Row("POST /admin/accounts/{sleeper}/mark-for-deletion", "", [401, 403, 403, 403, 202, 403, 403, 403]),
    Row("POST /admin/accounts/{sleeper}/unmark", "", [401, 403, 403, 403, 204, 403, 403, 403]),
    Row("DELETE /admin/accounts/{sleeper}", "", ADMIN),
    Row("GET /admin/log", "", ADMIN),
    Row("GET /admin/sessions", "", ADMIN),
    Row("GET /admin/settings", "", ADMIN),
    Row("GET /admin/stats", "", ADMIN),
    Row("GET /admin/statistics", "", ADMIN),
    Row("GET /admin/deletion-threshold", "", ADMIN),
    Row("PUT /admin/deletion-threshold", r#"{"hours":721}"#, ADMIN),
    Row("GET /admin/deletion-queue", "", ADMIN),
    Row("POST /admin/deletion-queue/run", "", ADMIN),
    Row("POST /admin/deletion-queue/{leaver}/run", "", ADMIN),
    Row("POST /admin/backup", r#"{"password":"correct horse"}"#, ADMIN),
    Row("POST /admin/checkpoint", "", OPERATOR),
    Row("DELETE /admin/deletion-queue/{waiter}", "", [401, 403, 403, 403, 204, 403, 403, 403]),
    Row("GET /health", "", ANYONE),
    Row("GET /metrics", "", ANYONE),
    Row("GET /openapi.json", "", ANYONE),
    Row("GET /docs", "", ANYONE),
    Row("GET /docs/{page.js}", "", ANYONE),
    Row("GET /demo", "", ANYONE),
    Row("DELETE /tasks/{task}", "", REMOVES),
    Row("DELETE /rewards/{reward}", "", REMOVES),
    Row("DELETE /badges/{badge}", "", REMOVES),
    Row("DELETE /webhooks/{webhook}", "", REMOVES),
    Row("POST /auth/child-session", r#"{"child_id":"{child}"}"#, OWN),
    Row("DELETE /children/{child}", "", REMOVES),
    Row("DELETE /family/members/{member}", "", [401, 403, 204, 404, 404, 403, 403, 403]),
    Row("POST /auth/logout", "", [401, 204, 204, 204, 204, 204, 204, 204]),
    Row("DELETE /auth/sessions", "", [401, 403, 204, 204, 204, 204, 204, 204]),
    Row("PUT /auth/password", r#"{"current_password":"correct horse","new_password":"battery staple"}"#, [401, 403, 204, 204, 204, 204, 204, 204]),
    Row("POST /family/leave", "", [401, 403, 409, 409, 409, 200, 200, 200]),
    Row("POST /family/transfer", r#"{"member_id":"{member}","password":"correct horse"}"#, [401, 403, 204, 404, 404, 403, 403, 403]),
    Row("POST /user/mark-for-deletion", r#"{"password":"correct horse","delete_family":true}"#, [401, 403, 202, 202, 202, 202, 202, 202]),
];

/// The ids of the first family.
pub(crate) const IDS: [(&str, &str); 10] = [
    ("{child}", "first-child"),
    ("{task}", "first-task"),
    ("{reward}", "first-reward"),
    ("{badge}", "first-badge"),
    ("{event}", "first-event"),
    ("{feed}", "first-feed"),
    ("{device}", "first-device"),
    ("{webhook}", "first-webhook"),
    // The other families have none with this number, which is 404 like one of another family.
    ("{delivery}", "1"),
    ("{member}", "first-member"),
];

/// The text with these ids inserted.
pub(crate) fn filled(text: &str, ids: &[(&str, &str)]) -> String {
    let files = ["page.js", "tasks_done-2.svg", "secret.ics"];
    let text =
        files.iter().fold(text.to_owned(), |text, id| text.replace(&format!("{{{id}}}"), id));
    let text = text.replace("{session}", &session_id()).replace("{invitation}", &invitation_id());
    let text = text.replace("{token}", &token_id());
    let text = text.replace("{kind}", "month").replace("{month}", "2026-02");
    // Accounts of which two are marked for deletion.
    let accounts = ["leaver", "waiter", "sleeper"];
    let text = accounts.iter().fold(text, |text, id| text.replace(&format!("{{{id}}}"), id));
    let text = text.replace("{account}", "second");
    ids.iter().fold(text, |text, (place, id)| text.replace(place, id))
}

impl Row {
    pub(crate) fn method(&self) -> Method {
        self.0.split_once(' ').unwrap().0.parse().unwrap()
    }

    /// The path, with placeholders for ids.
    pub(crate) fn path(&self) -> &'static str {
        self.0.split_once(' ').unwrap().1
    }

    /// The body, with placeholders for ids; `None` if it is empty.
    pub(crate) fn body(&self) -> Option<&'static str> {
        (!self.1.is_empty()).then_some(self.1)
    }

    /// Whether it ends every session of its account.
    pub(crate) fn ends_sessions(&self) -> bool {
        let ends =
            ["/auth/password", "/family/leave", "/family/transfer", "/user/mark-for-deletion"]
                .contains(&self.path());
        ends || self.0 == "DELETE /auth/sessions"
    }
}
