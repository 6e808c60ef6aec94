//! Fields that a request may not set, and values out of bounds.

use reqwest::Method;
use serde_json::{Value, json};

use super::home::{By, everything, server, shown};
use crate::harness::{Answer, TestServer, assert_error, send};

async fn sent(server: &TestServer, method: Method, path: &str, body: &Value) -> Answer {
    let request = server.nobody().request(method, path).json(body);
    send(shown(request, "parent", 0, By::Bearer)).await
}

/// The routes with bodies, and a valid body for each.
fn places() -> Vec<(Method, &'static str, Value)> {
    let signup = json!({
        "first_name": "N", "last_name": "N", "email": "n@example.org", "password": "correct horse",
    });
    vec![
        (Method::POST, "/auth/signup", signup),
        (Method::POST, "/children", json!({"name": "N"})),
        (Method::PATCH, "/children/first-child", json!({"name": "N"})),
        (Method::POST, "/tasks", json!({"name": "N", "points": 5})),
        (Method::PATCH, "/tasks/first-task", json!({"name": "N"})),
        (Method::POST, "/rewards", json!({"name": "N", "cost": 5})),
        (Method::PATCH, "/rewards/first-reward", json!({"name": "N"})),
        (Method::POST, "/auth/child-session", json!({"child_id": "first-child"})),
    ]
}

#[tokio::test]
async fn fields_that_a_request_may_not_set_are_rejected() {
    let server = server().await;
    let before = everything(&server.folders);
    for (method, path, whole) in places() {
        for (name, value) in [
            ("id", json!("mine")),
            ("user_id", json!("second")),
            ("role", json!("admin")),
            ("is_admin", json!(true)),
            ("verified", json!(true)),
            ("created_at", json!(0)),
            ("updated_at", json!(0)),
            ("marked_for_deletion", json!(false)),
            ("status", json!("done")),
            ("scope", json!("admin")),
            ("_default", json!({})),
            ("__proto__", json!({"role": "admin"})),
            ("constructor", json!({})),
            ("", json!(1)),
        ] {
            let mut body = whole.clone();
            body[name] = value;
            let answer = sent(&server, method.clone(), path, &body).await;
            assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
        }
    }
    for (name, value) in [("points", json!(999)), ("delta", json!(1)), ("occurred_at", json!(0))] {
        let patch = json!({"name": "N", name: value});
        let answer = sent(&server, Method::PATCH, "/children/first-child", &patch).await;
        assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    }
    assert!(everything(&server.folders) == before, "a refused request has changed a file");
}

/// Each number: its route, its bounds, and the other fields of the body.
fn numbers() -> [(Method, &'static str, &'static str, i64, i64, Value); 6] {
    [
        (Method::POST, "/children", "age", 0, 150, json!({"name": "N"})),
        (Method::POST, "/children", "points", 0, 1_000_000, json!({"name": "N"})),
        (Method::PATCH, "/children/first-child", "age", 0, 150, json!({})),
        (Method::POST, "/tasks", "points", 1, 1_000_000, json!({"name": "N"})),
        (Method::PATCH, "/tasks/first-task", "points", 1, 1_000_000, json!({})),
        (Method::PATCH, "/rewards/first-reward", "cost", 1, 1_000_000, json!({})),
    ]
}

#[tokio::test]
async fn numbers_beyond_their_bounds_are_rejected() {
    let server = server().await;
    for (method, path, name, lowest, highest, whole) in numbers() {
        let with = |value: Value| {
            let mut body = whole.clone();
            body[name] = value;
            body
        };
        for value in [lowest, highest] {
            let answer = sent(&server, method.clone(), path, &with(value.into())).await;
            assert!(answer.status < 300, "{path} {name} {value}: {}", answer.text);
        }
        let beyond = [lowest - 1, highest + 1, i64::MAX, i64::MIN, 1 << 53, -(1 << 53), 1 << 31];
        let no_numbers = [json!(1.5), json!(1e300), json!(u64::MAX), json!("7"), json!([7])];
        let no_numbers = no_numbers.into_iter().chain([json!({"$gt": 0}), json!(true)]);
        for value in beyond.into_iter().map(Value::from).chain(no_numbers) {
            let answer = sent(&server, method.clone(), path, &with(value)).await;
            let details = assert_error(&answer, 400, "VALIDATION_FAILED");
            assert!(details.to_string().contains(name), "{path} {name}: {details}");
        }
    }
    // After the errors, the last valid values are unchanged.
    let task = sent(&server, Method::PATCH, "/tasks/first-task", &json!({})).await.expect(200);
    assert_eq!(task["task"]["points"], 1_000_000);
    let reward = sent(&server, Method::PATCH, "/rewards/first-reward", &json!({})).await;
    assert_eq!(reward.expect(200)["reward"]["cost"], 1_000_000);
}

#[tokio::test]
async fn a_field_of_another_type_is_refused() {
    let server = server().await;
    let before = everything(&server.folders);
    for (method, path, whole) in places() {
        for name in whole.as_object().unwrap().keys() {
            for value in [json!(null), json!(7), json!(["N"]), json!({"$ne": null}), json!(false)] {
                if whole[name].is_i64() && value.is_i64() {
                    continue;
                }
                let mut body = whole.clone();
                body[name] = value;
                let answer = sent(&server, method.clone(), path, &body).await;
                assert_error(&answer, 400, "VALIDATION_FAILED");
            }
        }
    }
    assert!(everything(&server.folders) == before, "a refused request has changed a file");
}
