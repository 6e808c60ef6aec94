//! What children earn: awards, revoked ones, ranks, and their messages. The rules are tested in
//! `domain::badges`.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{
    DAY, Folders, Hand, PASSWORD, Parent, Settings, TestServer, adjust_path, eventually,
    hash_as_for_users, log_in, reverse_path, task_path, text,
};

/// The awards of a child, the newest first.
pub(crate) async fn awards(parent: &Parent, child: &str) -> Vec<Value> {
    let page = parent.get(&format!("/children/{child}/awards?limit=500")).await.expect(200);
    page["awards"].as_array().unwrap().clone()
}

async fn award(parent: &Parent, child: &str, id: &str) -> Option<Value> {
    awards(parent, child).await.into_iter().find(|it| it["id"] == id)
}

/// The messages of a family with that type, the oldest first.
pub(crate) async fn messages(parent: &Parent, kind: &str) -> Vec<Value> {
    let export = parent.get("/account/export").await.expect(200);
    let all = export["messages"].as_array().unwrap().iter();
    all.filter(|it| it["type"] == kind).map(|it| it["payload"].clone()).collect()
}

async fn ids(parent: &Parent, kind: &str) -> Vec<String> {
    let mut ids: Vec<_> =
        messages(parent, kind).await.iter().map(|it| text(&it["award_id"])).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn an_activation_earns_a_badge_at_once() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let mut stream = parent.events("/events").await;
    let event = family.event().await;
    let found = award(parent, child, "first-steps.1").await.unwrap();
    let expected = json!({
        "id": "first-steps.1", "child_id": child, "badge_id": "first-steps", "grade": 1, "period": null,
        "badge_name": "First steps", "metric": "tasks_done", "task_id": null, "threshold": 1,
        "earned_at": event["occurred_at"], "tracking_event_id": event["id"], "revoked_at": null,
    });
    assert_eq!(found, expected);
    let frame = stream.next_about_badges().await;
    let payload = json!({
        "award_id": "first-steps.1", "child_id": child, "badge_id": "first-steps",
        "badge_name": "First steps", "grade": 1, "period": null, "earned_at": event["occurred_at"],
        "tracking_event_id": event["id"],
    });
    assert_eq!(frame.event, "badge_awarded");
    assert_eq!(frame.data, json!({"type": "badge_awarded", "payload": payload}));
    let badges = parent.get(&format!("/children/{child}/badges")).await.expect(200);
    let helping = badges["badges"].as_array().unwrap().iter().find(|it| it["id"] == "helping-hand");
    assert_eq!(helping.unwrap()["value"], 1);
    let progress = parent.get(&format!("/children/{child}/progress")).await.expect(200);
    assert_eq!(progress["badges"]["newest"], json!([expected]));
    let nearest = &progress["badges"]["nearest"];
    assert_eq!(nearest.as_array().unwrap().len(), 5);
    assert_eq!(nearest[0]["badge_id"], "warm-up");
    assert_eq!((&nearest[0]["value"], &nearest[0]["threshold"]), (&json!(1), &json!(3)));
}

/// Nobody reads the awards: the job stores them.
#[tokio::test]
async fn the_job_stores_awards_and_the_approval_of_a_request_earns_them() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    child.act(&task_path(&family.child, &family.task, "request")).await.expect(200);
    let event = family.event().await;
    let frame = stream.next_about_badges().await;
    assert_eq!(frame.data["payload"]["tracking_event_id"], event["id"]);
    server.stop().await;
    let rows = server.folders.rows("awards.json");
    assert_eq!((rows.len(), &rows[0].1["badge_id"]), (1, &json!("first-steps")));
    server.start_again().await;
    assert_eq!(awards(&family.parent, &family.child).await.len(), 1);
}

#[tokio::test]
async fn a_reversal_revokes_and_another_event_regains_silently() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let mut stream = parent.events("/events").await;
    let event = family.event().await;
    // Penalties, rewards, the deletion of the task and other settings revoke nothing.
    parent.activate(child, &family.penalty).await.expect(200);
    parent.redeem(child, &family.reward).await.expect(200);
    parent.put("/family/settings", json!({"daily_goal": 5})).await.expect(200);
    let other = parent.task("Dishes", 5).await;
    assert_eq!(parent.delete(&format!("/tasks/{}", family.task)).await.status, 204);
    let live = async |id: &str| {
        award(parent, child, id).await.is_some_and(|it| it["revoked_at"].is_null())
    };
    assert!(live("first-steps.1").await && live("first-treat.1").await);
    let undone = parent.act(&reverse_path(child, &text(&event["id"]))).await.expect(200);
    let reversal = &undone["tracking_event"];
    let revoked = award(parent, child, "first-steps.1").await.unwrap();
    assert_eq!(revoked["revoked_at"], reversal["occurred_at"]);
    assert!(live("first-treat.1").await);
    let mut frames = Vec::new();
    for _ in 0..3 {
        let frame = stream.next_about_badges().await;
        frames.push((frame.event.clone(), text(&frame.data["payload"]["tracking_event_id"])));
    }
    assert_eq!(frames.last().unwrap(), &("badge_revoked".to_owned(), text(&reversal["id"])));
    let again = parent.activate(child, &other).await.expect(200)["tracking_event"].clone();
    let regained = award(parent, child, "first-steps.1").await.unwrap();
    assert_eq!(
        (&regained["revoked_at"], &regained["tracking_event_id"]),
        (&Value::Null, &again["id"])
    );
    assert_eq!(ids(parent, "badge_awarded").await, ["first-steps.1", "first-treat.1"]);
    assert_eq!(ids(parent, "badge_revoked").await, ["first-steps.1"]);
}

