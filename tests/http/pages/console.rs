//! The console for administrators.

use serde_json::json;

use crate::harness::{
    ADMIN, Client, Family, HOUR, Hand, PASSWORD, Parent, Settings, TestServer, log_in,
};
use crate::households::Household;

use super::{assert_closed, between, open, show, submit};

const MINUTE: i64 = HOUR / 60;
const PAGES: [&str; 8] = [
    "/console",
    "/console/tracking",
    "/console/events",
    "/console/accounts",
    "/console/deletions",
    "/console/log",
    "/console/backups",
    "/console/webhooks",
];

#[tokio::test]
async fn the_console_is_for_administrators() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "helper").await;
    let child = home.owner().hand_over(server.nobody(), &home.family.child).await;
    let admin = server.admin().await;
    let account = format!("/console/accounts/{}", home.owner().id);
    for page in PAGES.into_iter().chain([account.as_str(), "/console/confirm"]) {
        for other in [&**home.owner(), &home.member, &child] {
            assert_closed(other, page).await;
        }
        assert!(show(&server.nobody(), page).await.contains("action=\"/sign-in\""), "{page}");
        let shown = show(&admin, page).await;
        assert!(shown.contains("href=\"/console/log\""), "{page}: {shown}");
        assert!(!shown.contains("style="), "{page}: {shown}");
    }
    let forms = [
        (account.as_str(), "mark"),
        ("/console/deletions", "run-due"),
        ("/console/deletions/threshold", ""),
        ("/console/backups/new", ""),
        ("/console/backups/download", ""),
        ("/console/backups/verify", ""),
    ];
    for (form, action) in forms {
        let fields = [("do", action), ("hours", "48"), ("password", PASSWORD)];
        assert_eq!(submit(home.owner(), form, &fields).await.status, 403, "{form}");
    }
    home.owner().get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn an_idle_console_asks_for_the_password() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let admin = server.admin().await;
    // Each page keeps it open, except the one that updates itself.
    for _ in 0..3 {
        clock.forward(19 * MINUTE);
        assert!(show(&admin, "/console/log").await.contains("What administrators"));
    }
    clock.forward(19 * MINUTE);
    assert!(show(&admin, "/console/events").await.contains("data-refresh"));
    clock.forward(MINUTE);
    let page = show(&admin, "/console/accounts?q=Zo%C3%AB").await;
    assert!(page.contains("action=\"/console/confirm\""), "{page}");
    let next = between(&page, "name=\"next\" value=\"", "\"");
    assert_eq!(next, "/console/accounts?q=Zo%C3%AB");
    let account = format!("/console/accounts/{}", admin.id);
    let page = submit(&admin, &account, &[("do", "end-sessions")]).await;
    assert!(page.text.contains("action=\"/console/confirm\""), "{}", page.text);
    admin.get("/auth/me").await.expect(200);

    let fields = [("next", next), ("password", "wrong")];
    let page = submit(&admin, "/console/confirm", &fields).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("The password is wrong."), "{}", page.text);
    let fields = [("next", next), ("password", ADMIN.1)];
    let page = submit(&admin, "/console/confirm", &fields).await;
    assert!(page.text.contains("role=\"search\""), "{}", page.text);

    // The seal of one session does not open the console for another one.
    let other = server.nobody();
    let login = log_in(&other, ADMIN.0, ADMIN.1).await;
    let session = login.header("set-cookie").split(';').next().unwrap().to_owned();
    clock.forward(19 * MINUTE);
    let page = submit(&admin, "/console/confirm", &[("password", ADMIN.1)]).await;
    assert!(page.text.contains("id=\"facts\""), "{}", page.text);
    let seal = console_cookie(&admin).await;
    clock.forward(2 * MINUTE);
    let request = other.request(reqwest::Method::GET, "/console/log");
    let request = request.header("Cookie", format!("{session}; {seal}"));
    let page = crate::harness::send(request.header("Accept", "text/html")).await;
    assert!(page.text.contains("action=\"/console/confirm\""), "{}", page.text);
    assert!(show(&admin, "/console/log").await.contains("What administrators"));
}

