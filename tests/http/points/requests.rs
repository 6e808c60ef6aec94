//! Requests keep the price of their time, and are answered once.

use goldstar::domain::EndedRequest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    self, Answer, Client, Family, TestServer, activate_path, assert_error, reward_path, send,
};

/// The only pending request of a list.
pub(super) async fn pending(client: &Client, kind: &str) -> Value {
    let mut list = client.get(&format!("/{kind}s/pending")).await.expect(200);
    let list = list[format!("pending_{kind}s")].as_array_mut().unwrap();
    assert_eq!(list.len(), 1, "{list:?}");
    list.remove(0)
}

pub(super) fn task_path(family: &Family, verb: &str) -> String {
    harness::task_path(&family.child, &family.task, verb)
}

pub(super) fn path(family: &Family, verb: &str) -> String {
    reward_path(&family.child, &family.reward, verb)
}

pub(super) fn metadata(answer: &Value) -> &Value {
    &answer["tracking_event"]["metadata"]
}

#[tokio::test]
async fn a_redeemed_request_costs_what_it_cost_when_it_was_made() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let asked = parent.ask_for(&family.child, &family.reward).await.expect(200);
    let request = pending(parent, "reward").await;
    assert_eq!(request["cost"], json!(20));
    assert_eq!(
        metadata(&asked),
        &json!({
            "name": "Ice cream", "cost": 20, "actor": "parent", "request_id": request["id"],
        })
    );
    let reward = format!("/rewards/{}", family.reward);
    parent.patch(&reward, json!({"cost": 45})).await.expect(200);
    let offers = parent.get(&format!("/children/{}/rewards", family.child)).await.expect(200);
    assert_eq!(
        (&offers["rewards"][0]["points_needed"], &offers["rewards"][0]["cost"]),
        (&json!(0), &json!(45))
    );

    let answer = json!({"request_id": request["id"]});
    let redeemed = parent.post(&path(&family, "redeem"), answer).await.expect(200);
    assert_eq!(redeemed["tracking_event"]["delta"], json!(-20));
    assert_eq!(
        metadata(&redeemed),
        &json!({
            "name": "Ice cream", "cost": 20, "actor": "parent", "request_id": request["id"],
            "requested_at": request["created_at"],
        })
    );
    // Without a request, the current cost counts.
    let answer = parent.redeem(&family.child, &family.reward).await;
    assert_eq!(assert_error(&answer, 409, "INSUFFICIENT_POINTS")["points_needed"], json!(15));
}

#[tokio::test]
async fn a_late_answer_to_a_request_changes_nothing() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    parent.ask_for(&family.child, &family.reward).await.expect(200);
    let first = pending(parent, "reward").await;
    let by_first = json!({"request_id": first["id"]});
    let redeemed = parent.post(&path(&family, "redeem"), by_first.clone()).await.expect(200);
    let check = |answer: &Answer, ended: &str, event: Value| {
        let details = assert_error(answer, 409, "REQUEST_GONE");
        assert_eq!(details["ended"], ended);
        assert_eq!(details["tracking_event_id"], event);
        details
    };
    let event = redeemed["tracking_event"]["id"].clone();
    let again = parent.post(&path(&family, "redeem"), by_first.clone()).await;
    let details = check(&again, "redeemed", event.clone());
    assert_eq!(details["ended_at"], redeemed["tracking_event"]["occurred_at"]);
    // The child's next request is not ended by a late rejection of the first one.
    parent.ask_for(&family.child, &family.reward).await.expect(200);
    let late = parent.post(&path(&family, "cancel"), by_first).await;
    check(&late, "redeemed", event);
    let second = pending(parent, "reward").await;
    parent.delete(&format!("/rewards/{}", family.reward)).await.expect(204);
    let reward = parent.reward("Cinema", 1).await;
    let by_second = json!({"request_id": second["id"]});
    let other = reward_path(&family.child, &reward, "redeem");
    for path in [&path(&family, "redeem"), &other] {
        check(&parent.post(path, by_second.clone()).await, "deleted", Value::Null);
    }
    assert_error(&parent.post(&path(&family, "redeem"), json!({})).await, 404, "NOT_FOUND");
    let sibling = parent.child("Tom", 50).await;
    let of_sibling = reward_path(&sibling, &reward, "redeem");
    check(&parent.post(&of_sibling, by_second).await, "unknown", Value::Null);
    let unknown = parent.post(&other, json!({"request_id": "no-such-request"})).await;
    let details = check(&unknown, "unknown", Value::Null);
    assert_eq!(details.get("ended_at"), None);
    assert_eq!(parent.points(&family.child).await, 30);
}

