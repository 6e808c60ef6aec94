//! The older Flask service's paths: the new routes under other names, with an id in the body.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Client, Family, Scrape, TestServer, activate_path, assert_error, reward_path, send,
    text,
};

/// The last part of an old path, the field of its body, and the last part of the new route.
type Route = (&'static str, &'static str, &'static str);

/// In an order in which each of them succeeds.
const ROUTES: [Route; 4] = [
    ("trigger-task", "task_id", "activate"),
    ("request-reward", "reward_id", "request"),
    ("cancel-request-reward", "reward_id", "cancel"),
    ("trigger-reward", "reward_id", "redeem"),
];

fn old_path(child: &str, verb: &str) -> String {
    format!("/child/{child}/{verb}")
}

/// The id for that route in this family.
fn id(family: &Family, (_, field, _): Route) -> &str {
    if field == "task_id" { &family.task } else { &family.reward }
}

fn new_path(family: &Family, route: Route) -> String {
    let (_, field, verb) = route;
    let id = id(family, route);
    if field == "task_id" {
        activate_path(&family.child, id)
    } else {
        reward_path(&family.child, id, verb)
    }
}

/// Sends a request of an old front end for a child of this family.
async fn ask(client: &Client, family: &Family, route: Route) -> Answer {
    let body = json!({route.1: id(family, route)});
    client.post(&old_path(&family.child, route.0), body).await
}

async fn ask_once(family: &Family, route: Route, key: &str) -> Answer {
    let request = family.parent.request(Method::POST, &old_path(&family.child, route.0));
    let request = request.header("Idempotency-Key", key);
    send(request.json(&json!({route.1: id(family, route)}))).await
}

/// Checks that nothing has happened.
async fn assert_untouched(server: &TestServer, family: &Family) {
    assert_eq!(family.parent.points(&family.child).await, 50);
    assert_eq!(server.folders.events(), [] as [Value; 0]);
    let pending = family.parent.get("/rewards/pending").await.expect(200);
    assert_eq!(pending["pending_rewards"], json!([]));
}

/// The common parts of the responses to two families: everything except ids and times.
fn in_common(mut answer: Value) -> Value {
    for (part, own) in [
        ("child", &["id", "user_id", "created_at", "updated_at"][..]),
        (
            "tracking_event",
            &["id", "user_id", "child_id", "entity_id", "occurred_at", "created_at"],
        ),
    ] {
        for field in own {
            answer[part][field].as_str().unwrap_or_else(|| panic!("{field} of {answer}"));
            answer[part][field] = "".into();
        }
    }
    let metadata = answer["tracking_event"]["metadata"].as_object_mut().unwrap();
    metadata.retain(|name, _| name != "request_id" && name != "requested_at");
    answer
}

#[tokio::test]
async fn each_old_path_behaves_like_its_new_route() {
    let server = TestServer::start().await;
    let (old, new) = (server.family().await, server.family().await);
    let mut stream = old.parent.events("/events").await;
    for route in ROUTES {
        let by_old = ask(&old.parent, &old, route).await.expect(200);
        let row = server.folders.events().pop().unwrap();
        assert_eq!(row.to_string(), by_old["tracking_event"].to_string(), "the very object");
        assert_eq!(stream.next_event().await.event_id(), text(&row["id"]));
        assert_eq!(
            (&row["child_id"], &row["entity_id"]),
            (&json!(old.child), &json!(id(&old, route)))
        );

        let by_new = new.parent.act(&new_path(&new, route)).await.expect(200);
        assert_eq!(in_common(by_old), in_common(by_new), "{route:?}");
    }
    let [old, new] = [&old, &new].map(|family| server.folders.log_lines(&family.parent.id).len());
    assert_eq!((old, new), (4, 4));
}

#[tokio::test]
async fn the_prefix_and_a_trailing_slash_find_an_old_path() {
    let server = TestServer::start().await;
    for (prefix, slash) in [("/api", ""), ("", "/"), ("/api", "/")] {
        let family = server.family().await;
        for route in ROUTES {
            let path = format!("{prefix}{}{slash}", old_path(&family.child, route.0));
            let body = json!({route.1: id(&family, route)});
            family.parent.post(&path, body).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_key_counts_for_a_mutation_whichever_path_it_came_by() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for route in ROUTES {
        let first = ask_once(&family, route, route.0).await;
        assert_eq!(first.header("idempotent-replayed"), "");
        let first = first.expect(200);
        let again = ask_once(&family, route, route.0).await;
        let by_new = family.parent.act_once(&new_path(&family, route), route.0).await;
        for repeat in [again, by_new] {
            assert_eq!(repeat.header("idempotent-replayed"), "true", "{route:?}");
            assert_eq!(repeat.expect(200)["tracking_event"], first["tracking_event"]);
        }
    }
    assert_eq!(server.folders.events().len(), ROUTES.len());
    let other = ask_once(&family, ROUTES[1], ROUTES[0].0).await;
    assert_error(&other, 422, "IDEMPOTENCY_KEY_REUSED");
    let refused = ask_once(&family, ROUTES[0], "").await;
    assert_eq!(assert_error(&refused, 400, "VALIDATION_FAILED")["field"], "Idempotency-Key");
}

#[tokio::test]
async fn a_body_with_other_fields_is_rejected() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for route in ROUTES {
        let (verb, field, _) = route;
        let other = if field == "task_id" { "reward_id" } else { "task_id" };
        let id = id(&family, route);
        for (body, code, named) in [
            (String::new(), "INVALID_JSON", None),
            (format!("[\"{id}\"]"), "INVALID_JSON", None),
            (format!("{{\"{field}\": \"{id}\""), "INVALID_JSON", None),
            ("{}".to_owned(), "VALIDATION_FAILED", Some(field)),
            (format!("{{\"{field}\": null}}"), "VALIDATION_FAILED", Some(field)),
            (format!("{{\"{field}\": 1}}"), "VALIDATION_FAILED", Some(field)),
            (format!("{{\"{field}\": [\"{id}\"]}}"), "VALIDATION_FAILED", Some(field)),
            (
                format!("{{\"{field}\": \"{id}\", \"{field}\": \"{id}\"}}"),
                "VALIDATION_FAILED",
                Some(field),
            ),
            (format!("{{\"{other}\": \"{id}\"}}"), "FIELD_NOT_ALLOWED", Some(other)),
            (
                format!("{{\"{field}\": \"{id}\", \"points\": 9}}"),
                "FIELD_NOT_ALLOWED",
                Some("points"),
            ),
        ] {
            let request = family.parent.request(Method::POST, &old_path(&family.child, verb));
            let request = request.header("content-type", "application/json");
            let details = assert_error(&send(request.body(body)).await, 400, code);
            assert_eq!(details["field"].as_str(), named, "{verb}");
        }
        let unsaid = family.parent.request(Method::POST, &old_path(&family.child, verb));
        let unsaid = send(unsaid.body(format!("{{\"{field}\": \"{id}\"}}"))).await;
        assert_error(&unsaid, 415, "UNSUPPORTED_MEDIA_TYPE");
        let empty = family.parent.act(&old_path(&family.child, verb)).await;
        assert_error(&empty, 415, "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn ids_that_are_not_the_familys_do_not_exist() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    for route in ROUTES {
        let (verb, field, _) = route;
        for (child, id) in [
            (&*family.child, id(&other, route)),
            (&other.child, id(&family, route)),
            (&family.child, "no-such-id"),
            (&family.child, ""),
            ("no-such-id", id(&family, route)),
            // A task instead of a reward, and the other way round.
            (&family.child, if field == "task_id" { &family.reward } else { &family.task }),
        ] {
            let answer = family.parent.post(&old_path(child, verb), json!({field: id})).await;
            assert_error(&answer, 404, "NOT_FOUND");
        }
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn a_child_may_only_request_and_cancel() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let sibling = family.parent.child("Aarav", 50).await;
    for route in ROUTES {
        let answer = ask(&child, &family, route).await;
        if matches!(route.2, "request" | "cancel") {
            let event = &answer.expect(200)["tracking_event"];
            assert_eq!(event["metadata"]["actor"], "child");
            let body = json!({route.1: family.reward});
            let answer = child.post(&old_path(&sibling, route.0), body).await;
            assert_error(&answer, 404, "NOT_FOUND");
        } else {
            assert_error(&answer, 403, "PARENT_REQUIRED");
        }
    }
    assert_eq!(server.folders.events().len(), 2);
}

#[tokio::test]
async fn a_request_without_a_session_learns_nothing_about_the_body() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for route in ROUTES {
        let path = old_path(&family.child, route.0);
        assert_error(&server.nobody().act(&path).await, 401, "UNAUTHENTICATED");
        assert_error(&server.nobody().post(&path, json!({})).await, 401, "UNAUTHENTICATED");
        assert_error(&ask(&server.nobody(), &family, route).await, 401, "UNAUTHENTICATED");
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn an_old_path_returns_the_errors_of_its_new_route() {
    let server = TestServer::start().await;
    let mut family = server.family().await;
    let [_, request, cancel, redeem] = ROUTES;
    let parent = family.parent.clone();
    assert_error(&ask(&parent, &family, cancel).await, 409, "NO_PENDING_REQUEST");
    ask(&parent, &family, request).await.expect(200);
    assert_error(&ask(&parent, &family, request).await, 409, "REWARD_ALREADY_REQUESTED");
    family.reward = parent.reward("Bicycle", 51).await;
    for route in [request, redeem] {
        let answer = ask(&parent, &family, route).await;
        let details = assert_error(&answer, 409, "INSUFFICIENT_POINTS");
        assert_eq!(details["points_needed"], 1);
    }
    assert_eq!(server.folders.events().len(), 1);
}

#[tokio::test]
async fn an_old_path_supports_only_post() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for (verb, _, _) in ROUTES {
        let path = old_path(&family.child, verb);
        let options = send(family.parent.request(Method::OPTIONS, &path)).await;
        assert_eq!((options.status, options.header("allow")), (200, "POST,OPTIONS"));
        let answer = family.parent.get(&path).await;
        assert_error(&answer, 405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), "POST,OPTIONS");
    }
    let unknown = family.parent.post(&old_path(&family.child, "trigger"), json!({})).await;
    assert_error(&unknown, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_foreign_page_can_not_use_an_old_path() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for route in ROUTES {
        let request = family.parent.request(Method::POST, &old_path(&family.child, route.0));
        let request = request.header("Origin", "https://elsewhere.example.org");
        let answer = send(request.json(&json!({route.1: id(&family, route)}))).await;
        assert_error(&answer, 403, "FOREIGN_ORIGIN");
    }
    assert_untouched(&server, &family).await;
}

#[tokio::test]
async fn an_old_path_is_counted_under_its_own_name() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for route in ROUTES {
        ask(&family.parent, &family, route).await.expect(200);
    }
    let path = format!("/api{}", old_path(&family.child, "trigger-task"));
    family.parent.post(&path, json!({"task_id": family.task})).await.expect(200);
    let scrape = Scrape::of(&server).await;
    for (verb, count) in [
        ("trigger-task", 2),
        ("request-reward", 1),
        ("trigger-reward", 1),
        ("cancel-request-reward", 1),
    ] {
        let route = old_path("{id}", verb);
        let series =
            format!("http_requests_total{{method=\"POST\",route=\"{route}\",status=\"200\"}}");
        assert_eq!(scrape.get(&series), count, "{series}");
    }
}
