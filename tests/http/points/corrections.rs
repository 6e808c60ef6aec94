//! Reversals take back recorded deltas, once, and restore what an approval ended.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::requests::{metadata, path, pending, task_path};
use crate::harness::{
    Answer, Client, Family, Settings, TestServer, assert_error, reverse_path, send, text,
};

/// The id of the event in a response.
fn id(answer: &Value) -> String {
    text(&answer["tracking_event"]["id"])
}

async fn reverse(client: &Client, child: &str, event: &str) -> Answer {
    client.act(&reverse_path(child, event)).await
}

async fn reverse_in_part(client: &Client, child: &str, event: &str) -> Answer {
    client.post(&reverse_path(child, event), json!({"partial": true})).await
}

#[tokio::test]
async fn a_reversal_is_an_event_with_the_opposite_delta() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    for (answer, kind, amount) in [
        (parent.activate(&family.child, &family.task).await, "task", "points"),
        (parent.activate(&family.child, &family.penalty).await, "penalty", "points"),
        (parent.redeem(&family.child, &family.reward).await, "reward", "cost"),
    ] {
        let done = answer.expect(200);
        let (event, before) = (&done["tracking_event"], parent.points(&family.child).await);
        let reversed = reverse(parent, &family.child, &id(&done)).await.expect(200);
        let reversal = &reversed["tracking_event"];
        assert_eq!(reversal["entity_type"], kind);
        assert_eq!(reversal["entity_id"], event["entity_id"]);
        assert_eq!(reversal["action"], "cancelled");
        let delta = -event["delta"].as_i64().unwrap();
        assert_eq!(reversal["delta"], delta);
        assert_eq!(reversed["child"]["points"], before + delta);
        let original = metadata(&done);
        assert_eq!(
            metadata(&reversed),
            &json!({
                "name": original["name"], amount: original[amount], "actor": "parent",
                "reverses": event["id"],
            })
        );
        let again = reverse(parent, &family.child, &id(&done)).await;
        let details = assert_error(&again, 409, "ALREADY_REVERSED");
        assert_eq!(details["reversal_id"], reversal["id"]);
        assert_error(&reverse(parent, &family.child, &id(&reversed)).await, 409, "NOT_REVERSIBLE");
        let stored = server.folders.events();
        let unchanged = stored.iter().find(|it| it["id"] == event["id"]);
        assert_eq!(unchanged, Some(event), "the reversed event stays as it is");
    }
    assert_eq!(parent.points(&family.child).await, 50);
}

#[tokio::test]
async fn a_penalty_that_stopped_at_the_floor_gives_back_what_it_took() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.child("Tom", 3).await;
    let done = family.parent.activate(&child, &family.penalty).await.expect(200);
    assert_eq!(done["tracking_event"]["delta"], -3);
    family.parent.patch(&format!("/tasks/{}", family.penalty), json!({"points": 90})).await;
    let reversed = reverse(&family.parent, &child, &id(&done)).await.expect(200);
    assert_eq!(reversed["tracking_event"]["delta"], 3);
    assert_eq!(metadata(&reversed)["points"], 8);
    let nothing = family.parent.child("Ida", 0).await;
    let nothing_taken = family.parent.activate(&nothing, &family.penalty).await.expect(200);
    let reversed = reverse(&family.parent, &nothing, &id(&nothing_taken)).await.expect(200);
    assert_eq!(reversed["tracking_event"]["delta"], 0);
    let again = reverse(&family.parent, &nothing, &id(&nothing_taken)).await;
    assert_error(&again, 409, "ALREADY_REVERSED");
}

#[tokio::test]
async fn points_that_are_spent_can_be_taken_back_in_part() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, reward) = (&family.parent, &family.reward);
    let child = parent.child("Tom", 18).await;
    let given = parent.activate(&child, &family.task).await.expect(200);
    parent.redeem(&child, reward).await.expect(200);
    let refused = reverse(parent, &child, &id(&given)).await;
    assert_eq!(assert_error(&refused, 409, "INSUFFICIENT_POINTS")["points_needed"], 2);
    let body = json!({"partial": 1});
    let wrong = parent.post(&reverse_path(&child, &id(&given)), body).await;
    assert_eq!(assert_error(&wrong, 400, "VALIDATION_FAILED")["field"], "partial");
    let reversed = reverse_in_part(parent, &child, &id(&given)).await.expect(200);
    assert_eq!(
        (&reversed["tracking_event"]["delta"], parent.points(&child).await),
        (&json!(-3), 0)
    );
    assert_eq!(metadata(&reversed)["requested_delta"], -5);
    let again = reverse_in_part(parent, &child, &id(&given)).await;
    assert_error(&again, 409, "ALREADY_REVERSED");
}

