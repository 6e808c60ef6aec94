//! The pages of a family's adults and of invitations.

use crate::harness::{PASSWORD, Settings, TestServer};
use crate::households::{Household, invite, members};

use super::{assert_closed, between, open, show, submit};

const FAMILY: &str = "/app/family";

/// The secret in the link that a page shows.
fn shown_secret(page: &str) -> String {
    let link = between(page, "id=\"secret\" tabindex=\"0\">", "</pre>");
    assert!(link.starts_with("http://127.0.0.1:"), "{page}");
    link.split_once('#').unwrap().1.to_owned()
}

#[tokio::test]
async fn only_the_owner_manages_the_adults() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "parent").await;
    let helping = Household::new(&server, "helper").await;
    let child = home.owner().hand_over(server.nobody(), &home.family.child).await;
    let page = show(home.owner(), FAMILY).await;
    assert!(page.contains("action=\"/app/family/invitations\""), "{page}");
    assert!(page.contains("id=\"transfer\""), "{page}");
    let page = show(&home.member, FAMILY).await;
    assert!(page.contains("Zoë Example"), "{page}");
    assert!(page.contains("action=\"/app/family/leave\""), "{page}");
    assert!(!page.contains("/app/family/invitations"), "{page}");
    assert_eq!(open(&helping.member, FAMILY).await.status, 403);
    assert_closed(&child, FAMILY).await;
    assert!(show(&server.nobody(), FAMILY).await.contains("action=\"/sign-in\""));
    let id = home.id_of("parent").await;
    let forms = [
        format!("{FAMILY}/members/{id}/role"),
        format!("{FAMILY}/members/{id}/remove"),
        format!("{FAMILY}/members/{id}/reset-link"),
        format!("{FAMILY}/transfer"),
        format!("{FAMILY}/invitations"),
        format!("{FAMILY}/invitations/{id}/revoke"),
    ];
    let fields = [("role", "helper"), ("password", PASSWORD), ("member_id", id.as_str())];
    for form in &forms {
        assert_eq!(submit(&home.member, form, &fields).await.status, 403, "{form}");
        assert_eq!(submit(&helping.member, form, &fields).await.status, 403, "{form}");
        assert_eq!(submit(&child, form, &fields).await.status, 403, "{form}");
        if !form.ends_with("/invitations") {
            let page = submit(helping.owner(), form, &fields).await;
            assert_eq!(page.status, 404, "{form}: {}", page.text);
        }
    }
    assert_eq!(members(home.owner()).await.len(), 2);
}

#[tokio::test]
async fn an_owner_changes_and_removes_a_member() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "parent").await;
    let id = home.id_of("parent").await;
    let form = format!("{FAMILY}/members/{id}/role");
    let page = submit(home.owner(), &form, &[("role", "helper")]).await;
    assert!(page.text.contains("The role is changed."), "{}", page.text);
    assert_eq!(home.id_of("helper").await, id);
    assert_eq!(submit(home.owner(), &form, &[("role", "owner")]).await.status, 400);

    let form = format!("{FAMILY}/members/{id}/reset-link");
    let page = submit(home.owner(), &form, &[("password", "wrong")]).await;
    assert_eq!(page.status, 403);
    let page = submit(home.owner(), &form, &[("password", PASSWORD)]).await;
    assert!(page.text.contains("Give this link to Zoë only"), "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
    let secret = shown_secret(&page.text);
    let fields = [("secret", secret.as_str()), ("new_password", "a new password")];
    let page = submit(&server.nobody(), "/reset", &fields).await;
    assert!(page.text.contains("The new password is set."), "{}", page.text);

    let page = submit(home.owner(), &format!("{FAMILY}/members/{id}/remove"), &[]).await;
    assert!(page.text.contains("The member is removed."), "{}", page.text);
    assert_eq!(members(home.owner()).await.len(), 1);
}

#[tokio::test]
async fn a_family_is_transferred_with_the_password() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "parent").await;
    let id = home.id_of("parent").await;
    let form = format!("{FAMILY}/transfer");
    let page = submit(home.owner(), &form, &[("member_id", &id), ("password", "wrong")]).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("The password is wrong."), "{}", page.text);
    let page = submit(home.owner(), &form, &[("member_id", &id), ("password", PASSWORD)]).await;
    assert!(page.text.contains("action=\"/sign-in\""), "{}", page.text);
    home.owner().get("/auth/me").await.expect(401);
    let fields = [("email", home.member.email.as_str()), ("password", PASSWORD)];
    submit(&home.member, "/sign-in", &fields).await;
    assert!(show(&home.member, FAMILY).await.contains("action=\"/app/family/invitations\""));
}

#[tokio::test]
async fn a_member_leaves() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "helper").await;
    assert_eq!(submit(home.owner(), "/app/family/leave", &[]).await.status, 409);
    assert_eq!(submit(&home.member, "/app/family/leave", &[]).await.status, 200);
    home.member.get("/family/members").await.expect(200);
    assert_eq!(members(home.owner()).await.len(), 1);
}

