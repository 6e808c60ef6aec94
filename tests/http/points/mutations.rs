//! The mutations of tasks and rewards, and everything that each of them writes.

use goldstar::domain::Timestamp;
use serde_json::{Value, json};

use crate::harness::{Events, Family, Settings, TestServer, logfmt, text};

/// The expected fields of a mutation's event.
struct Expected<'a> {
    entity_type: &'a str,
    entity_id: &'a str,
    action: &'a str,
    before: i64,
    after: i64,
    metadata: Value,
}

/// Checks a mutation's response, and that the row, the log line and the stream agree with it.
async fn assert_recorded(
    server: &TestServer,
    family: &Family,
    stream: &mut Events,
    answer: &Value,
    expected: Expected<'_>,
) {
    let (event, child) = (&answer["tracking_event"], &answer["child"]);
    assert_event(event, family, &expected);
    assert_eq!(child["id"], *family.child);
    assert_eq!(child["points"], expected.after);
    assert_eq!(family.parent.points(&family.child).await, expected.after);

    let (number, row) = server.folders.rows("tracking_events.json").pop().unwrap();
    assert_eq!(row.to_string(), event.to_string(), "the very object");
    assert_log_line(server, event);

    let frame = stream.next().await;
    assert_eq!(frame.event, "tracking_event_created");
    assert_eq!(frame.id, number.to_string());
    let payload = json!({
        "tracking_event_id": event["id"], "child_id": event["child_id"],
        "entity_type": event["entity_type"], "entity_id": event["entity_id"],
        "action": event["action"], "points_before": expected.before,
        "points_after": expected.after, "delta": expected.after - expected.before,
        "occurred_at": event["occurred_at"],
    });
    let data = json!({"type": "tracking_event_created", "payload": payload});
    assert_eq!(frame.data, data);
}

fn assert_event(event: &Value, family: &Family, expected: &Expected<'_>) {
    let mut rest = event.clone();
    let fields = rest.as_object_mut().unwrap();
    assert!(!text(&fields.remove("id").unwrap()).is_empty());
    let occurred_at = text(&fields.remove("occurred_at").unwrap());
    let created_at = text(&fields.remove("created_at").unwrap());
    for moment in [&occurred_at, &created_at] {
        let parsed = Timestamp::parse_iso(moment).unwrap();
        assert_eq!(parsed.to_string(), **moment, "UTC with microseconds");
    }
    assert!(occurred_at <= created_at);
    // `requests.rs` tests these.
    let metadata = fields["metadata"].as_object_mut().unwrap();
    metadata.retain(|name, _| name != "request_id" && name != "requested_at");
    let whole = json!({
        "user_id": family.parent.id, "child_id": family.child,
        "entity_type": expected.entity_type, "entity_id": expected.entity_id,
        "action": expected.action, "points_before": expected.before,
        "points_after": expected.after, "delta": expected.after - expected.before,
        "metadata": expected.metadata,
    });
    assert_eq!(rest, whole);
}

fn assert_log_line(server: &TestServer, event: &Value) {
    let user_id = text(&event["user_id"]);
    let line = server.folders.log_lines(&user_id).pop().unwrap();
    let fields = logfmt(&line);
    assert_eq!(fields["event_id"], text(&event["id"]), "{line}");
    for name in ["user_id", "child_id", "entity_type", "entity_id", "action", "occurred_at"] {
        assert_eq!(fields[name], text(&event[name]), "{name} of {line}");
    }
    for name in ["points_before", "points_after", "delta"] {
        assert_eq!(fields[name], event[name].to_string(), "{name} of {line}");
    }
}

#[tokio::test]
async fn a_task_gives_points() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    let answer = family.parent.activate(&family.child, &family.task).await;
    let expected = Expected {
        entity_type: "task",
        entity_id: &family.task,
        action: "activated",
        before: 50,
        after: 55,
        metadata: json!({"name": "Make the bed", "points": 5, "actor": "parent"}),
    };
    assert_recorded(&server, &family, &mut stream, &answer.expect(200), expected).await;
}

#[tokio::test]
async fn a_penalty_takes_points() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    let answer = family.parent.activate(&family.child, &family.penalty).await;
    let expected = Expected {
        entity_type: "penalty",
        entity_id: &family.penalty,
        action: "activated",
        before: 50,
        after: 42,
        metadata: json!({"name": "Hit a sibling", "points": 8, "actor": "parent"}),
    };
    assert_recorded(&server, &family, &mut stream, &answer.expect(200), expected).await;
}

#[tokio::test]
async fn a_penalty_stops_at_zero_and_keeps_the_requested_delta() {
    let server = TestServer::start().await;
    let mut family = server.family().await;
    family.child = family.parent.child("Aarav", 3).await;
    let mut stream = family.parent.events("/events").await;
    for before in [3, 0] {
        let answer = family.parent.activate(&family.child, &family.penalty).await;
        let expected = Expected {
            entity_type: "penalty",
            entity_id: &family.penalty,
            action: "activated",
            before,
            after: 0,
            metadata: json!({
                "name": "Hit a sibling", "points": 8, "actor": "parent", "requested_delta": -8,
            }),
        };
        assert_recorded(&server, &family, &mut stream, &answer.expect(200), expected).await;
    }
}

