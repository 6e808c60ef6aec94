//! A server that runs while a newer one has changed the schema and writes to the database.

use serde_json::json;

use crate::harness::cluster::execute;
use crate::harness::{PASSWORD, Settings, TestServer, eventually, goldstar};

/// What a newer server does: a migration that adds something, a record of a new kind, and a new field
/// in each record.
const NEWER: &str = r#"
    INSERT INTO goldstar_migrations (version, name, checksum) VALUES (999, 'new', '0');
    ALTER TABLE records ADD COLUMN novelty int NOT NULL DEFAULT 7;
    ALTER TABLE events ADD COLUMN novelty int NOT NULL DEFAULT 7;
    CREATE TABLE novelties (id int PRIMARY KEY);
    INSERT INTO records (family_id, kind, id, row)
        SELECT family_id, 'novelties', 'first', '{"id": "first", "child_id": "' || id || '"}'
        FROM records WHERE kind = 'children';
    UPDATE records SET row = regexp_replace(row, '\}$', ', "novelty": 8}')
        WHERE kind IN ('users', 'children', 'tasks', 'rewards');
"#;

#[tokio::test]
async fn a_server_continues_while_a_newer_one_writes_to_its_database() {
    let [server, _other] = TestServer::two(Settings::default()).await;
    let family = server.family().await;
    family.event().await;
    let url = server.folders.database.get().unwrap();
    let count = |what: &str| execute(url, &format!("SELECT count(*) FROM {what}"))[0].clone();
    execute(url, NEWER);

    // Changes and reads continue, and keep what this version does not know.
    let mut stream = family.parent.events("/events").await;
    family.event().await;
    assert_eq!(stream.next().await.event, "tracking_event_created");
    let task = format!("/tasks/{}", family.task);
    family.parent.patch(&task, json!({"points": 9})).await.expect(200);
    family.parent.get("/children").await.expect(200);
    for kind in ["users", "children", "tasks", "rewards"] {
        let known = count(&format!("records WHERE kind = '{kind}'"));
        let kept = format!("records WHERE kind = '{kind}' AND row LIKE '%\"novelty\": 8%'");
        assert_eq!(count(&kept), known, "{kind}");
    }
    assert_eq!(count("records WHERE kind = 'novelties'"), "1");

    // A further server of this version is refused.
    let mut command = goldstar(server.folders.root());
    let other = command.args(["serve", "--database-url", url, "--listen", "127.0.0.1:0"]).output();
    let other = other.unwrap();
    let said = String::from_utf8_lossy(&other.stderr);
    assert!(other.status.code() == Some(78) && said.contains("version 999"), "{said}");

    // A deletion removes everything of the family.
    let password = json!({"password": PASSWORD});
    family.parent.post("/user/mark-for-deletion", password).await.expect(202);
    let admin = server.admin().await;
    admin.act(&format!("/admin/deletion-queue/{}/run", family.parent.id)).await.expect(200);
    let left = format!("records WHERE kind = 'novelties' OR row LIKE '%{}%'", family.parent.id);
    eventually("the deletion", async || (count(&left) == "0").then_some(())).await;
}
