//! The forms of children.

use super::{assert_refused, assert_saved, field, only, open, show, submit};
use crate::harness::{Parent, TestServer, text};

#[tokio::test]
async fn a_child_is_created_once_and_edited() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let page = show(&parent, "/app/children/new?next=/app").await;
    let key = field(&page, "key");
    let new = [
        ("key", key.as_str()),
        ("next", "/app"),
        ("name", "Mía"),
        ("age", "7"),
        ("colour", "teal"),
        ("points", "12"),
    ];
    for _ in 0..2 {
        let home = submit(&parent, "/app/children/new", &new).await;
        assert_eq!(home.status, 200, "{}", home.text);
        assert!(home.text.contains("data-points=\"12\""), "{}", home.text);
    }
    let child = only(&parent, "children").await;
    assert_eq!((&child["age"], &child["colour"]), (&7.into(), &"teal".into()));
    let here = format!("/app/children/{}", text(&child["id"]));
    let page = show(&parent, &here).await;
    assert!(page.contains(&format!("href=\"{here}/edit\"")), "{page}");
    let page = show(&parent, &format!("{here}/edit")).await;
    assert!(page.contains("value=\"Mía\"") && page.contains("value=\"teal\" checked"), "{page}");
    let update = [("name", "Mia"), ("age", ""), ("colour", "")];
    assert_saved(&submit(&parent, &format!("{here}/edit"), &update).await);
    let child = only(&parent, "children").await;
    assert_eq!(child["name"], "Mia");
    assert!(child["age"].is_null() && child["colour"].is_null(), "{child}");
    assert_eq!(child["points"], 12);
}

#[tokio::test]
async fn a_wrong_field_shows_the_form_again() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let new = [("name", " "), ("age", "200"), ("points", "x"), ("colour", "teal")];
    let page = submit(&parent, "/app/children/new", &new).await;
    assert_refused(&page, &["This field is empty.", "This value is not possible."]);
    assert_eq!(page.text.matches("aria-invalid=\"true\"").count(), 3, "{}", page.text);
    assert!(page.text.contains("value=\"teal\" checked"), "{}", page.text);
    let child = parent.child("Mía", 0).await;
    let edit = format!("/app/children/{child}/edit");
    let page = submit(&parent, &edit, &[("name", ""), ("age", "8")]).await;
    assert_refused(&page, &["This field is empty.", "value=\"8\""]);
    assert!(only(&parent, "children").await["age"] == 7);
}

#[tokio::test]
async fn goals_and_pins_are_set_and_removed() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let (child, reward) = (parent.child("Mía", 0).await, parent.reward("Zoo", 20).await);
    let here = format!("/app/children/{child}");
    let goal = format!("{here}/goal");
    let page = submit(&parent, &goal, &[("reward_id", reward.as_str())]).await;
    assert_saved(&page);
    assert!(page.text.contains(&format!("value=\"{reward}\" selected")), "{}", page.text);
    assert_eq!(only(&parent, "children").await["goal_reward_id"], reward.as_str());
    assert_saved(&submit(&parent, &goal, &[("reward_id", "")]).await);
    assert!(only(&parent, "children").await["goal_reward_id"].is_null());
    assert_eq!(submit(&parent, &goal, &[("reward_id", "nothing")]).await.status, 404);
    let has_pin = async |parent: &Parent| {
        let state = parent.get(&format!("/children/{child}/pin")).await.expect(200);
        state["has_pin"] == true
    };
    let page = submit(&parent, &format!("{here}/pin"), &[("pin", "12")]).await;
    assert_refused(&page, &["A PIN has 4 to 8 digits.", "Mía has no PIN."]);
    let page = submit(&parent, &format!("{here}/pin"), &[("pin", "4711")]).await;
    assert_saved(&page);
    assert!(page.text.contains("Mía has a PIN.") && !page.text.contains("4711"), "{}", page.text);
    assert!(has_pin(&parent).await);
    assert_saved(&submit(&parent, &format!("{here}/pin/remove"), &[]).await);
    assert!(!has_pin(&parent).await);
}

#[tokio::test]
async fn a_child_is_deleted_after_a_page_with_the_consequences() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 3).await;
    let here = format!("/app/children/{child}/delete");
    let page = show(&parent, &here).await;
    assert!(page.contains("Mía and 3 points are deleted for good."), "{page}");
    assert_eq!(only(&parent, "children").await["name"], "Mía");
    let home = submit(&parent, &here, &[]).await;
    assert!(home.status == 200 && !home.text.contains("Mía"), "{}", home.text);
    assert_eq!(open(&parent, &here).await.status, 404);
}