#[tokio::test]
async fn the_floor_of_penalties_can_be_configured() {
    let settings = Settings { points_floor: -10, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let family = server.family().await;
    let child = family.parent.child("Aarav", 0).await;
    for after in [-8, -10, -10] {
        let answer = family.parent.activate(&child, &family.penalty).await;
        let event = &answer.expect(200)["tracking_event"];
        assert_eq!(event["points_after"], after);
    }
    let answer = family.parent.activate(&child, &family.task).await;
    assert_eq!(answer.expect(200)["child"]["points"], -5);
}

#[tokio::test]
async fn a_child_requests_a_reward() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let mut stream = family.parent.events("/events").await;
    let answer = child.ask_for(&family.child, &family.reward).await;
    let expected = Expected {
        entity_type: "reward",
        entity_id: &family.reward,
        action: "requested",
        before: 50,
        after: 50,
        metadata: json!({"name": "Ice cream", "cost": 20, "actor": "child"}),
    };
    assert_recorded(&server, &family, &mut stream, &answer.expect(200), expected).await;
    let pending = child.get("/rewards/pending").await.expect(200);
    assert_eq!(pending["pending_rewards"][0]["reward_id"], *family.reward);
}

#[tokio::test]
async fn a_parent_redeems_a_requested_reward() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    let mut stream = family.parent.events("/events").await;
    let answer = family.parent.redeem(&family.child, &family.reward).await;
    let expected = Expected {
        entity_type: "reward",
        entity_id: &family.reward,
        action: "redeemed",
        before: 50,
        after: 30,
        metadata: json!({"name": "Ice cream", "cost": 20, "actor": "parent"}),
    };
    assert_recorded(&server, &family, &mut stream, &answer.expect(200), expected).await;
    let pending = family.parent.get("/rewards/pending").await.expect(200);
    assert_eq!(pending["pending_rewards"], json!([]), "the request has ended");
}

#[tokio::test]
async fn a_reward_can_be_redeemed_without_a_request() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for after in [30, 10] {
        let answer = family.parent.redeem(&family.child, &family.reward).await;
        assert_eq!(answer.expect(200)["child"]["points"], after);
    }
}

#[tokio::test]
async fn either_cancels_a_request() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    for (browser, actor) in [(&*family.parent, "parent"), (&*child, "child")] {
        child.ask_for(&family.child, &family.reward).await.expect(200);
        let mut stream = family.parent.events("/events").await;
        let answer = browser.cancel(&family.child, &family.reward).await;
        let expected = Expected {
            entity_type: "reward",
            entity_id: &family.reward,
            action: "cancelled",
            before: 50,
            after: 50,
            metadata: json!({"name": "Ice cream", "cost": 20, "actor": actor}),
        };
        assert_recorded(&server, &family, &mut stream, &answer.expect(200), expected).await;
        let pending = family.parent.get("/rewards/pending").await.expect(200);
        assert_eq!(pending["pending_rewards"], json!([]));
    }
}

#[tokio::test]
async fn an_event_keeps_the_name_and_points_of_its_time() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let event = family.event().await;
    let change = json!({"name": "Make both beds", "points": 9});
    let path = format!("/tasks/{}", family.task);
    family.parent.patch(&path, change).await.expect(200);
    let later = family.event().await;
    assert_eq!(later["metadata"]["name"], "Make both beds");
    assert_eq!(later["delta"], 9);
    assert_eq!(server.folders.events()[0], event);
}

#[tokio::test]
async fn a_rapid_sequence_is_ordered_by_its_times() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let admin = server.admin().await;
    let all = (0..40).map(|_| family.event());
    futures_util::future::join_all(all).await;
    let query = [("child_id", &*family.child), ("order", "asc"), ("limit", "500")];
    let found = admin.get_with("/admin/tracking", &query).await.expect(200);
    let events = found["tracking_events"].as_array().unwrap();
    assert_eq!(events.len(), 40);
    for (n, pair) in events.windows(2).enumerate() {
        let moments = |event: &Value| (text(&event["occurred_at"]), text(&event["created_at"]));
        assert!(moments(&pair[0]) <= moments(&pair[1]), "at {n}: {pair:?}");
        assert_eq!(pair[0]["points_after"], pair[1]["points_before"], "at {n}");
    }
    let on_disk = server.folders.events();
    assert_eq!(events, &on_disk, "written in the same order");
}

#[tokio::test]
async fn the_four_mutations_take_no_body_and_ignore_an_empty_one() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let path = crate::harness::activate_path(&family.child, &family.task);
    family.parent.post(&path, json!({})).await.expect(200);
    family.parent.act(&format!("/api{path}")).await.expect(200);
    assert_eq!(server.folders.events().len(), 2);
}