/// The cookie that keeps the console open, from a page.
async fn console_cookie(admin: &Client) -> String {
    let page = open(admin, "/console/log").await;
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly; SameSite=Lax; Path=/; Max-Age=1200"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_overview_tells_what_needs_attention() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.event().await;
    let admin = server.admin().await;
    let page = show(&admin, "/console").await;
    for text in [
        "Everything works",
        "Anyone who reaches this server can create an account.",
        "The server makes no backups by itself.",
        "<dt>Accounts</dt><dd class=\"number\">2</dd>",
        "<code>account_deletion</code>",
        "<rect ",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let support = between(&page, "<pre id=\"support\">", "</pre>");
    assert!(support.starts_with("Goldstar "), "{support}");
    assert!(support.contains("State: ok") && support.contains("Accounts: 2"), "{support}");
    for personal in ["example.org", "Zoë", "Mía", family.parent.id.as_str()] {
        assert!(!support.contains(personal), "{support}");
    }
}

#[tokio::test]
async fn closed_sign_up_is_no_warning() {
    let settings = Settings { signup_open: false, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let admin = server.admin().await;
    let page = show(&admin, "/console").await;
    assert!(!page.contains("Anyone who reaches this server"), "{page}");
    assert!(page.contains("by invitation only"), "{page}");
}

#[tokio::test]
async fn events_are_filtered_paged_exported_and_shown_as_they_are_stored() {
    let server = TestServer::start().await;
    let (one, other) = (server.family().await, server.family().await);
    for _ in 0..3 {
        one.event().await;
    }
    let event = other.event().await;
    let admin = server.admin().await;
    let page = show(&admin, "/console/tracking?user_id=&child_id=&order=&limit=&tz=").await;
    assert!(page.contains("4 events"), "{page}");
    let page = show(&admin, &format!("/console/tracking?user_id={}", other.parent.id)).await;
    assert!(page.contains("1 event<"), "{page}");
    assert!(page.contains("&#34;points_after&#34;:"), "{page}");
    assert!(page.contains(event["id"].as_str().unwrap()), "{page}");
    let csv = format!("href=\"/admin/tracking/export?user_id={}&#38;format=csv\"", other.parent.id);
    assert!(page.contains(&csv), "{page}");
    let path = format!("/console/tracking?child_id={}&limit=2&done=x", one.child);
    let page = show(&admin, &path).await;
    assert!(page.contains("1–2 / 3"), "{page}");
    let next = between(&page, "<span class=\"soft number\">1–2 / 3</span>", "rel=\"next\"");
    let next = between(next, "href=\"", "\"").replace("&#38;", "&");
    let page = show(&admin, &next).await;
    assert!(page.contains("3–3 / 3") && page.contains("rel=\"prev\""), "{page}");
    let page = open(&admin, "/console/tracking?from=yesterday").await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("This filter is not possible: from."), "{}", page.text);
    assert!(page.text.contains("value=\"yesterday\""), "{}", page.text);
    let page = show(&admin, "/console/tracking?action=redeemed").await;
    assert!(page.contains("Nothing was found."), "{page}");
    let page = show(&admin, "/console/events").await;
    assert!(page.contains("data-refresh=\"5\""), "{page}");
    assert!(page.contains(event["id"].as_str().unwrap()), "{page}");
}

#[tokio::test]
async fn accounts_are_found() {
    let server = TestServer::start().await;
    let (one, other) = (server.parent().await, server.parent().await);
    let markup = json!({"first_name": "<img src=x>", "last_name": "O'Neil"});
    one.patch("/user", markup).await.expect(200);
    let admin = server.admin().await;
    let page = show(&admin, "/console/accounts").await;
    assert!(page.contains("3 accounts"), "{page}");
    assert!(page.contains("&#60;img src=x&#62;") && !page.contains("<img src=x>"), "{page}");
    let page = show(&admin, &format!("/console/accounts?q={}&email=&state=", other.email)).await;
    assert!(page.contains("1 account<") && !page.contains(&one.email), "{page}");
    let page = show(&admin, "/console/accounts?state=marked").await;
    assert!(page.contains("Nothing was found."), "{page}");
    assert_eq!(open(&admin, "/console/accounts?state=other").await.status, 400);
    assert_eq!(open(&admin, "/console/accounts/other").await.status, 404);
    let page = show(&admin, "/console/accounts?limit=1&offset=1").await;
    assert!(page.contains("2–2 / 3"), "{page}");
}

async fn act(admin: &Client, account: &str, action: &str) -> String {
    let page = submit(admin, &format!("/console/accounts/{account}"), &[("do", action)]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

#[tokio::test]
async fn an_account_is_managed() {
    let server = TestServer::start().await;
    let Family { parent, child, .. } = server.family().await;
    let admin = server.admin().await;
    let page = show(&admin, &format!("/console/accounts/{}", parent.id)).await;
    assert!(page.contains(&format!("/console/tracking?user_id={}", parent.id)), "{page}");
    assert!(!page.contains("Mía") && !page.contains(&child), "{page}");
    let page = act(&admin, &parent.id, "end-sessions").await;
    assert!(page.contains("Its sessions have ended."), "{page}");
    parent.get("/auth/me").await.expect(401);
    let page = act(&admin, &parent.id, "promote").await;
    assert!(page.contains("value=\"demote\""), "{page}");
    let page = act(&admin, &parent.id, "demote").await;
    assert!(page.contains("value=\"promote\""), "{page}");
    let page = act(&admin, &parent.id, "mark").await;
    assert!(page.contains("marked for deletion, due "), "{page}");
    let page = act(&admin, &parent.id, "unmark").await;
    assert!(page.contains("The account will not be deleted."), "{page}");

    let path = format!("/console/accounts/{}/reset-link", parent.id);
    let page = submit(&admin, &path, &[]).await;
    let link = between(&page.text, "id=\"secret\" tabindex=\"0\">", "</pre>");
    let secret = link.split_once("/reset#").unwrap().1;
    let fields = [("secret", secret), ("new_password", "a new password")];
    submit(&server.nobody(), "/reset", &fields).await;
    log_in(&parent, &parent.email, "a new password").await.expect(200);

    let page = act(&admin, &parent.id, "delete").await;
    assert!(page.contains("The account is deleted."), "{page}");
    log_in(&parent, &parent.email, "a new password").await.expect(401);
    let gone = format!("/console/accounts/{}", parent.id);
    assert_eq!(submit(&admin, &gone, &[("do", "mark")]).await.status, 404);
    let own = format!("/console/accounts/{}", admin.id);
    let page = submit(&admin, &own, &[("do", "demote")]).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("This is the last administrator."), "{}", page.text);
    assert_eq!(submit(&admin, &own, &[("do", "other")]).await.status, 404);

    let page = show(&admin, "/console/log").await;
    for action in [
        "Sessions ended",
        "Made an administrator&#39;s account",
        "Marked for deletion",
        "Account deleted",
    ] {
        assert!(page.contains(action), "{action}: {page}");
    }
    assert!(page.contains("account: a deleted account ("), "{page}");
    assert!(page.contains("by admin@example.org"), "{page}");
}

#[tokio::test]
async fn dangerous_actions_need_the_password_after_a_quarter_of_an_hour() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    clock.forward(15 * MINUTE);
    let account = format!("/console/accounts/{}", paula.id);
    let page = show(&admin, &account).await;
    assert_eq!(page.matches("type=\"password\"").count(), 3, "{page}");
    paula.act("/auth/logout").await;
    for form in [
        (account.clone(), "promote"),
        (account.clone(), "delete"),
        (format!("{account}/reset-link"), ""),
        ("/console/backups/new".to_owned(), ""),
        ("/console/deletions".to_owned(), "run"),
    ] {
        for (password, text) in
            [("", "Enter your password again"), ("wrong", "The password is wrong.")]
        {
            let fields = [("do", form.1), ("user_id", paula.id.as_str()), ("password", password)];
            let page = submit(&admin, &form.0, &fields).await;
            assert_eq!(page.status, 403, "{form:?}");
            assert!(page.text.contains(text), "{form:?}: {}", page.text);
        }
    }
    let page = submit(&admin, &account, &[("do", "promote"), ("password", ADMIN.1)]).await;
    assert!(page.text.contains("value=\"demote\""), "{}", page.text);
    let page = submit(&admin, "/console/backups/new", &[("password", ADMIN.1)]).await;
    assert_eq!(page.header("content-type"), "application/x-tar");
}

#[tokio::test]
async fn the_queue_is_shown_run_and_emptied() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let admin = server.admin().await;
    let page = show(&admin, "/console/deletions").await;
    assert!(page.contains("No account is marked for deletion."), "{page}");
    let marked: [Parent; 3] = [server.parent().await, server.parent().await, server.parent().await];
    for parent in &marked {
        parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await.expect(202);
    }
    let page = show(&admin, "/console/deletions").await;
    assert!(page.contains(&marked[0].email) && page.contains("waits, due "), "{page}");
    let fields = [("do", "unmark"), ("user_id", marked[0].id.as_str())];
    let page = submit(&admin, "/console/deletions", &fields).await;
    assert!(page.text.contains("The account will not be deleted."), "{}", page.text);
    let fields = [("do", "run"), ("user_id", marked[1].id.as_str())];
    let page = submit(&admin, "/console/deletions", &fields).await;
    assert!(page.text.contains("The account is deleted."), "{}", page.text);
    let page = submit(&admin, "/console/deletions", &fields).await;
    assert_eq!(page.status, 404, "{}", page.text);
    let page = submit(&admin, "/console/deletions/threshold", &[("hours", "5")]).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("value=\"5\""), "{}", page.text);
    let page = submit(&admin, "/console/deletions/threshold", &[("hours", "24")]).await;
    assert!(page.text.contains("The waiting time is saved."), "{}", page.text);
    clock.forward(25 * HOUR);
    submit(&admin, "/console/confirm", &[("password", ADMIN.1)]).await;
    let page = submit(&admin, "/console/deletions", &[("do", "run-due")]).await;
    assert!(page.text.contains("No account is marked for deletion."), "{}", page.text);
}

#[tokio::test]
async fn webhooks_are_shown_without_their_addresses() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let url = "https://hooks.example.org/secret/path?token=abc";
    let webhook = json!({"url": url, "events": ["badge.awarded"]});
    let created = family.parent.post("/webhooks", webhook).await.expect(201);
    let path = format!("/webhooks/{}", crate::harness::text(&created["webhook"]["id"]));
    let admin = server.admin().await;
    let page = show(&admin, "/console/webhooks").await;
    assert!(page.contains("hooks.example.org") && page.contains("works"), "{page}");
    assert!(!page.contains("secret/path") && !page.contains("token=abc"), "{page}");
    assert!(page.contains(&format!("/console/accounts/{}", family.parent.id)), "{page}");
    family.parent.patch(&path, json!({"enabled": false})).await.expect(200);
    let page = show(&admin, "/console/webhooks").await;
    assert!(page.contains("disabled by the family"), "{page}");
}