/// With a goal of two tasks, the reversal would have ended the streak.
#[tokio::test]
async fn a_change_of_the_settings_revokes_nothing_also_after_a_reversal() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let new = json!({"name": "Streak", "metric": "streak_days", "thresholds": [1]});
    let badge = text(&parent.post("/badges", new).await.expect(201)["badge"]["id"]);
    let id = format!("{badge}.1");
    family.event().await;
    let second = family.event().await;
    let earned = award(parent, child, &id).await.unwrap();
    parent.act(&reverse_path(child, &text(&second["id"]))).await.expect(200);
    parent.put("/family/settings", json!({"daily_goal": 2})).await.expect(200);
    assert_eq!(award(parent, child, &id).await.unwrap(), earned);
    // A later reversal takes it away under the new goal.
    let third = family.event().await;
    parent.act(&reverse_path(child, &text(&third["id"]))).await.expect(200);
    assert!(award(parent, child, &id).await.unwrap()["revoked_at"].is_string());
}

/// Nobody reads the awards between the reversal and the change.
#[tokio::test]
async fn a_reversal_before_a_change_of_the_settings_revokes() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let event = family.event().await;
    assert!(award(parent, child, "first-steps.1").await.is_some());
    let undone = parent.act(&reverse_path(child, &text(&event["id"]))).await.expect(200);
    parent.put("/family/settings", json!({"daily_goal": 2})).await.expect(200);
    let revoked = award(parent, child, "first-steps.1").await.unwrap();
    assert_eq!(revoked["revoked_at"], undone["tracking_event"]["occurred_at"]);
}

#[tokio::test]
async fn points_change_the_rank_once() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let mut stream = parent.events("/events").await;
    let adjust = async |delta: i64| {
        let body = json!({"delta": delta, "note": "Found"});
        parent.post(&adjust_path(child), body).await.expect(200)["tracking_event"].clone()
    };
    adjust(49).await;
    let event = adjust(1).await;
    let mut rank = async || loop {
        let frame = stream.next_about_badges().await;
        if frame.event == "rank_changed" {
            return frame.data["payload"].clone();
        }
    };
    let expected = json!({
        "child_id": child, "number": 2, "name": "Helper", "threshold": 50, "points_earned": 50,
        "tracking_event_id": event["id"],
    });
    assert_eq!(rank().await, expected);
    // Neither a restart nor other thresholds send it again.
    let ranks = json!([{"name": "One", "threshold": 0}, {"name": "Two", "threshold": 10}, {"name": "Three", "threshold": 40}]);
    parent.put("/family/settings", json!({"ranks": ranks})).await.expect(200);
    server.restart().await;
    let path = format!("/children/{child}/progress");
    assert_eq!(parent.get(&path).await.expect(200)["rank"]["number"], 3);
    assert_eq!(messages(parent, "rank_changed").await, [expected]);
    // The rank is no badge.
    assert!(awards(parent, child).await.iter().all(|it| it["badge_id"] != "rank"));
    parent.act(&reverse_path(child, &text(&event["id"]))).await.expect(200);
    parent.get(&path).await.expect(200);
    assert_eq!(messages(parent, "rank_changed").await.len(), 1, "49 points have the same rank");
}

#[tokio::test]
async fn of_64_activations_one_crosses_the_threshold() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let all = join_all((0..64).map(|_| parent.activate(child, &family.task))).await;
    assert!(all.iter().all(|answer| answer.status == 200));
    let found = awards(parent, child).await;
    let mut expected: Vec<String> =
        ["first-steps.1", "helping-hand.1", "helping-hand.2"].map(str::to_owned).to_vec();
    let own = |it: &&Value| it["period"].is_null() && it["metric"] == "tasks_done";
    let mut ids_of: Vec<_> = found.iter().filter(own).map(|it| text(&it["id"])).collect();
    ids_of.sort();
    expected.sort();
    assert_eq!(ids_of, expected);
    let mut announced = ids(parent, "badge_awarded").await;
    announced.dedup();
    assert_eq!(announced.len(), found.len());
    assert_eq!(messages(parent, "badge_awarded").await.len(), found.len());
    let fiftieth = &server.folders.events()[49]["id"];
    assert_eq!(
        award(parent, child, "helping-hand.2").await.unwrap()["tracking_event_id"],
        *fiftieth
    );
}

