//! The commands of docs/operations.md that back up a database and restore it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::check::check;
use super::imported;
use crate::check::directory::flask;
use crate::harness::cluster::{execute, program};
use crate::harness::{DAY, Folders, Hand, Parent, Settings, TestServer};

const DOCUMENTED_URL: &str = "postgres://goldstar:password@db.example.org/restored";

/// What identifies a server to the others.
const SERVER_ID: &str = "logs/server_id";

/// The commands of the section about backups.
fn documented() -> Vec<String> {
    let document = include_str!("../../../docs/operations.md");
    let (_, rest) = document.split_once("### Backups of a database").unwrap();
    let (section, _) = rest.split_once("\n### ").unwrap();
    let blocks = section.split("```console\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0.to_owned()).collect()
}

/// Executes commands with the database of that URL; returns what they print.
fn run(folders: &Folders, url: &str, restored: &str, commands: &str) -> String {
    let commands = commands.replace(DOCUMENTED_URL, restored).replace("/var/log/goldstar", "logs");
    let postgres = program("psql").get_program().to_owned();
    let folder = |program: &Path| program.parent().unwrap().display().to_string();
    let own = folder(env!("CARGO_BIN_EXE_goldstar").as_ref());
    let path = format!("{}:{own}:{}", folder(postgres.as_ref()), std::env::var("PATH").unwrap());
    let (_, place) = url.split_once("?host=").unwrap();
    let (host, port) = place.split_once("&port=").unwrap();
    let mut shell = Command::new("sh");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GOLDSTAR_")) {
        shell.env_remove(name);
    }
    let done = shell
        .args(["-euc", &commands])
        .current_dir(folders.root())
        .env("PATH", path)
        .env("GOLDSTAR_DATABASE_URL", url)
        .env("PGHOST", host)
        .env("PGPORT", port)
        .env("PGUSER", "goldstar")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{commands}: {}", text(&done.stderr));
    text(&done.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_account_that_was_deleted_after_a_backup_is_deleted_again() {
    let (url, _) = imported(&flask());
    let (name, rest) = url.split_once('?').unwrap();
    let restored = format!("{}/restored?{rest}", name.rsplit_once('/').unwrap().0);
    let [dump, restore, mark] = &documented()[..] else { panic!("the section has changed") };

    let (clock, machine) = Hand::new();
    let folders = Folders::new();
    folders.database.set(url.clone()).unwrap();
    let settings = Settings { machine, ..Settings::default() };
    let mut server = TestServer::on(folders.clone(), settings.clone()).await;
    let parent = Parent::log_in(server.nobody(), "parent1@example.org", "correct horse 1").await;
    run(&folders, &url, &restored, dump);
    let password = json!({"password": "correct horse 1"});
    parent.post("/user/mark-for-deletion", password).await.expect(202);
    clock.forward(31 * DAY);
    let admin = Parent::log_in(server.nobody(), "parent0@example.org", "correct horse 0").await;
    admin.act("/admin/deletion-queue/run").await.expect(200);
    server.stop().await;

    let report = run(&folders, &url, &restored, restore);
    assert!(report.ends_with("Nothing is wrong.\n"), "{report}");
    let account = format!("SELECT count(*) FROM accounts WHERE id = '{}'", parent.id);
    assert_eq!([execute(&url, &account), execute(&restored, &account)], [["0"], ["1"]]);
    assert!(run(&folders, &url, &restored, mark).contains("deletes again: 1. "));
    let started = format!("{account} AND deletion_has_started");
    assert_eq!(execute(&restored, &started), ["1"], "it cannot be restored");
    // The same server.
    let copy = Folders::new();
    fs::create_dir(copy.root().join("logs")).unwrap();
    fs::copy(folders.root().join(SERVER_ID), copy.root().join(SERVER_ID)).unwrap();
    copy.database.set(restored.clone()).unwrap();
    let mut server = TestServer::on(copy, settings).await;
    let admin = Parent::log_in(server.nobody(), "parent0@example.org", "correct horse 0").await;
    admin.act("/admin/deletion-queue/run").await.expect(200);
    server.stop().await;
    assert_eq!(execute(&restored, &account), ["0"]);
    let (code, report) = check(&restored);
    assert_eq!(code, 0, "{report:#}");
}
