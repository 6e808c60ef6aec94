//! The audit logs of a deleted account on two servers, one of which is stopped.

use std::fs;

use serde_json::json;

use crate::harness::cluster::execute;
use crate::harness::{Admin, PASSWORD, Settings, TestServer, eventually, goldstar};

/// Two servers with logs of a marked account, whose id is returned. The second server is stopped.
async fn with_logs() -> ([TestServer; 2], String) {
    let [one, mut other] = TestServer::two(Settings::default()).await;
    let family = one.family().await;
    family.event().await;
    let id = family.parent.id.clone();
    eventually("its log", async || one.folders.log_path(&id).exists().then_some(())).await;
    // As if it had written the log before the first one.
    fs::write(other.folders.log_path(&id), "a line\n").unwrap();
    fs::write(other.folders.logs().join(format!("tracking_user_{id}.log.1")), "").unwrap();
    let password = json!({"password": PASSWORD});
    family.parent.post("/user/mark-for-deletion", password).await.expect(202);
    other.stop().await;
    ([one, other], id)
}

/// The files of an account in a server's log directory.
fn logs(server: &TestServer, id: &str) -> usize {
    let names = fs::read_dir(server.folders.logs()).unwrap();
    names.filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().contains(id)).count()
}

async fn delete(admin: &Admin, id: &str) -> String {
    let answer = admin.act(&format!("/admin/deletion-queue/{id}/run")).await.expect(200);
    answer["results"][0]["outcome"].as_str().unwrap().to_owned()
}

/// How many rows of the database contain the account's id.
fn traces(server: &TestServer, id: &str) -> Vec<String> {
    let query = format!(
        "SELECT count(*) FROM accounts WHERE id = '{id}'
         UNION ALL SELECT count(*) FROM log_removals WHERE user_id = '{id}'
         UNION ALL SELECT count(*) FROM records WHERE row LIKE '%{id}%'
         UNION ALL SELECT count(*) FROM events WHERE json LIKE '%{id}%'"
    );
    execute(server.folders.database.get().unwrap(), &query)
}

#[tokio::test]
async fn a_deletion_waits_until_a_stopped_server_has_removed_its_logs() {
    let ([one, mut other], id) = with_logs().await;
    let admin = one.admin().await;
    assert_eq!(delete(&admin, &id).await, "waiting");
    assert_eq!((logs(&one, &id), logs(&other, &id)), (0, 2));
    assert_eq!(delete(&admin, &id).await, "waiting");

    let queue = admin.get("/admin/deletion-queue").await.expect(200);
    assert_eq!((&queue["count"], &queue["users"][0]["status"]), (&json!(1), &json!("in_progress")));
    let left = queue["users"][0]["waiting_for"].as_array().unwrap();
    let folder = other.folders.logs();
    let is_other = left[0].as_str().unwrap().ends_with(&format!(":{}", folder.display()));
    assert!(left.len() == 1 && is_other, "{left:?}");

    other.start_again().await;
    eventually("the end of the deletion", async || {
        let queue = admin.get("/admin/deletion-queue").await.expect(200);
        (queue["count"] == 0).then_some(())
    })
    .await;
    assert_eq!((logs(&one, &id), logs(&other, &id)), (0, 0));
    eventually("the last trace", async || {
        (traces(&one, &id) == ["0", "0", "0", "0"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deletion_does_not_wait_for_a_server_that_was_forgotten() {
    let ([one, other], id) = with_logs().await;
    let admin = one.admin().await;
    assert_eq!(delete(&admin, &id).await, "waiting");
    let server = fs::read_to_string(other.folders.logs().join("server_id")).unwrap();
    let url = one.folders.database.get().unwrap();
    let servers = |more: &[&str]| {
        let mut command = goldstar(one.folders.root());
        let output = command.args(["servers", "--database-url", url]).args(more).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let line =
        |text: &str| text.lines().find(|line| line.starts_with(server.trim())).map(str::to_owned);
    let listed = servers(&[]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let waiting = line(&listed).expect("it is listed");
    assert_eq!(waiting.split_whitespace().nth(2), Some("1"), "{waiting}");
    assert_eq!(line(&servers(&["--forget", server.trim()])), None);
    assert_eq!(delete(&admin, &id).await, "deleted");
}
