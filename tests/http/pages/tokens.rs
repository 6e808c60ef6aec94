//! The page of API tokens.

use crate::harness::{HOUR, Hand, PASSWORD, Settings, TestServer, text};
use crate::households::Household;

use super::{assert_closed, between, show, submit};

const TOKENS: &str = "/app/tokens";

#[tokio::test]
async fn tokens_are_for_parents() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "helper").await;
    let child = home.owner().hand_over(server.nobody(), &home.family.child).await;
    let page = show(home.owner(), TOKENS).await;
    assert!(page.contains("There is none yet.") && !page.contains("admin:read"), "{page}");
    let admin = server.admin().await;
    assert!(show(&admin, TOKENS).await.contains("admin:read"));
    for other in [&*home.member, &child] {
        assert_closed(other, TOKENS).await;
        assert_eq!(submit(other, TOKENS, &[("name", "x"), ("scopes", "read")]).await.status, 403);
        assert_eq!(submit(other, "/app/tokens/x/revoke", &[]).await.status, 403);
    }
    assert!(show(&server.nobody(), TOKENS).await.contains("action=\"/sign-in\""));
}

#[tokio::test]
async fn a_token_is_shown_once_listed_and_revoked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let page = submit(parent, TOKENS, &[("name", ""), ("expires_at", "")]).await;
    assert_eq!(page.status, 400, "{}", page.text);
    let fields = [
        ("key", "key-1"),
        ("name", "Home <b>Assistant</b>"),
        ("scopes", "read"),
        ("scopes", "activate"),
        ("child_id", family.child.as_str()),
        ("expires_at", ""),
    ];
    let page = submit(parent, TOKENS, &fields).await;
    let secret = between(&page.text, "id=\"secret\" tabindex=\"0\">", "</pre>").to_owned();
    assert!(secret.starts_with("gs_"), "{}", page.text);
    let page = submit(parent, TOKENS, &fields).await;
    assert!(page.text.contains("This token was created already"), "{}", page.text);
    let page = show(parent, TOKENS).await;
    assert!(page.contains("Home &#60;b&#62;Assistant&#60;/b&#62;"), "{page}");
    assert!(page.contains("only Mía") && page.contains("never used"), "{page}");
    assert!(!page.contains(&secret), "{page}");
    let tokens = parent.get("/tokens").await.expect(200);
    assert_eq!(tokens["tokens"].as_array().unwrap().len(), 1);
    let revoke = format!("{TOKENS}/{}/revoke", text(&tokens["tokens"][0]["id"]));
    let other = server.parent().await;
    assert_eq!(submit(&other, &revoke, &[]).await.status, 404);
    let page = submit(parent, &revoke, &[]).await;
    assert!(page.text.contains("The token is revoked."), "{}", page.text);
    assert!(page.text.contains("There is none yet."), "{}", page.text);
}

#[tokio::test]
async fn an_older_session_repeats_the_password_for_a_token() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let parent = server.parent().await;
    assert!(!show(&parent, TOKENS).await.contains("type=\"password\""));
    clock.forward(HOUR);
    assert!(show(&parent, TOKENS).await.contains("type=\"password\""));
    let day = "2026-05-01";
    let fields =
        |password| [("name", "x"), ("scopes", "read"), ("expires_at", day), ("password", password)];
    for password in ["", "wrong"] {
        let page = submit(&parent, TOKENS, &fields(password)).await;
        assert_eq!(page.status, 403, "{}", page.text);
        assert!(page.text.contains(&format!("value=\"{day}\"")), "{}", page.text);
    }
    let page = submit(&parent, TOKENS, &fields(PASSWORD)).await;
    assert!(page.text.contains("The token is ready"), "{}", page.text);
    let page = show(&parent, TOKENS).await;
    assert!(page.contains("until <time datetime=\"2026-05-01T00:00:00"), "{page}");
}