#[tokio::test]
async fn the_newest_ended_requests_are_remembered() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let mut ids = Vec::new();
    for _ in 0..=EndedRequest::MOST {
        let asked = parent.act(&task_path(&family, "request")).await.expect(200);
        ids.push(metadata(&asked)["request_id"].clone());
        parent.act(&task_path(&family, "cancel")).await.expect(200);
    }
    server.restart().await;
    for (id, ended) in [(&ids[0], "unknown"), (&ids[1], "cancelled")] {
        let answer = parent.post(&task_path(&family, "activate"), json!({"request_id": id})).await;
        assert_eq!(assert_error(&answer, 409, "REQUEST_GONE")["ended"], ended);
    }
    let document = parent.get("/account/export").await.expect(200);
    assert_eq!(document["ended_requests"].as_array().unwrap().len(), EndedRequest::MOST);
}

#[tokio::test]
async fn two_parents_answer_a_request_once() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    let answer = json!({"request_id": pending(&family.parent, "reward").await["id"]});
    let answers = (0..16).map(|n| {
        let verb = if n % 2 == 0 { "redeem" } else { "cancel" };
        let path = path(&family, verb);
        let (parent, answer) = (&family.parent, answer.clone());
        async move { parent.post(&path, answer).await.status }
    });
    let statuses = futures_util::future::join_all(answers).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 15, "{statuses:?}");
}

#[tokio::test]
async fn a_child_requests_a_task_and_a_parent_gives_its_points() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let child = parent.hand_over(server.nobody(), &family.child).await;
    let asked = child.act(&task_path(&family, "request")).await;
    let asked = asked.expect(200);
    let event = &asked["tracking_event"];
    assert_eq!(
        (&event["entity_type"], &event["action"], &event["delta"]),
        (&json!("task"), &json!("requested"), &json!(0))
    );
    let request = pending(&child, "task").await;
    assert_eq!(
        metadata(&asked),
        &json!({
            "name": "Make the bed", "points": 5, "actor": "child", "request_id": request["id"],
        })
    );
    assert_error(
        &child.post(&task_path(&family, "request"), json!({})).await,
        409,
        "TASK_ALREADY_REQUESTED",
    );
    assert_eq!(child.act(&task_path(&family, "activate")).await.status, 403);
    parent.patch(&format!("/tasks/{}", family.task), json!({"points": 9})).await.expect(200);
    let states = child.get(&format!("/children/{}/tasks", family.child)).await.expect(200);
    assert_eq!(states["total"], json!(1), "without the penalty");
    let state = &states["tasks"][0];
    assert_eq!((&state["requested"], &state["request_id"]), (&json!(true), &request["id"]));
    assert_eq!(state["last_done_at"], Value::Null);

    let approved = parent.activate(&family.child, &family.task).await.expect(200);
    assert_eq!(approved["tracking_event"]["delta"], json!(5), "the points of the request");
    assert_eq!(
        metadata(&approved),
        &json!({
            "name": "Make the bed", "points": 5, "actor": "parent", "request_id": request["id"],
            "requested_at": request["created_at"], "requested_points": 5,
        })
    );
    let states = child.get(&format!("/children/{}/tasks", family.child)).await.expect(200);
    let done = &approved["tracking_event"]["occurred_at"];
    assert_eq!(
        (&states["tasks"][0]["last_done_at"], &states["tasks"][0]["requested"]),
        (done, &json!(false))
    );
}