#[tokio::test]
async fn a_kill_before_the_evaluation_loses_no_award_and_no_message() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    for _ in 1..4 {
        for _ in 0..3 {
            family.event().await;
        }
        server.kill();
        server.start_again().await;
        let parent = &family.parent;
        // Nobody reads the awards.
        eventually("the message", async || {
            let found = ids(parent, "badge_awarded").await;
            (found.iter().filter(|it| *it == "first-steps.1").count() == 1).then_some(())
        })
        .await;
    }
    family.event().await;
    let found = awards(&family.parent, &family.child).await;
    assert!(found.iter().any(|it| it["id"] == "helping-hand.1"));
    assert_eq!(messages(&family.parent, "badge_awarded").await.len(), found.len());
}

#[tokio::test]
async fn a_new_badge_awards_the_past_silently() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    parent.patch("/badges/first-steps", json!({"hidden": true})).await.expect(200);
    let event = family.event().await;
    let new = json!({"name": "Sleeper", "metric": "task_done", "task_id": family.task, "thresholds": [1, 2]});
    let badge = parent.post("/badges", new).await.expect(201)["badge"].clone();
    let id = format!("{}.1", text(&badge["id"]));
    let found = award(parent, child, &id).await.unwrap();
    assert_eq!(
        (&found["tracking_event_id"], &found["badge_name"]),
        (&event["id"], &json!("Sleeper"))
    );
    assert!(award(parent, child, "first-steps.1").await.is_none());
    parent.patch("/badges/first-steps", json!({"hidden": false})).await.expect(200);
    // The next event is announced, whatever has read the past by then.
    family.event().await;
    assert!(award(parent, child, "first-steps.1").await.is_some());
    let second = format!("{}.2", text(&badge["id"]));
    assert!(award(parent, child, &second).await.is_some());
    assert_eq!(ids(parent, "badge_awarded").await, [second]);
    // Awards stay as they were.
    let path = format!("/badges/{}", text(&badge["id"]));
    parent.patch(&path, json!({"name": "Bear", "thresholds": [100]})).await.expect(200);
    assert_eq!(award(parent, child, &id).await.unwrap(), found);
    assert_eq!(parent.delete(&path).await.status, 204);
    assert_eq!(award(parent, child, &id).await.unwrap(), found);
}

#[tokio::test]
async fn the_end_of_a_day_earns_a_badge() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let parent = &family.parent;
    let new = json!({"name": "Calm", "metric": "days_without_penalty", "thresholds": [2]});
    let id = text(&parent.post("/badges", new).await.expect(201)["badge"]["id"]);
    let mut stream = parent.events("/events").await;
    family.event().await;
    clock.forward(DAY);
    family.event().await;
    let first = stream.next_about_badges().await;
    assert_eq!(first.data["payload"]["badge_id"], "first-steps");
    // Nobody reads it, and nothing happens until the day is over.
    clock.forward(2 * DAY);
    let frame = stream.next_about_badges().await;
    assert_eq!(frame.data["payload"]["badge_id"], id);
    assert_eq!(frame.data["payload"]["tracking_event_id"], Value::Null);
    assert_eq!(frame.data["payload"]["earned_at"], "2026-02-11T00:00:00.000000Z");
    let found = award(parent, &family.child, &format!("{id}.1")).await.unwrap();
    assert_eq!(found["earned_at"], "2026-02-11T00:00:00.000000Z");
}

#[tokio::test]
async fn an_imported_history_is_awarded_silently() {
    let folders = Folders::new();
    folders.put_flask_data();
    let history = std::fs::read(folders.data_file("tracking_events.json")).unwrap();
    let settings = Settings { configure: hash_as_for_users, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    let client = server.nobody();
    log_in(&client, "parent0@example.org", "correct horse 0").await.expect(200);
    let children = client.get("/children").await.expect(200)["children"].clone();
    let mut count = 0;
    for child in children.as_array().unwrap() {
        let path = format!("/children/{}/awards", text(&child["id"]));
        count += client.get(&path).await.expect(200)["awards"].as_array().unwrap().len();
    }
    assert!(count > 3);
    let export = client.get("/account/export").await.expect(200);
    assert!(export["messages"].as_array().unwrap().is_empty());
    server.stop().await;
    assert_eq!(std::fs::read(server.folders.data_file("tracking_events.json")).unwrap(), history);
}

#[tokio::test]
async fn awards_end_with_the_child_and_with_the_account() {
    let (clock, machine) = Hand::new();
    let mut server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    family.event().await;
    let second = parent.child("Leo", 0).await;
    parent.activate(&second, &family.task).await.expect(200);
    assert_eq!((awards(parent, child).await.len(), awards(parent, &second).await.len()), (1, 1));
    assert_eq!(parent.delete(&format!("/children/{child}")).await.status, 204);
    server.stop().await;
    let rows = server.folders.rows("awards.json");
    assert!(rows.iter().all(|(_, row)| row["child_id"] == json!(second)) && rows.len() == 1);
    server.start_again().await;
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await.expect(202);
    clock.forward(31 * DAY);
    server.admin().await.act("/admin/deletion-queue/run").await.expect(200);
    server.stop().await;
    assert!(server.folders.rows("awards.json").is_empty());
}