#[tokio::test]
async fn lists_of_events_name_the_reversals() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let admin = server.admin().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let done = family.event().await;
    family.event().await;
    let reversed = reverse(&family.parent, &family.child, &text(&done["id"])).await.expect(200);
    let map = json!({text(&done["id"]): reversed["tracking_event"]["id"]});
    let of_child = format!("/children/{}/tracking", family.child);
    for _ in 0..2 {
        let clients: [(&Client, &str); 4] = [
            (&family.parent, &of_child),
            (&child, &of_child),
            (&family.parent, "/family/tracking"),
            (&admin, "/admin/tracking"),
        ];
        for (client, path) in clients {
            let page = client.get(path).await.expect(200);
            assert_eq!((&page["reversals"], &page["total"]), (&map, &json!(3)), "{path}");
            let others = client.get(&format!("{path}?action=cancelled")).await.expect(200);
            assert_eq!((&others["reversals"], &others["total"]), (&json!({}), &json!(1)), "{path}");
        }
        server.restart().await;
    }
}

#[tokio::test]
async fn an_event_is_reversed_only_by_a_parent_of_the_child() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let other = server.family().await;
    let event = text(&family.event().await["id"]);
    let sibling = family.parent.child("Tom", 9).await;
    for (parent, child, event) in [
        (&family.parent, sibling.as_str(), event.as_str()),
        (&family.parent, &family.child, "no-such-event"),
        (&other.parent, &family.child, &event),
        (&other.parent, &other.child, &event),
    ] {
        assert_error(&reverse(parent, child, event).await, 404, "NOT_FOUND");
    }
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    assert_error(&reverse(&child, &family.child, &event).await, 403, "PARENT_REQUIRED");
    family.parent.delete(&format!("/children/{}", family.child)).await.expect(204);
    assert_error(&reverse(&family.parent, &family.child, &event).await, 404, "NOT_FOUND");
    assert_eq!(server.folders.events().len(), 1);
}

#[tokio::test]
async fn requests_and_cancellations_are_not_reversible() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for verb in ["request", "cancel"] {
        for path in [path(&family, verb), task_path(&family, verb)] {
            let done = family.parent.act(&path).await.expect(200);
            let answer = reverse(&family.parent, &family.child, &id(&done)).await;
            assert_error(&answer, 409, "NOT_REVERSIBLE");
        }
    }
}

#[tokio::test]
async fn a_reversal_repeats_with_its_key() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let event = text(&family.event().await["id"]);
    let path = reverse_path(&family.child, &event);
    let first = family.parent.act_once(&path, "undo").await.expect(200);
    server.restart().await;
    let again = family.parent.act_once(&path, "undo").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200)["tracking_event"], first["tracking_event"]);
    let request = family.parent.request(Method::POST, &path).header("Idempotency-Key", "undo");
    let other = send(request.json(&json!({"partial": true}))).await;
    assert_error(&other, 422, "IDEMPOTENCY_KEY_REUSED");
}

/// Approves a request for the task and one for the reward, and returns the requests and the approvals.
async fn approved(family: &Family) -> [(Value, Value); 2] {
    let parent = &family.parent;
    for path in [task_path(family, "request"), path(family, "request")] {
        parent.post(&path, json!({"note": "Please"})).await.expect(200);
    }
    let (task, reward) = (pending(parent, "task").await, pending(parent, "reward").await);
    parent.patch(&format!("/tasks/{}", family.task), json!({"points": 9})).await.expect(200);
    parent.patch(&format!("/rewards/{}", family.reward), json!({"cost": 40})).await.expect(200);
    let given = parent.post(&task_path(family, "activate"), json!({"points": 2})).await.expect(200);
    let redeemed = parent.redeem(&family.child, &family.reward).await.expect(200);
    [(task, given), (reward, redeemed)]
}

#[tokio::test]
async fn the_reversal_of_an_approval_restores_the_request() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let [task, reward] = approved(&family).await;
    for (request, approval) in [&task, &reward] {
        let reversed = reverse(parent, &family.child, &id(approval)).await.expect(200);
        assert_eq!(metadata(&reversed)["request_id"], request["id"]);
    }
    server.restart().await;
    assert_eq!(pending(parent, "task").await, task.0, "with its id, price, time and note");
    assert_eq!(pending(parent, "reward").await, reward.0);
    // It can be approved again, at its price.
    let answer = json!({"request_id": reward.0["id"]});
    let again = parent.post(&path(&family, "redeem"), answer.clone()).await.expect(200);
    assert_eq!(again["tracking_event"]["delta"], -20);
    let late = parent.post(&path(&family, "redeem"), answer).await;
    assert_eq!(
        assert_error(&late, 409, "REQUEST_GONE")["tracking_event_id"],
        again["tracking_event"]["id"]
    );
    let again = parent.act(&task_path(&family, "activate")).await.expect(200);
    assert_eq!(again["tracking_event"]["delta"], 5, "the requested points");
    for done in [&again["tracking_event"]["id"], &task.1["tracking_event"]["id"]] {
        assert!(server.folders.events().iter().any(|event| event["id"] == *done));
    }
}

