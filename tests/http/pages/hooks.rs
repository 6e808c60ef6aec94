//! The pages of webhooks.

use serde_json::json;

use crate::harness::{Client, TestServer, text};
use crate::households::Household;

use super::{assert_closed, between, open, show, submit};

const HOOKS: &str = "/app/webhooks";
const URL: &str = "https://hooks.example.org/goldstar?token=abc";

/// Creates a webhook; returns the path of its page and its secret.
async fn create(parent: &Client) -> (String, String) {
    let fields = [("key", "key-1"), ("url", URL), ("events", "badge.awarded"), ("child_id", "")];
    let page = submit(parent, HOOKS, &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let secret = between(&page.text, "id=\"secret\" tabindex=\"0\">", "</pre>").to_owned();
    assert!(secret.starts_with("whsec_"), "{}", page.text);
    let webhooks = parent.get("/webhooks").await.expect(200);
    (format!("{HOOKS}/{}", text(&webhooks["webhooks"][0]["id"])), secret)
}

#[tokio::test]
async fn webhooks_are_for_parents_of_the_family() {
    let server = TestServer::start().await;
    let home = Household::new(&server, "helper").await;
    let member = Household::new(&server, "parent").await;
    let child = home.owner().hand_over(server.nobody(), &home.family.child).await;
    let (path, secret) = create(home.owner()).await;
    for page in [HOOKS, &path] {
        let shown = show(home.owner(), page).await;
        assert!(shown.contains("hooks.example.org") && !shown.contains(&secret), "{shown}");
        assert_eq!(open(&home.member, page).await.status, 403, "{page}");
        assert_closed(&child, page).await;
        assert!(show(&server.nobody(), page).await.contains("action=\"/sign-in\""), "{page}");
    }
    show(&member.member, HOOKS).await;
    assert_eq!(open(&member.member, &path).await.status, 404);
    for action in ["", "/test", "/rotate", "/delete", "/deliveries/1/resend"] {
        let form = format!("{path}{action}");
        let fields = [("url", URL), ("events", "badge.awarded")];
        assert_eq!(submit(&member.member, &form, &fields).await.status, 404, "{form}");
        assert_eq!(submit(&home.member, &form, &fields).await.status, 403, "{form}");
    }
}

#[tokio::test]
async fn a_webhook_is_created_changed_and_deleted() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    assert!(show(parent, HOOKS).await.contains("There is none yet."));
    let wrong = [("url", "ftp://\"<b>"), ("events", "badge.awarded"), ("events", "task.due")];
    let page = submit(parent, HOOKS, &wrong).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("value=\"ftp://&#34;&#60;b&#62;\""), "{}", page.text);
    assert_eq!(page.text.matches(" checked").count(), 2, "{}", page.text);
    let page = submit(parent, HOOKS, &[("url", URL)]).await;
    assert_eq!(page.status, 400, "{}", page.text);

    let (path, secret) = create(parent).await;
    let again = [("key", "key-1"), ("url", URL), ("events", "badge.awarded"), ("child_id", "")];
    let page = submit(parent, HOOKS, &again).await;
    assert!(page.text.contains("This webhook was created already"), "{}", page.text);
    let fields = [
        ("url", URL),
        ("events", "task.due"),
        ("events", "task.done"),
        ("child_id", family.child.as_str()),
        ("enabled", "false"),
    ];
    let page = submit(parent, &path, &fields).await;
    assert!(page.text.contains("Saved."), "{}", page.text);
    assert!(page.text.contains("switched off"), "{}", page.text);
    let api = path.replace("/app", "");
    let webhook = parent.get(&api).await.expect(200);
    assert_eq!(webhook["webhook"]["events"], json!(["task.due", "task.done"]));
    assert_eq!(webhook["webhook"]["child_id"], family.child);
    assert_eq!(webhook["webhook"]["enabled"], false);
    let page = submit(parent, &path, &[("url", URL), ("child_id", "")]).await;
    assert_eq!(page.status, 400, "{}", page.text);
    let page = submit(parent, &format!("{path}/rotate"), &[]).await;
    let other = between(&page.text, "id=\"secret\" tabindex=\"0\">", "</pre>");
    assert!(other.starts_with("whsec_") && other != secret, "{}", page.text);
    let page = submit(parent, &format!("{path}/delete"), &[]).await;
    assert!(page.text.contains("The webhook is deleted."), "{}", page.text);
    assert_eq!(open(parent, &path).await.status, 404);
}

#[tokio::test]
async fn a_test_message_and_its_delivery_are_shown() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (path, _) = create(&family.parent).await;
    let page = submit(&family.parent, &format!("{path}/test"), &[]).await;
    assert!(page.text.contains("The message will be sent in a moment."), "{}", page.text);
    assert!(page.text.contains("data-refresh=\"5\""), "{}", page.text);
    let page = submit(&family.parent, &format!("{path}/deliveries/99/resend"), &[]).await;
    assert_eq!(page.status, 404);
}
