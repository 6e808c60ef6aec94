//! The database cannot be used for a while: the responses and the state of the server say why, and
//! never contain the password.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::PathBuf;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinHandle;

use crate::harness::cluster::{Cluster, Options, execute};
use crate::harness::{Folders, Process, Settings, SmallDisk, TestServer, assert_error, eventually};

/// Waits until the state of the server is 503, and returns the reason.
async fn trouble(server: &TestServer, says: &str) {
    eventually("the state to say why", async || {
        let health = server.nobody().get("/health").await;
        let reason = health.body["reason"].to_string();
        assert!(!reason.contains("secret-1"), "{reason}");
        (health.status == 503 && reason.contains(says)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_reported_until_it_can() {
    let cluster = Cluster::start(Options::default());
    let owner = cluster.new_database();
    execute(&owner, "CREATE ROLE server LOGIN; GRANT ALL ON SCHEMA public TO server");
    let url = owner.replace("goldstar@", "server:secret-1@");
    let settings = Settings { binary: true, ..Settings::default() };
    let mut server = TestServer::on_database(&url, settings).await;
    let family = server.family().await;
    let administration = cluster.url("goldstar", "postgres");
    for (damage, repair, says) in [
        (
            "ALTER ROLE server CONNECTION LIMIT 0",
            "ALTER ROLE server CONNECTION LIMIT -1",
            "too many connections",
        ),
        ("ALTER ROLE server NOLOGIN", "ALTER ROLE server LOGIN", "not permitted to log in"),
        (
            "ALTER DATABASE test0 ALLOW_CONNECTIONS false",
            "ALTER DATABASE test0 ALLOW_CONNECTIONS true",
            "not currently accepting connections",
        ),
        (
            "ALTER DATABASE test0 RENAME TO hidden",
            "ALTER DATABASE hidden RENAME TO test0",
            "does not exist",
        ),
    ] {
        // No connection can be opened after this, so that the database is not in use.
        execute(&administration, "ALTER ROLE server NOLOGIN");
        execute(
            &administration,
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'server'",
        );
        execute(&administration, damage);
        if !damage.contains("NOLOGIN") {
            execute(&administration, "ALTER ROLE server LOGIN");
        }
        let answer = family.parent.get("/children").await;
        assert_error(&answer, 503, "DATABASE_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), "1");
        trouble(&server, says).await;
        execute(&administration, repair);
        eventually("the database to be used again", async || {
            let is_usable = family.parent.get("/children").await.status == 200;
            let health = server.nobody().get("/health").await;
            (is_usable && health.body["reason"].is_null()).then_some(())
        })
        .await;
    }
    family.event().await;
    let (_, log) = server.stop_by("TERM");
    assert!(log.contains("does not exist") && !log.contains("secret-1"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privilege_that_was_revoked_is_named_until_it_is_granted() {
    let cluster = Cluster::start(Options::default());
    let owner = cluster.new_database();
    execute(&owner, "CREATE ROLE server LOGIN; GRANT ALL ON SCHEMA public TO server");
    let url = owner.replace("goldstar@", "server:secret-1@");
    // The tables belong to the superuser.
    TestServer::on_database(&owner, Settings::default()).await.stop().await;
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO server";
    execute(&owner, grant);
    let server = TestServer::on_database(&url, Settings::default()).await;
    let family = server.family().await;
    for privilege in ["SELECT", "UPDATE"] {
        execute(&owner, &format!("REVOKE {privilege} ON records FROM server"));
        let refused = family.parent.activate(&family.child, &family.task).await;
        assert_error(&refused, 503, "DATABASE_UNAVAILABLE");
        let error = refused.body["error"].to_string();
        assert!(error.contains("The database does not permit it"), "{error}");
        trouble(&server, "the user server may not read and change records: GRANT SELECT,").await;
        execute(&owner, grant);
        eventually("the database to be used again", async || {
            let health = server.nobody().get("/health").await;
            health.body["reason"].is_null().then_some(())
        })
        .await;
        family.event().await;
    }
}

/// Locks tables in a transaction, which ends when the connection of the first value is closed.
async fn lock(url: &str) -> (tokio_postgres::Client, JoinHandle<()>) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(async { connection.await.unwrap() });
    client
        .batch_execute("BEGIN; LOCK TABLE records, tokens IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    (client, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_for_which_no_connection_is_free_are_told_when_to_retry() {
    let cluster = Cluster::start(Options::default());
    let url = cluster.new_database();
    let server = TestServer::on_database(&url, Settings::default()).await;
    let family = server.family().await;
    let (lock, connection) = lock(&url).await;
    // Three times the number of connections: each waits for the lock for two seconds.
    let reads = (0..48).map(|_| family.parent.get("/children"));
    for answer in join_all(reads).await {
        assert_error(&answer, 503, "OVERLOADED");
        assert_eq!(answer.header("retry-after"), "1");
    }
    drop(lock);
    connection.await.unwrap();
    family.parent.get("/children").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_database_refuses_new_requests_and_answers_those_that_it_has_begun() {
    const CONNECTIONS: usize = 16;
    const MORE: usize = 100;
    let cluster = Cluster::start(Options::default());
    let url = cluster.new_database();
    let patient = format!("{url}&options=-c%20lock_timeout%3D60s%20-c%20statement_timeout%3D60s");
    let server = TestServer::on_database(&patient, Settings::default()).await;
    let family = server.family().await;
    let (lock, connection) = lock(&url).await;
    let mut answers: FuturesUnordered<_> =
        (0..CONNECTIONS + MORE).map(|_| family.parent.get("/children")).collect();
    for _ in 0..MORE {
        assert_error(&answers.next().await.unwrap(), 503, "OVERLOADED");
    }
    // The queue has not been empty since: a new request is refused, too.
    assert_error(&family.parent.get("/children").await, 503, "OVERLOADED");
    drop(lock);
    connection.await.unwrap();
    while let Some(answer) = answers.next().await {
        answer.expect(200);
    }
    family.parent.get("/children").await.expect(200);
}

/// A small disk in the directory of a cluster.
fn small_disk(url: &str) -> Option<(PathBuf, SmallDisk)> {
    let data = PathBuf::from(&execute(url, "SHOW data_directory")[0]);
    let owner = fs::metadata(&data).unwrap();
    let folder = data.with_file_name("small");
    let disk = SmallDisk::mount(&folder, "32m", None)?;
    chown(&folder, Some(owner.uid()), Some(owner.gid())).unwrap();
    Some((folder, disk))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_database_is_reported_until_there_is_room() {
    let cluster = Cluster::start(Options::default());
    let administration = cluster.url("goldstar", "postgres");
    let Some((folder, disk)) = small_disk(&administration) else { return };
    let location = folder.display();
    execute(&administration, &format!("CREATE TABLESPACE small LOCATION '{location}'"));
    execute(&administration, "CREATE DATABASE small TABLESPACE small");
    let url = cluster.url("goldstar", "small");
    disk.fill_but(0);
    let Err(output) = Process::start(&Folders::new(), &[format!("--database-url={url}")]) else {
        panic!("it started");
    };
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("the disk of the database is full: free space there"), "{error}");
    disk.make_room();
    let server = TestServer::on_database(&url, Settings::default()).await;
    let family = server.family().await;
    disk.fill_but(0);
    let refused = loop {
        // Until the pages that the tables have are full.
        let answer = family.parent.activate(&family.child, &family.task).await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_error(&refused, 507, "STORAGE_FULL");
    trouble(&server, "No space left on device").await;
    family.parent.get("/children").await.expect(200);
    disk.make_room();
    family.event().await;
    assert_eq!(server.nobody().get("/health").await.status, 200);
}