#[tokio::test]
async fn a_parent_gives_other_points_or_rejects_a_request() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let answer =
        parent.post(&activate_path(&family.child, &family.task), json!({"points": 2})).await;
    assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], "points");
    parent.act(&task_path(&family, "request")).await.expect(200);
    let approved =
        parent.post(&task_path(&family, "activate"), json!({"points": 2})).await.expect(200);
    assert_eq!(approved["tracking_event"]["delta"], json!(2));
    assert_eq!(metadata(&approved)["requested_points"], json!(5));

    parent.act(&task_path(&family, "request")).await.expect(200);
    let request = pending(parent, "task").await;
    let answer = json!({"request_id": request["id"]});
    let rejected = parent.post(&task_path(&family, "cancel"), answer).await.expect(200);
    let states = parent.get(&format!("/children/{}/tasks", family.child)).await.expect(200);
    let state = &states["tasks"][0];
    assert_eq!(state["last_rejected_at"], rejected["tracking_event"]["occurred_at"]);
    assert_error(&parent.act(&task_path(&family, "cancel")).await, 409, "NO_PENDING_REQUEST");
}

#[tokio::test]
async fn a_task_that_becomes_a_penalty_or_is_closed_ends_its_requests() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let task = format!("/tasks/{}", family.task);
    let penalty = harness::task_path(&family.child, &family.penalty, "request");
    assert_error(&parent.act(&penalty).await, 409, "TASK_NOT_REQUESTABLE");
    for close in [json!({"requestable": false}), json!({"is_good": false})] {
        parent.patch(&task, json!({"requestable": true, "is_good": true})).await.expect(200);
        parent.act(&task_path(&family, "request")).await.expect(200);
        let request = pending(parent, "task").await;
        let events = parent.get("/family/tracking").await.expect(200)["total"].take();
        parent.patch(&task, close).await.expect(200);
        let list = parent.get("/tasks/pending").await.expect(200);
        assert_eq!(list["total"], json!(0));
        let after = parent.get("/family/tracking").await.expect(200);
        assert_eq!(after["total"], events, "without an event");
        let late = json!({"request_id": request["id"]});
        let answer = parent.post(&task_path(&family, "cancel"), late).await;
        assert_eq!(assert_error(&answer, 409, "REQUEST_GONE")["ended"], "deleted");
        assert_error(
            &parent.act(&task_path(&family, "request")).await,
            409,
            "TASK_NOT_REQUESTABLE",
        );
    }
    parent.patch(&task, json!({"requestable": true, "is_good": true})).await.expect(200);
    parent.act(&task_path(&family, "request")).await.expect(200);
    parent.delete(&format!("/children/{}", family.child)).await.expect(204);
    assert_eq!(parent.get("/tasks/pending").await.expect(200)["total"], json!(0));
}

#[tokio::test]
async fn the_body_of_a_mutation_is_optional_and_its_fields_are_checked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let activate = activate_path(&family.child, &family.task);
    for ignored in [json!(null), json!({}), json!({"childId": 7, "task": {"a": [1]}})] {
        family.parent.post(&activate, ignored).await.expect(200);
    }
    for (field, value) in [("request_id", json!(7)), ("points", json!(0))] {
        let answer = family.parent.post(&activate, json!({field: value})).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], field, "{value}");
    }
    assert_error(&family.parent.post(&activate, json!([1])).await, 400, "INVALID_JSON");
    assert_eq!(family.parent.points(&family.child).await, 65);
}

#[tokio::test]
async fn a_key_belongs_to_one_body() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.act(&task_path(&family, "request")).await.expect(200);
    let send = async |body: Value| {
        let request = family.parent.request(Method::POST, &task_path(&family, "activate"));
        send(request.header("Idempotency-Key", "k").json(&body)).await
    };
    let first = send(json!({"points": 2})).await.expect(200);
    let again = send(json!({"points": 2, "unknown": 1})).await.expect(200);
    assert_eq!(first["tracking_event"], again["tracking_event"]);
    for other in [json!({"points": 3}), json!({}), json!({"points": 2, "request_id": "r"})] {
        assert_error(&send(other).await, 422, "IDEMPOTENCY_KEY_REUSED");
    }
}
