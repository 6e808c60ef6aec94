//! The pages of the adults of a family.

use serde_json::json;

use super::{between, open, show, submit};
use crate::harness::{TestServer, adjust_path};
use crate::households::Household;

#[tokio::test]
async fn a_task_is_done_and_undone() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let (child, task) = (parent.child("Mía", 3).await, parent.task("Dishes", 5).await);
    let here = format!("/app/children/{child}");
    let page = show(&parent, &here).await;
    assert!(
        page.contains("<h1 class=\"grow\">Mía</h1>") && page.contains("data-points=\"3\""),
        "{page}"
    );
    let key = between(&page, "name=\"key\" value=\"", "\"").to_owned();
    let fields = [("key", key.as_str()), ("task_id", task.as_str()), ("next", here.as_str())];
    let page = submit(&parent, &format!("{here}/activate"), &fields).await.text;
    assert!(page.contains("data-points=\"8\""), "{page}");
    let snack = between(&page, "id=\"snack\"", "</form>");
    assert!(snack.contains("Done: Dishes") && snack.contains("+5"), "{page}");
    let event = between(snack, "name=\"event_id\" value=\"", "\"").to_owned();
    let undo = [("event_id", event.as_str()), ("next", here.as_str())];
    let page = submit(&parent, &format!("{here}/undo"), &undo).await.text;
    assert!(page.contains("data-points=\"3\""), "{page}");
    assert!(page.contains("<s class=\"reversed\">Done: Dishes</s>"), "{page}");
    assert!(page.contains("Undone: Dishes"), "{page}");
    let again = submit(&parent, &format!("{here}/undo"), &undo).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert!(again.text.contains("This was undone already."), "{}", again.text);
}

#[tokio::test]
async fn the_inbox_shows_what_waits_and_answers_it() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let (mia, noah) = (parent.child("Mía", 30).await, parent.child("Noah", 0).await);
    let (task, reward) = (parent.task("Dishes", 5).await, parent.reward("Zoo", 20).await);
    let homework = parent.task("Homework", 7).await;
    let ask = async |path: String| parent.act(&path).await.expect(200);
    ask(format!("/children/{mia}/rewards/{reward}/request")).await;
    ask(format!("/children/{mia}/tasks/{task}/request")).await;
    ask(format!("/children/{noah}/tasks/{task}/request")).await;
    let page = show(&parent, "/app").await;
    let inbox = between(&page, "id=\"inbox\"", "</section>");
    assert_eq!(inbox.matches("<li class=\"card request\"").count(), 3, "{page}");
    assert!(inbox.contains("costs 20 points"), "{inbox}");
    let first = |name: &str| {
        let form = between(inbox, "action=\"/app/requests/approve\"", "</form>");
        between(form, &format!("name=\"{name}\" value=\""), "\"").to_owned()
    };
    let mut fields = Vec::new();
    for name in ["key", "kind", "child_id", "item_id", "request_id"] {
        fields.push((name, first(name)));
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = submit(&parent, "/app/requests/approve", &fields).await.text;
    assert!(page.contains("Redeemed: Zoo"), "{page}");
    assert_eq!(parent.points(&mia).await, 10);
    // A second device still shows the request.
    let other: Vec<(&str, &str)> =
        fields.iter().copied().filter(|(name, _)| *name != "key").collect();
    let late = submit(&parent, "/app/requests/reject", &other).await;
    assert_eq!(late.status, 409, "{}", late.text);
    assert!(late.text.contains("perhaps on another device"), "{}", late.text);
    let inbox = between(&page, "id=\"inbox\"", "</section>");
    let ids: Vec<&str> = inbox
        .match_indices("id=\"request-")
        .map(|(at, found)| {
            let rest = &inbox[at + found.len()..];
            rest.split('"').next().unwrap()
        })
        .collect();
    assert_eq!(ids.len(), 2, "{inbox}");
    // What came after the page was shown is not approved with it.
    let shown: Vec<(&str, &str)> = ids.iter().map(|id| ("request_id", *id)).collect();
    ask(format!("/children/{noah}/tasks/{homework}/request")).await;
    let page = submit(&parent, "/app/requests/approve-all", &shown).await.text;
    assert_eq!((parent.points(&mia).await, parent.points(&noah).await), (15, 5));
    let inbox = between(&page, "id=\"inbox\"", "</section>");
    assert_eq!(inbox.matches("<li class=\"card request\"").count(), 1, "{page}");
}

