//! The export of an account.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::database::is_on_postgres;
use crate::harness::{Family, PASSWORD, TestServer, reward_path, task_path};

/// A family with a record of every kind, and its export.
async fn exported(server: &TestServer) -> (Family, Value) {
    let family = server.family().await;
    let Family { parent, child, task, reward, .. } = &family;
    family.event().await;
    let request = reward_path(child, reward, "request");
    assert_eq!(parent.act_once(&request, "click-1").await.status, 200);
    // Requests for a task and for a reward, of which one has ended, and a goal.
    parent.act(&task_path(child, task, "request")).await.expect(200);
    let other = parent.reward("Cinema", 10).await;
    parent.post(&reward_path(child, &other, "request"), json!({"note": "Soon"})).await.expect(200);
    parent.cancel(child, &other).await.expect(200);
    parent.put(&format!("/children/{child}/goal"), json!({"reward_id": other})).await.expect(200);
    // A scheduled task that is skipped on one day.
    let schedule = json!({"schedule": {"who": "all", "every": "day"}});
    parent.patch(&format!("/tasks/{task}"), schedule).await.expect(200);
    let today = parent.get(&format!("/children/{child}/today")).await.expect(200);
    let skip = json!({"date": today["occurrences"][0]["day"], "note": "Ill"});
    parent.post(&task_path(child, task, "skip"), skip).await.expect(200);
    parent.patch("/user", json!({"language": "de"})).await.expect(200);
    parent.act(&format!("/children/{child}/calendar-feeds")).await.expect(201);
    let webhook = json!({"url": "https://example.org/", "events": ["task.due"]});
    parent.post("/webhooks", webhook).await.expect(201);
    parent.hand_over(server.nobody(), child).await;
    parent.get(&format!("/children/{child}/awards")).await.expect(200);
    let answer = parent.get("/account/export").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let name = answer.header("content-disposition").to_owned();
    assert!(name.starts_with("attachment; filename=\"goldstar-account-20"), "{name}");
    (family, answer.expect(200))
}

#[tokio::test]
async fn the_document_contains_what_the_api_returns() {
    let server = TestServer::start().await;
    let other = server.family().await;
    other.event().await;
    let (family, document) = exported(&server).await;
    let parent = &family.parent;
    assert_eq!(document["account"], parent.get("/auth/me").await.expect(200)["user"]);
    for (path, field) in [
        ("/children", "children"),
        ("/tasks", "tasks"),
        ("/rewards", "rewards"),
        ("/rewards/pending", "pending_rewards"),
        ("/tasks/pending", "pending_tasks"),
        ("/family/tracking?order=asc&limit=500", "tracking_events"),
    ] {
        let page = parent.get(path).await.expect(200);
        assert_eq!(document[field], page[field], "{field}");
        assert!(!page[field].as_array().unwrap().is_empty(), "{field}");
    }
    let ended = document["ended_requests"].as_array().unwrap();
    assert_eq!(
        (ended.len(), &ended[0]["ended"], &ended[0]["price"], &ended[0]["note"]),
        (1, &json!("cancelled"), &json!(10), &json!("Soon"))
    );
    assert_eq!(document["account"]["language"], "de");
    assert!(document["children"][0]["goal_reward_id"].is_string());
    let marks = document["schedule_marks"].as_array().unwrap();
    let skipped = marks.iter().find(|mark| mark["kind"] == "skipped").unwrap();
    assert_eq!((&skipped["note"], &skipped["child_id"]), (&json!("Ill"), &json!(family.child)));
    assert_eq!(skipped["task_id"], json!(family.task));
    let sessions = document["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().any(|session| session["child_id"] == json!(family.child)));
    let fields: BTreeSet<&String> = sessions[0].as_object().unwrap().keys().collect();
    let expected = [
        "child_id",
        "created_at",
        "device_name",
        "expires_at",
        "is_invitation",
        "is_reset_link",
        "is_waiting",
        "last_used_at",
    ]
    .map(str::to_owned);
    assert_eq!(fields, expected.iter().collect(), "a session without its token");
    assert_eq!(document["idempotency_keys"][0]["key"], "click-1");
    let text = document.to_string();
    let secrets = ["scrypt", PASSWORD, "token_", "token\":", "whsec_", "gs_"];
    let foreign = [&*other.parent.id, &*other.child, &*other.parent.email];
    for secret in secrets.into_iter().chain(foreign) {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// Each row of each file that belongs to the account is in the document: a new kind of record must be, too.
#[tokio::test]
async fn no_record_of_the_account_is_missing() {
    let mut server = TestServer::start().await;
    let (family, document) = exported(&server).await;
    let text = document.to_string();
    let mut kinds = BTreeSet::new();
    let names = if is_on_postgres() {
        [
            "users",
            "children",
            "tasks",
            "rewards",
            "pending_rewards",
            "pending_tasks",
            "tracking_events",
        ]
        .map(|kind| format!("{kind}.json"))
        .to_vec()
    } else {
        server.stop().await;
        let files = server.folders.data_files();
        let is_table = |path: &&PathBuf| {
            path.parent() == Some(&server.folders.data())
                && path.extension() == Some("json".as_ref())
        };
        let names = files.iter().filter(is_table);
        names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    for name in names {
        for (_, row) in server.folders.rows(&name) {
            let id = &family.parent.id;
            if row["user_id"] != json!(id) && row["id"] != json!(id) {
                continue;
            }
            kinds.insert(name.clone());
            // A session has no id, and its token is secret.
            let mut known =
                ["id", "key", "created_at"].iter().filter_map(|field| row[*field].as_str());
            let is_there = known.next().map_or(name == "sessions.json", |id| text.contains(id))
                || (name == "messages.json" && text.contains(&row["payload"].to_string()))
                || (name == "awards.json"
                    && text.contains(&format!("\"badge_id\":{}", row["badge_id"])))
                || (name == "schedule_marks.json"
                    && text.contains(&format!("\"day\":{},\"kind\":{}", row["day"], row["kind"])));
            assert!(is_there, "{name}: {row}");
        }
    }
    assert!(kinds.len() >= 7, "{kinds:?}");
}
