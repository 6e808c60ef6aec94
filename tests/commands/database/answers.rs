//! Servers before the import, on the database, and after the export give the same answers.

use serde_json::{Value, json};

use super::{exported, imported};
use crate::backup::stream_epoch;
use crate::harness::{Client, Folders, Parent, Settings, TestServer, activate_path};

const PATHS: [&str; 5] = ["/children", "/tasks", "/rewards", "/rewards/pending", "/auth/me"];

/// What a parent sees, and the events of a child.
async fn answers(parent: &Parent, child: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in PATHS {
        all.push(parent.get(path).await.expect(200));
    }
    let events = parent.get(&format!("/children/{child}/tracking?order=asc")).await;
    all.push(events.expect(200));
    all
}

pub(super) async fn server_on(folders: &Folders, url: Option<&str>) -> TestServer {
    let flags = url.map(|url| format!("--database-url={url}")).into_iter().collect();
    let settings = Settings { binary: true, flags, ..Settings::default() };
    TestServer::on(folders.clone(), settings).await
}

async fn activate_once(client: &Client, child: &str, task: &str) -> Value {
    let path = activate_path(child, task);
    client.act_once(&path, "one-key").await.expect(200)["tracking_event"].take()
}

async fn create_once(client: &Client) -> Value {
    let body = json!({"name": "Dishes", "points": 2});
    client.post_once("/tasks", body, "another key").await.expect(201)["task"].take()
}

/// The id of an activation in the event stream.
async fn stream_id(parent: &Parent, child: &str, task: &str) -> String {
    let mut stream = parent.events("/events").await;
    parent.activate(child, task).await.expect(200);
    stream.next().await.id
}

/// A client that follows the stream of another store must load everything again.
async fn assert_resync(parent: &Parent, last_id: &str) {
    assert_eq!(parent.events_after(last_id).await.next().await.event, "resync", "{last_id}");
}

#[tokio::test]
async fn each_server_gives_the_same_answers() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    let (child, task) = (&family.child, &family.task);
    let id = stream_id(&family.parent, child, task).await;
    let first = activate_once(&family.parent, child, task).await;
    let created = create_once(&family.parent).await;
    family.parent.ask_for(child, &family.reward).await.expect(200);
    let before = answers(&family.parent, child).await;
    server.stop().await;

    let (url, report) = imported(&server.folders);
    assert!(report.contains("everybody logs in again"), "{report}");
    let on_database = Folders::new();
    let mut server = server_on(&on_database, Some(&url)).await;
    let parent =
        Parent::log_in(server.nobody(), &family.parent.email, crate::harness::PASSWORD).await;
    assert_eq!(answers(&parent, child).await, before);
    assert_resync(&parent, &id).await;
    let id = stream_id(&parent, child, task).await;
    // A repeat of a request before the import gives its result.
    assert_eq!(activate_once(&parent, child, task).await, first);
    assert_eq!(create_once(&parent).await, created);
    parent.activate(child, task).await.expect(200);
    let changed = answers(&parent, child).await;
    assert_ne!(changed, before);
    server.stop().await;
    // The imported events have their lines elsewhere.
    let lines = on_database.lines_now(&parent.id);
    let new = lines.iter().filter(|line| line.contains("activated"));
    assert_eq!(new.count(), 2, "{lines:?}");

    let copy = exported(&url);
    let mut server = server_on(&copy, None).await;
    let parent =
        Parent::log_in(server.nobody(), &family.parent.email, crate::harness::PASSWORD).await;
    assert_eq!(answers(&parent, child).await, changed);
    assert_resync(&parent, &id).await;
    assert_eq!(activate_once(&parent, child, task).await, first);
    assert_eq!(create_once(&parent).await, created);
    server.stop().await;
}

#[tokio::test]
async fn the_ids_of_event_streams_have_a_new_epoch() {
    let folders = Folders::new();
    folders.put_flask_data();
    let (url, _) = imported(&folders);
    let (one, other) = (exported(&url), exported(&url));
    assert_ne!(stream_epoch(&one), stream_epoch(&other));
    let again = exported(&imported(&one).0);
    assert_ne!(stream_epoch(&again), stream_epoch(&one));
    assert_eq!(again.rows("settings.json").len(), 1);
}
