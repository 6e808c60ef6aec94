//! Signing up, in and out, and a new password.

use serde_json::json;

use super::{between, open, show, submit};
use crate::harness::{PASSWORD, TestServer, assert_error};

#[tokio::test]
async fn a_family_signs_up_out_and_in_again() {
    let server = TestServer::start().await;
    let browser = server.nobody();
    let page = open(&browser, "/").await;
    assert!(page.text.contains("<h1>Sign in</h1>"), "{}", page.text);
    let account = [
        ("first_name", "Paula"),
        ("last_name", "Parent"),
        ("email", "paula@example.org"),
        ("password", PASSWORD),
    ];
    let page = submit(&browser, "/sign-up", &account).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Get started") && page.text.contains(">Paula</a>"), "{}", page.text);
    let page = submit(&browser, "/sign-out", &[]).await;
    assert!(page.text.contains("<h1>Sign in</h1>"), "{}", page.text);
    assert_error(&browser.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let login = [("email", "paula@example.org"), ("password", PASSWORD), ("next", "/app?a=b")];
    let page = submit(&browser, "/sign-in", &login).await;
    assert!(page.text.contains("Get started"), "{}", page.text);
    // Who is signed in needs no such page.
    assert!(show(&browser, "/sign-in").await.contains("Get started"));
}

#[tokio::test]
async fn what_is_wrong_is_shown_beside_the_form() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let browser = server.nobody();
    let wrong = [("email", parent.email.as_str()), ("password", "not the password")];
    let page = submit(&browser, "/sign-in", &wrong).await;
    assert_eq!(page.status, 401, "{}", page.text);
    assert!(page.text.contains("email address or the password is wrong"), "{}", page.text);
    assert!(page.text.contains(&format!("value=\"{}\"", parent.email)), "{}", page.text);
    assert!(!page.text.contains("not the password"), "{}", page.text);
    let short =
        [("first_name", ""), ("last_name", "B"), ("email", "b@example.org"), ("password", "x")];
    let page = submit(&browser, "/sign-up", &short).await;
    assert_eq!(page.status, 400, "{}", page.text);
    let hint = |name: &str| between(&page.text, &format!("id=\"{name}-hint\">"), "</p>").to_owned();
    assert!(hint("first_name").contains("This field is empty."), "{}", page.text);
    assert!(hint("password").contains("This value is not possible."), "{}", page.text);
    assert_eq!(hint("email"), "");
    let taken = [
        ("first_name", "A"),
        ("last_name", "B"),
        ("email", parent.email.as_str()),
        ("password", PASSWORD),
    ];
    let page = submit(&browser, "/sign-up", &taken).await;
    assert_eq!(page.status, 409, "{}", page.text);
    assert!(page.text.contains("Sign in instead."), "{}", page.text);
}

#[tokio::test]
async fn a_marked_account_is_restored_at_sign_in() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await.expect(202);
    let browser = server.nobody();
    let login = [("email", parent.email.as_str()), ("password", PASSWORD)];
    let page = submit(&browser, "/sign-in", &login).await;
    assert_eq!(page.status, 403, "{}", page.text);
    assert!(page.text.contains("Restore the account"), "{}", page.text);
    let restore = [login[0], login[1], ("action", "restore")];
    assert_eq!(submit(&browser, "/sign-in", &restore).await.status, 200);
    browser.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_link_sets_a_new_password() {
    let server = TestServer::start().await;
    let (parent, admin) = (server.parent().await, server.admin().await);
    let path = format!("/admin/accounts/{}/reset-link", parent.id);
    let link = admin.act(&path).await.expect(201)["link"].as_str().unwrap().to_owned();
    let browser = server.nobody();
    let unknown = [("secret", "0"), ("new_password", "battery staple")];
    let page = submit(&browser, "/reset", &unknown).await;
    assert_eq!(page.status, 403, "{}", page.text);
    assert!(page.text.contains("Ask for a new one."), "{}", page.text);
    let whole = [("secret", link.as_str()), ("new_password", "battery staple")];
    let page = submit(&browser, "/reset", &whole).await;
    assert!(page.text.contains("The new password is set."), "{}", page.text);
    let login = [("email", parent.email.as_str()), ("password", "battery staple")];
    assert_eq!(submit(&browser, "/sign-in", &login).await.status, 200);
}

#[tokio::test]
async fn nobody_is_sent_to_another_server() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for next in ["https://evil.example.org/", "//evil.example.org/app", "/auth/logout"] {
        let login = [("email", parent.email.as_str()), ("password", PASSWORD), ("next", next)];
        let page = submit(&server.nobody(), "/sign-in", &login).await;
        assert!(page.text.contains("Get started"), "{next}: {}", page.text);
    }
}