#[tokio::test]
async fn a_parent_gives_other_points_or_rejects_with_a_reason() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let (child, task) = (parent.child("Mía", 0).await, parent.task("Dishes", 5).await);
    let request = format!("/children/{child}/tasks/{task}/request");
    parent.act(&request).await.expect(200);
    let fields = [("kind", "task"), ("child_id", child.as_str()), ("item_id", task.as_str())];
    let approve = [&fields[..], &[("points", "2")]].concat();
    submit(&parent, "/app/requests/approve", &approve).await;
    assert_eq!(parent.points(&child).await, 2);
    parent.act(&request).await.expect(200);
    let reject = [&fields[..], &[("note", "Still dirty")]].concat();
    let page = submit(&parent, "/app/requests/reject", &reject).await.text;
    assert!(page.contains("Not approved: Dishes"), "{page}");
    let here = show(&parent, &format!("/app/children/{child}")).await;
    assert!(here.contains("<q>Still dirty</q>"), "{here}");
}

#[tokio::test]
async fn markup_in_names_is_text() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let hostile = "<img src=x onerror=alert(1)>\"'&";
    let child = parent.child(hostile, 50).await;
    parent.task(hostile, 5).await;
    parent.penalty(hostile, 5).await;
    parent.reward(hostile, 5).await;
    let note = json!({"delta": 1, "note": hostile});
    parent.post(&adjust_path(&child), note).await.expect(200);
    for path in ["/app".to_owned(), format!("/app/children/{child}")] {
        let page = show(&parent, &path).await;
        assert!(!page.contains("<img src=x"), "{page}");
        assert!(page.contains("&#60;img src=x onerror=alert(1)&#62;"), "{page}");
    }
}

#[tokio::test]
async fn other_families_and_children_are_not_shown() {
    let server = TestServer::start().await;
    let (parent, other) = (server.parent().await, server.parent().await);
    let (child, task) = (parent.child("Mía", 0).await, parent.task("Dishes", 5).await);
    let here = format!("/app/children/{child}");
    assert_eq!(open(&other, &here).await.status, 404);
    let fields = [("task_id", task.as_str())];
    assert_eq!(submit(&other, &format!("{here}/activate"), &fields).await.status, 404);
    assert!(open(&server.nobody(), &here).await.text.contains("<h1>Sign in</h1>"));
    let tablet = parent.hand_over(server.nobody(), &child).await;
    assert_eq!(submit(&tablet, &format!("{here}/activate"), &fields).await.status, 403);
    let own = open(&tablet, &here).await;
    assert!(own.text.contains("action=\"/app/child/claim\""), "its own page: {}", own.text);
    assert_eq!(parent.points(&child).await, 0);
}

#[tokio::test]
async fn a_helper_gets_the_pages_of_a_helper() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let child = &house.family.child;
    let home = show(&house.member, "/app").await;
    assert!(home.contains(&format!("/app/children/{child}")), "{home}");
    assert!(!home.contains("in a row") && !home.contains("href=\"/app/tasks\""), "{home}");
    let page = show(&house.member, &format!("/app/children/{child}")).await;
    assert!(page.contains("/activate\"") && !page.contains("/adjust\""), "{page}");
    assert!(!page.contains("id=\"penalties\""), "{page}");
    let adjust = [("delta", "5"), ("note", "Because")];
    let refused = submit(&house.member, &format!("/app/children/{child}/adjust"), &adjust).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
}