#[tokio::test]
async fn an_invitation_is_shown_once_listed_and_revoked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let form = format!("{FAMILY}/invitations");
    let page = submit(&family.parent, &form, &[("role", "helper"), ("email", "no address")]).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("value=\"no address\""), "{}", page.text);
    let fields = [("key", "key-1"), ("role", "helper"), ("email", "oma@example.org")];
    let page = submit(&family.parent, &form, &fields).await;
    let secret = shown_secret(&page.text);
    let again = submit(&family.parent, &form, &fields).await;
    assert!(again.text.contains("This invitation was created already"), "{}", again.text);
    assert!(!again.text.contains(&secret));
    let page = show(&family.parent, FAMILY).await;
    assert!(page.contains("Helper, for oma@example.org"), "{page}");
    assert!(!page.contains(&secret));
    let revoke = page.split("action=\"").find(|it| it.contains("/revoke\"")).unwrap();
    let revoke = revoke.split('"').next().unwrap();
    let page = submit(&family.parent, revoke, &[]).await;
    assert!(page.text.contains("The invitation is revoked."), "{}", page.text);
    let page = submit(&server.nobody(), "/invitation", &[("secret", &secret)]).await;
    assert!(page.status >= 400, "{}", page.text);
    assert!(page.text.contains("This invitation was used already"), "{}", page.text);
}

#[tokio::test]
async fn an_invitation_is_accepted_with_the_session() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = server.parent().await;
    let secret = invite(&family.parent, "helper").await;
    show(&server.nobody(), "/invitation").await;
    let link = format!("https://chores.example.org/invitation#{secret}");
    let page = submit(&parent, "/invitation", &[("secret", &link)]).await;
    assert!(page.text.contains("Zoë invites you to the family, as a helper"), "{}", page.text);
    assert!(page.text.contains("Join as Zoë"), "{}", page.text);
    let page = submit(&parent, "/invitation/accept", &[("secret", &secret)]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Mía"), "{}", page.text);
    assert_eq!(members(&family.parent).await.len(), 2);
}

#[tokio::test]
async fn an_account_with_a_family_cannot_accept() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let secret = invite(&family.parent, "parent").await;
    let page = submit(&other.parent, "/invitation/accept", &[("secret", &secret)]).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("Your own family has children or records"), "{}", page.text);
    // Another browser signs in: the person is signed in, and sees why the invitation was not accepted.
    let browser = server.nobody();
    let fields =
        [("secret", secret.as_str()), ("email", &other.parent.email), ("password", PASSWORD)];
    let page = submit(&browser, "/invitation/sign-in", &fields).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("Your own family has children or records"), "{}", page.text);
    assert!(page.text.contains("Join as Zoë"), "{}", page.text);
    browser.get("/auth/me").await.expect(200);
    // A child's browser cannot accept it.
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let page = submit(&child, "/invitation", &[("secret", &secret)]).await;
    assert!(page.text.contains("This browser is a child"), "{}", page.text);
    assert_eq!(submit(&child, "/invitation/accept", &[("secret", &secret)]).await.status, 403);
}

#[tokio::test]
async fn an_invitation_is_accepted_by_signing_in_or_up() {
    let server = TestServer::with(Settings { signup_open: false, ..Settings::default() }).await;
    let admin = server.admin().await;
    admin.child("Ben", 5).await;
    let secret = invite(&admin, "parent").await;
    let (browser, email) = (server.nobody(), "new@example.org");
    let names = [("first_name", "Nele"), ("last_name", "New"), ("email", email)];
    let fields = |password| {
        let [first, last, address] = names;
        [("secret", secret.as_str()), first, last, address, ("password", password)]
    };
    let page = submit(&browser, "/invitation/sign-up", &fields("short")).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("value=\"Nele\""), "{}", page.text);
    assert!(!page.text.contains("value=\"short\""), "{}", page.text);
    let page = submit(&browser, "/invitation/sign-up", &fields(PASSWORD)).await;
    assert!(page.text.contains("Ben"), "{}", page.text);

    submit(&browser, "/app/family/leave", &[]).await;
    let secret = invite(&admin, "helper").await;
    let other = server.nobody();
    let fields = |password| [("secret", secret.as_str()), ("email", email), ("password", password)];
    let page = submit(&other, "/invitation/sign-in", &fields("wrong")).await;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("The email address or the password is wrong."), "{}", page.text);
    let page = submit(&other, "/invitation/sign-in", &fields(PASSWORD)).await;
    assert!(page.text.contains("Ben"), "{}", page.text);
    let used = submit(&server.nobody(), "/invitation", &[("secret", &secret)]).await;
    assert!(used.text.contains("This invitation was used already"), "{}", used.text);
}
