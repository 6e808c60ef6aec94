//! Backups of a database without the space for its temporary files.

use reqwest::Method;

use super::{imported, run};
use crate::check::directory::flask;
use crate::harness::{Folders, Parent, Settings, SmallDisk, TestServer, assert_error, names, send};

const SIZE: &str = "1m";

/// What is in a directory besides what fills its disk.
fn left(folders: &Folders, name: &str) -> Vec<String> {
    let mut left = names(&folders.root().join(name));
    left.retain(|name| name != "filler");
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_for_temporary_files_is_reported_and_nothing_is_left() {
    let (url, _) = imported(&flask());
    let folders = Folders::new();
    let small = folders.root().join("small");
    let Some(disk) = SmallDisk::mount(&small, SIZE, Some(&folders)) else { return };
    folders.database.set(url.clone()).unwrap();
    let script = "export TMPDIR=$PWD/small";
    let server = TestServer::on(folders, Settings { binary: true, script, ..Settings::default() });
    let server = server.await;
    let folders = &server.folders;
    let admin = Parent::log_in(server.nobody(), "parent0@example.org", "correct horse 0").await;
    disk.fill_but(0);
    let answer = send(admin.request(Method::POST, "/admin/backup")).await;
    assert_error(&answer, 507, "STORAGE_FULL");
    assert!(left(folders, "small").is_empty(), "the server has left files");
    let create = ["backup", "create", "small/b.tar", "--database-url", &url];
    let (code, _, error) = run(folders, &create);
    assert!(code == 1 && error.contains("small") && error.contains("No space left"), "{error}");
    assert!(left(folders, "small").is_empty(), "the command has left files");

    disk.make_room();
    let answer = admin.request(Method::POST, "/admin/backup").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.unwrap().len() > 1024);
    let (code, _, error) = run(folders, &create);
    assert_eq!(code, 0, "{error}");
    assert_eq!(left(folders, "small"), ["b.tar"]);
}

#[test]
fn a_backup_of_a_database_is_recorded() {
    let (url, _) = imported(&flask());
    let folders = Folders::new();
    let create = ["backup", "create", "b.tar", "--database-url", &url];
    let (code, _, error) = run(&folders, &create);
    assert_eq!(code, 0, "{error}");
    let (code, log, error) = run(&folders, &["account", "log", "--database-url", &url]);
    assert!(code == 0 && log.contains("backup_created        operator"), "{log}{error}");
    assert!(log.contains("1 of 1 actions"), "{log}");
}