#[tokio::test]
async fn a_request_is_not_restored_beside_a_newer_one() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let [task, reward] = approved(&family).await;
    parent.patch(&format!("/rewards/{}", family.reward), json!({"cost": 1})).await.expect(200);
    parent.act(&task_path(&family, "request")).await.expect(200);
    parent.act(&path(&family, "request")).await.expect(200);
    let newer = (pending(parent, "task").await, pending(parent, "reward").await);
    for (_, approval) in [&task, &reward] {
        let reversed = reverse(parent, &family.child, &id(approval)).await.expect(200);
        assert_eq!(metadata(&reversed).get("request_id"), None);
    }
    assert_eq!((pending(parent, "task").await, pending(parent, "reward").await), newer);
}

#[tokio::test]
async fn a_request_is_not_restored_if_it_could_not_be_made() {
    for change in ["penalty", "closed", "deleted"] {
        let server = TestServer::start().await;
        let family = server.family().await;
        let parent = &family.parent;
        let [task, reward] = approved(&family).await;
        let of_task = format!("/tasks/{}", family.task);
        match change {
            "penalty" => _ = parent.patch(&of_task, json!({"is_good": false})).await.expect(200),
            "closed" => _ = parent.patch(&of_task, json!({"requestable": false})).await.expect(200),
            _ => {
                parent.delete(&of_task).await.expect(204);
                parent.delete(&format!("/rewards/{}", family.reward)).await.expect(204);
                let reversed = reverse(parent, &family.child, &id(&reward.1)).await.expect(200);
                assert_eq!(metadata(&reversed)["name"], "Ice cream", "its name is in the event");
            }
        }
        reverse(parent, &family.child, &id(&task.1)).await.expect(200);
        assert_eq!(parent.get("/tasks/pending").await.expect(200)["total"], 0, "{change}");
        assert_eq!(parent.get("/rewards/pending").await.expect(200)["total"], 0, "{change}");
        assert_eq!(parent.points(&family.child).await, if change == "deleted" { 50 } else { 30 });
    }
}

#[tokio::test]
async fn a_reversed_activation_is_not_the_last_time_that_a_task_was_done() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let states = format!("/children/{}/tasks", family.child);
    let (first, second) = (family.event().await, family.event().await);
    let done = async || family.parent.get(&states).await.expect(200)["tasks"][0].clone();
    assert_eq!(done().await["last_done_at"], second["occurred_at"]);
    for (event, last) in [(&second, &first["occurred_at"]), (&first, &Value::Null)] {
        reverse(&family.parent, &family.child, &text(&event["id"])).await.expect(200);
        assert_eq!(done().await["last_done_at"], *last);
        assert_eq!(done().await["last_rejected_at"], Value::Null);
    }
}

#[tokio::test]
async fn of_64_reversals_on_two_servers_one_takes_effect() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let family = Family::of(one.parent().await).await;
    let parents = [family.parent.beside(&other.nobody()), family.parent.clone()];
    // Afterwards the child has fewer points than the event gave.
    let child = parents[0].child("Tom", 2).await;
    let given = parents[0].activate(&child, &family.task).await.expect(200);
    let given = id(&given);
    let all = (0..64).map(|n| reverse(&parents[n % 2], &child, &given));
    let answers = join_all(all).await;
    let done: Vec<&Answer> = answers.iter().filter(|it| it.status == 200).collect();
    let [done] = done[..] else { panic!("{} reversals", done.len()) };
    let reversal = &done.body["tracking_event"]["id"];
    for refused in answers.iter().filter(|it| it.status != 200) {
        assert_eq!(assert_error(refused, 409, "ALREADY_REVERSED")["reversal_id"], *reversal);
    }
    assert_eq!(parents[1].points(&child).await, 2);
    assert_eq!(one.folders.events().len(), 2);
}

#[tokio::test]
async fn a_redeem_and_a_reversal_at_once_spend_no_point_twice() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let (parent, reward) = (&family.parent, &family.reward);
    let child = parent.child("Tom", 15).await;
    let mut rows = 0;
    for _ in 0..4 {
        let given = parent.activate(&child, &family.task).await.expect(200);
        let given = id(&given);
        let (redeemed, reversed) =
            tokio::join!(parent.redeem(&child, reward), reverse(parent, &child, &given));
        let statuses = [redeemed.status, reversed.status];
        assert!([[200, 409], [409, 200]].contains(&statuses), "{statuses:?}");
        server.restart().await;
        rows += 2;
        if redeemed.status == 200 {
            assert_error(&reversed, 409, "INSUFFICIENT_POINTS");
            assert_eq!(parent.points(&child).await, 0);
            reverse(parent, &child, &id(&redeemed.body)).await.expect(200);
            reverse(parent, &child, &given).await.expect(200);
            rows += 2;
        } else {
            assert_error(&redeemed, 409, "INSUFFICIENT_POINTS");
            assert_error(&reverse(parent, &child, &given).await, 409, "ALREADY_REVERSED");
        }
        assert_eq!(parent.points(&child).await, 15);
        assert_eq!(server.folders.events().len(), rows);
    }
}
