//! `goldstar export events`: of a directory, and of a database.

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::harness::cluster::new_database;
use crate::harness::{Family, Folders, Settings, TestServer, goldstar, names};

/// The exit code, the standard output and the standard error output of an export.
fn export(folders: &Folders, arguments: &[&str]) -> (i32, String, String) {
    let mut command = goldstar(folders.root());
    let Output { status, stdout, stderr } =
        command.args(["export", "events"]).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// Two families with events, the ids of the first, and what the API returns for each of these queries.
async fn asked(server: &TestServer) -> (Family, Vec<(Vec<&'static str>, String)>) {
    let (family, other) = (server.family().await, server.family().await);
    for _ in 0..3 {
        family.event().await;
        other.event().await;
    }
    family.parent.activate(&family.child, &family.penalty).await.expect(200);
    family.parent.redeem(&family.child, &family.reward).await.expect(200);
    let admin = server.admin().await;
    let queries: [(&[&str], &str); 5] = [
        (&["--format", "csv"], "format=csv"),
        (&["--format", "csv", "--bom", "--order", "asc"], "bom=true&order=asc"),
        (&["--format", "ndjson", "--action", "redeemed"], "format=ndjson&action=redeemed"),
        (
            &["--format=ndjson", "--entity-type=penalty", "--from=2026-01-01"],
            "format=ndjson&entity_type=penalty",
        ),
        (&["--format=ndjson", "--to", "2001-01-01"], "format=ndjson&to=2001-01-01"),
    ];
    let mut expected = Vec::new();
    for (arguments, query) in queries {
        let answer = admin.get(&format!("/admin/tracking/export?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        expected.push((arguments.to_vec(), answer.text));
    }
    (family, expected)
}

fn assert_exports(
    folders: &Folders,
    place: &[&str],
    family: &Family,
    expected: &[(Vec<&str>, String)],
) {
    for (arguments, text) in expected {
        let (code, out, error) = export(folders, &[place, arguments].concat());
        assert_eq!((code, &*error), (0, ""), "{arguments:?}");
        assert_eq!(out, *text, "{arguments:?}");
    }
    let own = ["--format", "ndjson", "--child-id", &family.child, "--user-id", &family.parent.id];
    let (code, out, _) = export(folders, &[place, &own, &["--out", "own.ndjson"]].concat());
    assert_eq!((code, &*out), (0, "own.ndjson contains 5 events.\n"));
    let file = fs::read_to_string(folders.root().join("own.ndjson")).unwrap();
    let events = file.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(events.clone().all(|event| event["user_id"] == *family.parent.id));
    assert_eq!(events.count(), 5);
}

#[tokio::test]
async fn the_events_of_a_directory_are_exported() {
    let mut server = TestServer::process().await;
    let (family, expected) = asked(&server).await;
    // The server makes the export; afterwards the command opens the directory.
    assert_exports(&server.folders, &["data"], &family, &expected);
    server.stop().await;
    fs::remove_file(server.folders.root().join("own.ndjson")).unwrap();
    assert_exports(&server.folders, &["data"], &family, &expected);
    // A server starts on it afterwards.
    server.start_again().await;
    assert_eq!(server.admin().await.get("/admin/tracking").await.expect(200)["total"], 8);
}

#[tokio::test]
async fn the_events_of_a_database_are_exported_beside_a_server() {
    let url = new_database();
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    crate::harness::database::import(&folders, &url);
    let server = TestServer::on_database(&url, Settings::default()).await;
    let (family, expected) = asked(&server).await;
    assert_exports(&folders, &["--database-url", &url], &family, &expected);
}

#[tokio::test]
async fn an_existing_file_is_not_replaced() {
    let mut server = TestServer::start().await;
    server.stop().await;
    let folders = &server.folders;
    fs::write(folders.root().join("there.csv"), "mine").unwrap();
    fs::write(folders.root().join("left.csv.partial"), "half").unwrap();
    for (out, complaint) in [("there.csv", "exists"), ("left.csv", "is left of a command")] {
        let (code, _, error) = export(folders, &["data", "--format", "csv", "--out", out]);
        assert_eq!(code, 1, "{error}");
        assert!(error.contains(complaint), "{error}");
    }
    assert_eq!(fs::read_to_string(folders.root().join("there.csv")).unwrap(), "mine");
    let before = names(folders.root());
    for (arguments, code) in [
        (&["data", "--format", "xml"][..], 2),
        (&["data", "--format", "ndjson", "--bom"], 2),
        (&["data"], 2),
        (&["data", "--format", "csv", "--from", "yesterday"], 2),
        (&["data", "--format", "csv", "--action", "done"], 2),
        (&["nothing-here", "--format", "csv", "--out", "new.csv"], 1),
        (&["data", "--format", "csv", "--out", "no-folder/new.csv"], 1),
    ] {
        let (found, _, error) = export(folders, arguments);
        assert_eq!(found, code, "{arguments:?}: {error}");
    }
    assert_eq!(names(folders.root()), before, "nothing is left");
    let full = export(folders, &["data", "--format", "csv", "--out", "/dev/full"]);
    assert_eq!(full.0, 1, "{}", full.2);
}
