//! A token for one child shows and changes nothing of another one.

use reqwest::Method;
use serde_json::json;

use super::Program;
use super::scopes::FAMILY_SCOPES;
use super::table::{Need, rows};
use crate::access::home::server;
use crate::access::roles::{answer_to, request_of};
use crate::access::table::IDS;
use crate::harness::{
    Events, Family, Parent, TestServer, adjust_path, assert_error, reward_path, task_path,
};

/// The name of the other child.
const OTHER: &str = "Geheimnis";

/// Gives the first family another child, about which there is everything.
async fn other_child(parent: &Parent) -> String {
    let child = parent.child(OTHER, 100).await;
    let daily = json!({"schedule": {"who": "all", "every": "day"}});
    parent.patch("/tasks/first-task", daily).await.expect(200);
    parent.act(&task_path(&child, "first-task", "activate")).await.expect(200);
    parent.act(&task_path(&child, "first-task", "request")).await.expect(200);
    parent.act(&reward_path(&child, "first-reward", "request")).await.expect(200);
    parent.post(&adjust_path(&child), json!({"delta": 5, "note": OTHER})).await.expect(200);
    parent.act(&format!("/children/{child}/calendar-feeds")).await.expect(201);
    child
}

#[tokio::test]
async fn no_route_leaks_or_changes_another_child() {
    let server = server().await;
    let email = "first@example.org";
    let parent = Parent::log_in(server.nobody(), email, "correct horse").await;
    let other = other_child(&parent).await;
    let fields = json!({"scopes": FAMILY_SCOPES, "child_id": "first-child"});
    let program = Program::with(&parent, server.nobody(), fields).await;
    let mut ids = IDS;
    ids[0].1 = &other;
    let (mut refused, mut read) = (0, 0);
    for (row, need) in rows() {
        match need {
            Need::Scope(_) => {}
            Need::OfAllChildren(scope) if FAMILY_SCOPES.contains(&scope) => {
                let request = request_of(&server, row, false, "", &IDS).await;
                let answer = answer_to(row, request.bearer_auth(&program.secret)).await;
                let details = assert_error(&answer, 403, "SCOPE_REQUIRED");
                assert_eq!(details, json!({"scope": scope}), "{}", row.0);
                continue;
            }
            _ => continue,
        }
        if row.path().contains("{child}") {
            let request = request_of(&server, row, false, "", &ids).await;
            let answer = answer_to(row, request.bearer_auth(&program.secret)).await;
            assert_eq!(answer.status, 404, "{}: {}", row.0, answer.text);
            refused += 1;
        }
        if row.method() == Method::GET {
            let request = request_of(&server, row, true, "", &IDS).await;
            let answer = answer_to(row, request.bearer_auth(&program.secret)).await;
            assert_eq!(answer.status, 200, "{}: {}", row.0, answer.text);
            let leaks = [OTHER, &other].iter().any(|it| answer.text.contains(*it));
            assert!(!leaks, "{}: {}", row.0, answer.text);
            read += 1;
        }
    }
    assert!(refused > 25 && read > 20, "{refused} and {read}");
    let children = program.get("/children").await.expect(200);
    assert_eq!(
        (children["children"].as_array().unwrap().len(), &children["total"]),
        (1, &json!(1))
    );
}

#[tokio::test]
async fn its_event_stream_is_about_that_child() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let Family { parent, child, task, .. } = &family;
    let sibling = parent.child(OTHER, 0).await;
    let fields = json!({"scopes": ["read"], "child_id": child});
    let program = Program::with(parent, server.nobody(), fields).await;
    let request = server.nobody().request(Method::GET, "/events").bearer_auth(&program.secret);
    let mut stream = Events::open(request).await;
    parent.activate(&sibling, task).await.expect(200);
    parent.activate(child, task).await.expect(200);
    let frame = stream.next_event().await;
    assert_eq!(frame.data["payload"]["child_id"], json!(child));
    parent.activate(&sibling, task).await.expect(200);
    // What was missed is only about that child, too.
    let again = server.nobody().request(Method::GET, "/events");
    let again = again.header("Last-Event-ID", "0").bearer_auth(&program.secret);
    let mut stream = Events::open(again).await;
    assert_eq!(stream.next_event().await.data["payload"]["child_id"], json!(child));
    parent.activate(child, task).await.expect(200);
    assert_eq!(stream.next_event().await.data["payload"]["child_id"], json!(child));
}

#[tokio::test]
async fn it_acts_for_that_child_as_its_parent() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let fields = json!({"scopes": FAMILY_SCOPES, "child_id": family.child});
    let program = Program::with(&family.parent, server.nobody(), fields).await;
    let me = program.get("/auth/me").await.expect(200);
    assert_eq!((&me["scope"], &me["child_id"]), (&json!("parent"), &serde_json::Value::Null));
    let done = program.act(&task_path(&family.child, &family.task, "activate")).await.expect(200);
    assert_eq!(done["tracking_event"]["metadata"]["actor"], "parent");
    let renamed = format!("/children/{}", family.child);
    program.send(Method::PATCH, &renamed, Some(json!({"age": 8}))).await.expect(200);
    // A token ends with its child.
    family.parent.delete(&renamed).await.expect(204);
    assert_error(&program.get("/auth/me").await, 401, "UNAUTHENTICATED");
}
