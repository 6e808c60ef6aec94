//! The settings of the family that belong to planning.

use serde_json::{Value, json};

use super::{assert_refused, assert_saved, between, show, submit};
use crate::harness::{Parent, TestServer};

const PATH: &str = "/app/family/settings";

async fn settings(parent: &Parent) -> Value {
    parent.get("/family/settings").await.expect(200)
}

#[tokio::test]
async fn each_topic_is_saved_and_leaves_the_others() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let days = [("time_zone", "Europe/Berlin"), ("day_starts_at", "4"), ("week_start", "sunday")];
    assert_saved(&submit(&parent, PATH, &days).await);
    let goals = [
        ("rest_days", ""),
        ("rest_days", "saturday"),
        ("rest_days", "sunday"),
        ("daily_goal", "3"),
        ("streak_rule", "all_due"),
    ];
    assert_saved(&submit(&parent, PATH, &goals).await);
    let rights = [
        ("shows_ranking", "false"),
        ("shows_ranking", "true"),
        ("penalties_by_helpers", "false"),
        ("penalties_by_helpers", "true"),
    ];
    let page = submit(&parent, PATH, &rights).await;
    assert_saved(&page);
    let saved = settings(&parent).await;
    for (name, value) in [
        ("time_zone", json!("Europe/Berlin")),
        ("day_starts_at", json!(4)),
        ("week_start", json!("sunday")),
        ("rest_days", json!(["saturday", "sunday"])),
        ("daily_goal", json!(3)),
        ("streak_rule", json!("all_due")),
        ("shows_ranking", json!(true)),
        ("penalties_by_helpers", json!(true)),
    ] {
        assert_eq!(saved[name], value, "{name}");
    }
    assert!(page.text.contains("value=\"Europe/Berlin\""), "{}", page.text);
    assert_eq!(page.text.matches("name=\"rest_days\" value=").count(), 8);
    // Empty fields clear what can be empty.
    assert_saved(&submit(&parent, PATH, &[("rest_days", ""), ("daily_goal", "")]).await);
    assert_saved(&submit(&parent, PATH, &[("time_zone", "")]).await);
    let saved = settings(&parent).await;
    assert_eq!((&saved["rest_days"], &saved["daily_goal"]), (&json!([]), &Value::Null));
    assert_eq!((&saved["time_zone"], &saved["week_start"]), (&"UTC".into(), &"sunday".into()));
}

#[tokio::test]
async fn ranks_are_lines_of_which_empty_ones_are_left_out() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let page = show(&parent, PATH).await;
    let usual = between(&page, "id=\"ranks-title\"", "</ol>");
    assert!(usual.contains("value=\"Newcomer\"") && usual.contains("value=\"10000\""), "{usual}");
    let ranks = [
        ("rank_name", "Small"),
        ("rank_points", "0"),
        ("rank_name", ""),
        ("rank_points", ""),
        ("rank_name", "Big"),
        ("rank_points", "100"),
    ];
    assert_saved(&submit(&parent, PATH, &ranks).await);
    let own = json!([{"name": "Small", "threshold": 0}, {"name": "Big", "threshold": 100}]);
    assert_eq!(settings(&parent).await["ranks"], own);
    for wrong in [
        [("rank_name", "Small"), ("rank_points", "5")],
        [("rank_name", ""), ("rank_points", "0")],
        [("rank_name", "Small"), ("rank_points", "")],
    ] {
        let page = submit(&parent, PATH, &wrong).await;
        assert_refused(&page, &["Each rank needs a name and more points"]);
    }
    assert_eq!(settings(&parent).await["ranks"], own);
    let all = [&ranks[..], &[("ranks", "usual")]].concat();
    assert_saved(&submit(&parent, PATH, &all).await);
    assert_eq!(settings(&parent).await["ranks"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn wrong_settings_are_explained() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let page = submit(&parent, PATH, &[("time_zone", "Europe/Nowhere")]).await;
    assert_refused(&page, &["value=\"Europe/Nowhere\"", "This value is not possible."]);
    assert_refused(&submit(&parent, PATH, &[("daily_goal", "0")]).await, &["aria-invalid"]);
    assert_refused(&submit(&parent, PATH, &[("week_start", "someday")]).await, &["role=\"alert\""]);
}
