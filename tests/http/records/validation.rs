//! Errors of wrong bodies: all wrong fields at once, with messages for people.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_error, send, text};

/// The code of each field in the error.
fn codes(details: &Value) -> Value {
    let fields = details["fields"].as_object().unwrap().iter();
    fields.map(|(name, error)| (name.clone(), error["code"].clone())).collect()
}

#[tokio::test]
async fn all_wrong_fields_are_reported_at_once() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let answer =
        parent.post("/children", json!({"name": "", "age": -3, "points": "many", "foo": 1})).await;
    let details = assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    assert_eq!(details["field"], "foo");
    assert_eq!(
        codes(&details),
        json!({"foo": "UNKNOWN", "name": "INVALID", "age": "INVALID", "points": "WRONG_TYPE"})
    );
    assert_eq!(details["fields"]["name"]["error"], "`name` must not be empty.");

    let answer = parent.post("/tasks", json!({"is_good": "yes", "image_id": 5})).await;
    let details = assert_error(&answer, 400, "VALIDATION_FAILED");
    let expected = json!({
        "name": "MISSING", "points": "MISSING", "is_good": "WRONG_TYPE", "image_id": "WRONG_TYPE",
    });
    assert_eq!((codes(&details), &details["field"]), (expected, &json!("name")));

    let answer = server.nobody().post("/auth/signup", json!({"email": "x", "password": "x"})).await;
    let details = assert_error(&answer, 400, "VALIDATION_FAILED");
    let expected = json!({
        "first_name": "MISSING", "last_name": "MISSING", "email": "INVALID", "password": "INVALID",
    });
    assert_eq!(codes(&details), expected);
    assert_eq!(parent.get("/children").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn an_unknown_field_differs_from_one_that_may_not_be_set() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let answer = family.parent.post("/rewards", json!({"name": "Kite", "points": 5})).await;
    let details = assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    assert_eq!(codes(&details), json!({"points": "UNKNOWN", "cost": "MISSING"}));
    assert_eq!(
        answer.body["error"],
        "`points` is unknown; the fields of this request are `name`, `description`, `cost`, \
         `image_id` and `icon`."
    );
    let path = format!("/children/{}", family.child);
    let answer = family.parent.patch(&path, json!({"points": 5})).await;
    let details = assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    assert_eq!(codes(&details), json!({"points": "NOT_ALLOWED"}));
    assert_eq!(answer.body["error"], "`points` cannot be set by this request.");
}

#[tokio::test]
async fn a_body_that_is_not_an_object_is_explained() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for (body, sentence) in [
        ("", "The body is empty; send a JSON object."),
        ("[1]", "The body must be a JSON object, such as `{\"name\": \"value\"}`."),
        ("{\"name\": ", "The body ends before its JSON object is complete."),
        ("{\n  name: 1}", "The body is not valid JSON: the error is in line 2, column 3."),
    ] {
        let request = parent.request(Method::POST, "/children").body(body);
        let answer = send(request.header("Content-Type", "application/json")).await;
        assert_error(&answer, 400, "INVALID_JSON");
        assert_eq!(answer.body["error"], sentence, "{body}");
    }
}

#[tokio::test]
async fn a_body_of_many_unknown_fields_gets_a_short_response() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let fields: serde_json::Map<String, Value> =
        (0..2000).map(|number| (format!("field{number}"), Value::Null)).collect();
    let answer = parent.post("/tasks", Value::Object(fields)).await;
    let details = assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    assert_eq!(details["fields"].as_object().unwrap().len(), 20);
}

#[tokio::test]
async fn a_name_is_visible_and_hides_no_characters() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for bad in
        ["\u{3164}", "\u{2800}", "\u{ad}", "M\u{3000}ía", "\u{200d}", "Mía\u{e0001}", "a\u{a0}b"]
    {
        let answer = parent.post("/children", json!({"name": bad})).await;
        let details = assert_error(&answer, 400, "VALIDATION_FAILED");
        assert_eq!(details["field"], "name", "{bad:?}");
    }
    for good in ["❤\u{fe0f}", "👩\u{200d}👧", "نامه\u{200c}ای", "Zoë Ann"] {
        let made = parent.post("/children", json!({"name": good})).await.expect(201);
        assert_eq!(text(&made["child"]["name"]), good);
    }
}

#[tokio::test]
async fn a_password_is_counted_in_characters() {
    let server = TestServer::start().await;
    let account = |password: &str| {
        let email = "long@example.org";
        json!({"first_name": "L", "last_name": "L", "email": email, "password": password})
    };
    for bad in ["éééé", "1234567", &"é".repeat(129)] {
        let answer = server.nobody().post("/auth/signup", account(bad)).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], "password", "{bad}");
    }
    server.nobody().post("/auth/signup", account("éééééééé")).await.expect(201);
}
