//! The page of an account.

use crate::harness::{ADMIN, Family, PASSWORD, TestServer, log_in};
use crate::households::Household;

use super::{assert_closed, between, show, submit};

const ACCOUNT: &str = "/app/account";

#[tokio::test]
async fn an_account_is_for_adults() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "helper").await;
    let child = home.owner().hand_over(server.nobody(), &home.family.child).await;
    let admin = server.admin().await;
    for adult in [home.owner(), &home.member, &*admin] {
        let page = show(adult, ACCOUNT).await;
        assert!(page.contains(&adult.email), "{page}");
        assert!(page.contains("this browser"), "{page}");
        show(adult, "/app/account/delete").await;
    }
    for path in [ACCOUNT, "/app/account/delete"] {
        assert_closed(&child, path).await;
        assert!(show(&server.nobody(), path).await.contains("action=\"/sign-in\""));
    }
    // A helper leaves on this page, and has no page of the family.
    assert!(show(&home.member, ACCOUNT).await.contains("action=\"/app/family/leave\""));
    assert!(!show(home.owner(), ACCOUNT).await.contains("action=\"/app/family/leave\""));
}

#[tokio::test]
async fn names_and_the_language_are_changed() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    // The choice of the browser counts no more.
    submit(&parent, "/preferences", &[("language", "en"), ("next", "/app")]).await;
    let markup = "<script>alert(1)</script>";
    let fields = [("first_name", markup), ("last_name", "O'Neil & Söhne"), ("language", "de")];
    let page = submit(&parent, "/app/account/profile", &fields).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<html lang=\"de\""), "{}", page.text);
    assert!(page.text.contains("Gespeichert."), "{}", page.text);
    assert!(!page.text.contains(markup), "{}", page.text);
    assert!(page.text.contains("value=\"O&#39;Neil &#38; Söhne\""), "{}", page.text);
    let me = parent.get("/auth/me").await.expect(200);
    assert_eq!(me["user"]["first_name"], markup);
    let fields = [("first_name", ""), ("last_name", "Other"), ("language", "")];
    let page = submit(&parent, "/app/account/profile", &fields).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("aria-invalid=\"true\""), "{}", page.text);
    assert_eq!(parent.get("/auth/me").await.expect(200)["user"]["language"], "de");
}

#[tokio::test]
async fn the_address_and_the_password_need_the_password() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let other = server.nobody();
    log_in(&other, &parent.email, PASSWORD).await.expect(200);
    let fields = [("email", "new@example.org"), ("password", "wrong")];
    let page = submit(&parent, "/app/account/email", &fields).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("The password is wrong."), "{}", page.text);
    assert!(page.text.contains("value=\"new@example.org\""), "{}", page.text);
    let fields = [("email", "new@example.org"), ("password", PASSWORD)];
    let page = submit(&parent, "/app/account/email", &fields).await;
    assert!(page.text.contains("You sign in with new@example.org."), "{}", page.text);

    let short = [("current_password", PASSWORD), ("new_password", "short")];
    assert_eq!(submit(&parent, "/app/account/password", &short).await.status, 400);
    let fields = [("current_password", PASSWORD), ("new_password", "wrong horse, new battery")];
    let page = submit(&parent, "/app/account/password", &fields).await;
    assert!(page.text.contains("The new password is set."), "{}", page.text);
    other.get("/auth/me").await.expect(401);
    parent.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn sessions_end() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let page = show(&family.parent, ACCOUNT).await;
    assert!(page.contains("Child: Mía"), "{page}");
    let row = page.split("<li ").find(|row| row.contains("Child: Mía")).unwrap_or_default();
    let end = between(row, "action=\"", "\"").to_owned();
    let page = submit(&family.parent, &end, &[]).await;
    assert!(page.text.contains("The session has ended."), "{}", page.text);
    child.get("/auth/me").await.expect(401);
    assert_eq!(submit(&family.parent, &end, &[]).await.status, 404);
    let other = server.parent().await;
    assert_eq!(submit(&other, &end, &[]).await.status, 404);
    let page = submit(&family.parent, "/app/account/sessions/end-all", &[]).await;
    assert!(page.text.contains("action=\"/sign-in\""), "{}", page.text);
    family.parent.get("/auth/me").await.expect(401);
}

#[tokio::test]
async fn an_account_is_marked_after_its_consequences_were_shown() {
    let server = TestServer::start().await;
    let Family { parent, .. } = server.family().await;
    let page = show(&parent, "/app/account/delete").await;
    assert!(page.contains("the account will be deleted after "), "{page}");
    assert!(!page.contains("delete_family"), "{page}");
    let page = submit(&parent, "/app/account/delete", &[("password", "wrong")]).await;
    assert_eq!(page.status, 403);
    let page = submit(&parent, "/app/account/delete", &[("password", PASSWORD)]).await;
    assert!(page.text.contains("Your account will be deleted"), "{}", page.text);
    assert!(page.text.contains("It will be deleted after "), "{}", page.text);
    parent.get("/auth/me").await.expect(401);
    let restore = [("email", parent.email.as_str()), ("password", PASSWORD)];
    let page = submit(&parent, "/sign-in", &restore).await;
    assert!(page.text.contains("value=\"restore\""), "{}", page.text);
}

#[tokio::test]
async fn an_owner_sees_the_other_members_before_the_deletion() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "parent").await;
    let page = show(home.owner(), "/app/account/delete").await;
    assert!(page.contains("These members lose the family, too: Zoë."), "{page}");
    assert!(page.contains("/app/family#transfer"), "{page}");
    let fields = [("delete_family", "false"), ("password", PASSWORD)];
    let page = submit(home.owner(), "/app/account/delete", &fields).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("The family has other members."), "{}", page.text);
    let page = show(&home.member, "/app/account/delete").await;
    assert!(page.contains("Only you leave it."), "{page}");
    let fields = [("delete_family", "false"), ("delete_family", "true"), ("password", PASSWORD)];
    let page = submit(home.owner(), "/app/account/delete", &fields).await;
    assert!(page.text.contains("Your account will be deleted"), "{}", page.text);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let page = submit(&admin, "/app/account/delete", &[("password", ADMIN.1)]).await;
    assert_eq!(page.status, 409, "{}", page.text);
    assert!(page.text.contains("This is the last administrator."), "{}", page.text);
}
