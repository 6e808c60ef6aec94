//! Ids of other families do not exist for a caller.

use reqwest::header::CONTENT_TYPE;

use super::home::{By, CANARY, everything, server, shown};
use super::table::{Row, TABLE, filled};
use crate::harness::{Answer, TestServer, send};

/// The ids of the second family's own records.
const OWN: [(&str, &str); 3] =
    [("{child}", "second-child"), ("{task}", "second-task"), ("{reward}", "second-reward")];

const MISSING: &str = "00000000-0000-4000-8000-000000000000";

/// The response to the second family's parent, with one of its ids replaced.
async fn answer(server: &TestServer, row: &Row, place: &str, id: &str) -> Answer {
    let mut ids = OWN;
    ids.iter_mut().filter(|(it, _)| *it == place).for_each(|(_, own)| *own = "\u{1}");
    let fill = |text: &str, id: &str| filled(text, &ids).replace('\u{1}', id);
    let request = server.nobody().request(row.method(), &fill(row.path(), id));
    let request = match row.body() {
        Some(body) => {
            request.header(CONTENT_TYPE, "application/json").body(fill(body, &id.replace('%', "")))
        }
        None => request,
    };
    send(shown(request, "another parent", 0, By::Cookie)).await
}

#[tokio::test]
async fn a_foreign_id_gets_the_response_of_one_that_does_not_exist() {
    let server = server().await;
    let before = everything(&server.folders);
    let long = "long".repeat(75);
    let (mut tried, places) = (0, ["child", "task", "reward"]);
    for row in TABLE {
        for kind in places {
            let place = format!("{{{kind}}}");
            let is_there = row.path().contains(&place);
            if !is_there && !row.body().is_some_and(|body| body.contains(&place)) {
                continue;
            }
            let missing = answer(&server, row, &place, MISSING).await;
            assert_eq!(missing.status, 404, "{} {kind}: {}", row.0, missing.text);
            let foreign = format!("first-{kind}");
            let admins = format!("admin-{kind}");
            // An id of another kind, and of another family.
            let other = if kind == "task" { "first-reward" } else { "first-task" };
            let ids = [&foreign, &admins, other, "first", "null", "-1", "%00", "%0a", "..%2fusers"];
            for id in ids.into_iter().chain([&*long, "%e2%80%a8", "'%20or%201=1", "*"]) {
                let foreign = answer(&server, row, &place, id).await;
                let cell = format!("{} {kind} {id:?}", row.0);
                assert_eq!((foreign.status, &foreign.text), (404, &missing.text), "{cell}");
                assert!(!foreign.text.contains(CANARY), "{cell}: {}", foreign.text);
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "only {tried}");
    assert!(everything(&server.folders) == before, "a refused request has changed a file");
}

#[tokio::test]
async fn shared_records_cannot_be_changed_by_a_family() {
    let server = server().await;
    let before = everything(&server.folders);
    for path in ["/tasks/shared-task", "/rewards/shared-reward"] {
        for role in ["child", "parent", "another parent", "admin"] {
            let request = server.nobody().request(reqwest::Method::GET, path);
            send(shown(request, role, 0, By::Bearer)).await.expect(200);
            let refusal = if role == "child" { "PARENT_REQUIRED" } else { "SHARED_READ_ONLY" };
            let body = serde_json::json!({"name": "Mine"});
            let request = server.nobody().request(reqwest::Method::PATCH, path).json(&body);
            let patched = send(shown(request, role, 0, By::Bearer)).await;
            let request = server.nobody().request(reqwest::Method::DELETE, path);
            let deleted = send(shown(request, role, 0, By::Bearer)).await;
            for answer in [patched, deleted] {
                assert_eq!(answer.status, 403, "{role}: {}", answer.text);
                assert!(answer.text.contains(refusal), "{role}: {}", answer.text);
            }
        }
    }
    assert!(everything(&server.folders) == before, "a refused request has changed a file");
}
