//! Lists and streams read only their page, and only for a live session.

use serde_json::{Map, Value, json};

use crate::harness::{Admin, Folders, Scrape, Settings, TestServer, text};

/// How often each request is measured: the minimum counts, because other work of the server is
/// counted, too.
const RUNS: usize = 3;

fn table(folders: &Folders, file: &str, count: usize, row: impl Fn(usize) -> Value) {
    let rows: Map<String, Value> = (0..count).map(|n| ((n + 1).to_string(), row(n))).collect();
    folders.put(file, &json!({"_default": rows}).to_string());
}

fn event(n: usize, child: &str, entity: &str) -> Value {
    let moment = format!("2026-01-05T{:02}:{:02}:{:02}.000000Z", n / 3600, n / 60 % 60, n % 60);
    json!({
        "id": format!("event-{n}"), "user_id": "admin-1", "child_id": child,
        "entity_type": "task", "entity_id": entity, "action": "activated",
        "points_before": 0, "points_after": 5, "delta": 5,
        "occurred_at": moment, "created_at": moment, "metadata": null,
    })
}

/// A family with that many records of each kind.
async fn family_of(count: usize) -> (TestServer, Admin) {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    table(
        &folders,
        "children.json",
        count,
        |n| json!({"id": format!("child-{n}"), "user_id": "admin-1", "name": "Mía", "points": 100}),
    );
    table(
        &folders,
        "tasks.json",
        count,
        |n| json!({"id": format!("task-{n}"), "user_id": "admin-1", "name": "T", "points": 5, "is_good": true}),
    );
    table(
        &folders,
        "rewards.json",
        count,
        |n| json!({"id": format!("reward-{n}"), "user_id": "admin-1", "name": "R", "cost": 5}),
    );
    // Each child except the first has one request, and the first has one for the last reward.
    table(&folders, "pending_rewards.json", count, |n| {
        let reward = format!("reward-{}", if n == 0 { count - 1 } else { n });
        json!({
            "id": format!("pending-{n}"), "user_id": "admin-1", "child_id": format!("child-{n}"),
            "child_name": "Mía", "reward_id": reward, "reward_name": "R", "status": "pending",
        })
    });
    table(&folders, "tracking_events.json", count, |n| {
        event(n, if n % 2 == 0 { "child-0" } else { "child-1" }, "task-0")
    });
    let server = TestServer::on(folders, Settings::default()).await;
    let admin = server.admin().await;
    (server, admin)
}

const LISTS: [&str; 12] = [
    "/auth/me",
    "/children?limit=1",
    "/children/child-0",
    "/tasks?limit=1",
    "/tasks/task-0",
    "/rewards?limit=1",
    "/rewards/reward-0",
    "/rewards/pending?limit=1",
    "/children/child-0/rewards?limit=5",
    "/children/child-0/tracking?limit=5",
    "/family/tracking?limit=5",
    "/admin/tracking?limit=5",
];

const CHILD_LISTS: [&str; 2] = ["/children?limit=1", "/rewards/pending?limit=1"];

/// The number of records that each route visits, for a family with that many of each kind.
async fn visited(count: usize) -> Vec<(String, i64)> {
    let (server, admin) = family_of(count).await;
    let child = server.admin().await;
    child.post("/auth/child-session", json!({"child_id": "child-0"})).await.expect(200);
    let of_parent = LISTS.iter().map(|path| (&**admin, *path));
    let of_child = CHILD_LISTS.iter().map(|path| (&**child, *path));
    let mut found = Vec::new();
    for (place, (client, path)) in of_parent.chain(of_child).enumerate() {
        let mut least = i64::MAX;
        for _ in 0..RUNS {
            let before = Scrape::of(&server).await;
            client.get(path).await.expect(200);
            let after = Scrape::of(&server).await;
            least = least.min(after.grown("records_visited_total", &before));
        }
        found.push((format!("{place} {path}"), least));
    }
    // The evaluation of badges reads the history of the child once.
    admin.get("/children/child-0/progress").await.expect(200);
    for verb in ["tasks/task-0/activate", "rewards/reward-0/request", "rewards/reward-0/cancel"] {
        let before = Scrape::of(&server).await;
        admin.act(&format!("/children/child-0/{verb}")).await.expect(200);
        let after = Scrape::of(&server).await;
        found.push((verb.to_owned(), after.grown("records_visited_total", &before)));
    }
    found
}

#[tokio::test]
async fn no_route_visits_more_records_in_a_larger_family() {
    let (small, large) = (visited(20).await, visited(2_000).await);
    for ((route, small), (_, large)) in small.iter().zip(&large) {
        assert!(*small > 0, "{route} is not counted");
        // Background work may be counted, too. The family is a hundred times as large.
        assert!(*large <= small + 50, "{route}: {small} records, then {large}");
    }
}

/// A history of that many events, each with an entity id of that length.
async fn history_of(count: usize, id_len: usize) -> (TestServer, Admin) {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let entity = "x".repeat(id_len);
    table(&folders, "tracking_events.json", count, |n| event(n, "child-0", &entity));
    let server = TestServer::on(folders, Settings::default()).await;
    let admin = server.admin().await;
    (server, admin)
}

#[tokio::test]
async fn too_many_missed_events_are_counted_without_being_read() {
    let (server, admin) = history_of(10_050, 1).await;
    let before = Scrape::of(&server).await;
    let mut stream = admin.events("/events?last_event_id=0").await;
    assert_eq!(stream.next().await.event, "resync");
    let after = Scrape::of(&server).await;
    let visited = after.grown("records_visited_total", &before);
    assert!(visited < 100, "{visited} records");
}

#[tokio::test]
async fn a_replay_ends_with_its_session() {
    // More than the buffers on both sides of a connection can contain.
    let count = 3_000;
    let (_server, admin) = history_of(count, 8_000).await;
    let mut stream = admin.events("/events?last_event_id=0").await;
    stream.next().await;
    assert_eq!(admin.post("/auth/logout", Value::Null).await.status, 204);
    let mut received = 1;
    while stream.next_or_end().await.is_some() {
        received += 1;
    }
    assert!(received < count, "all {received} events came after the logout");
}

#[tokio::test]
async fn polyfills_resume_a_stream() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    family.event().await;
    let last = stream.next().await.id;
    let missed = family.event().await;
    for query in ["lastEventId", "Last-Event-ID", "lastEventId=&_=1&last_event_id"] {
        let mut stream = family.parent.events(&format!("/events?{query}={last}&again=1")).await;
        assert_eq!(stream.next().await.event_id(), text(&missed["id"]), "{query}");
    }
}

#[tokio::test]
async fn a_parent_finds_the_events_of_a_deleted_child() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let event = family.event().await;
    other.event().await;
    assert_eq!(family.parent.delete(&format!("/children/{}", family.child)).await.status, 204);
    let kept = family.parent.child("Leo", 0).await;
    family.parent.activate(&kept, &family.task).await.expect(200);
    let found = family.parent.get("/family/tracking?order=asc").await.expect(200);
    assert_eq!(found["total"], 2);
    assert_eq!(found["tracking_events"][0], event);
    let of = |child: &str| format!("/family/tracking?child_id={child}&limit=1");
    let found = family.parent.get(&of(&family.child)).await.expect(200);
    assert_eq!((&found["total"], &found["tracking_events"]), (&json!(1), &json!([event])));
    let found = family.parent.get(&of(&other.child)).await.expect(200);
    assert_eq!(found["total"], 0, "another family's child");
}
