//! Deleted accounts do not return.

use goldstar::domain::{ErasureList, Timestamp};
use serde_json::{Value, json};

use super::{ARCHIVE, assert_clean, back_up, restore, restored, run};
use crate::harness::cluster::new_database;
use crate::harness::{Folders, Settings, TestServer, names};

/// Whether a file, or its name, contains a text.
fn is_anywhere(folders: &Folders, text: &str) -> bool {
    let script = format!(
        "cd data; cd ..; {{ grep -rF -e '{text}' data logs; ls -R . | grep -F -e '{text}'; }} | grep -q ."
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(folders.root()).status().unwrap().success()
}

/// Two families, a backup of them, and the list to which the first is added later.
async fn two_families() -> (TestServer, [(String, String); 2], ErasureList) {
    let mut server = TestServer::process().await;
    let mut families = Vec::new();
    for _ in 0..2 {
        let family = server.family().await;
        family.event().await;
        families.push((family.parent.id.clone(), family.parent.email.clone()));
    }
    server.stop().await;
    back_up(&server.folders);
    let (_, text, _) = run(&server.folders, &["erasures", "--data-dir", "data"]);
    let mut list = ErasureList::parse(text.as_bytes()).unwrap();
    list.add(&families[0].0.as_str().into(), Timestamp::from_micros(5));
    (server, families.try_into().unwrap(), list)
}

#[tokio::test]
async fn accounts_that_were_deleted_after_the_backup_do_not_return() {
    let (server, [gone, other], list) = two_families().await;
    let folders = &server.folders;
    folders.put("../list.json", &list.text());
    let path = folders.root().join("list.json");
    let copy = restored(folders, &["--erasures", path.to_str().unwrap()]);
    assert_clean(&copy, &["data"]);
    for text in [&gone.0, &gone.1] {
        assert!(is_anywhere(folders, text) && !is_anywhere(&copy, text), "{text}");
    }
    assert!(is_anywhere(&copy, &other.0) && is_anywhere(&copy, &other.1));
    let owners: Vec<Value> = copy.events().iter().map(|event| event["user_id"].clone()).collect();
    assert_eq!(owners, [Value::Null, json!(other.0)]);
    let kept = ErasureList::parse(copy.json("erasures.json").to_string().as_bytes()).unwrap();
    assert_eq!(kept, list);
    assert!(is_anywhere(&restored(folders, &["--no-erasures"]), &gone.0));
    // The same in a database.
    let url = new_database();
    let list = ["--erasures", "list.json", "--database-url", &url];
    let (code, text, error) = run(folders, &[&["restore", ARCHIVE], &list[..]].concat());
    assert!(code == 0 && text.contains("deleted again: 1"), "{text}{error}");
    assert_clean(folders, &["--database-url", &url]);
    let copy = Folders::new();
    let (code, _, error) = run(&copy, &["export", "tinydb", "data", "--database-url", &url]);
    assert_eq!(code, 0, "{error}");
    assert!(!is_anywhere(&copy, &gone.0));
}

#[tokio::test]
async fn a_restore_needs_the_list_of_its_own_server() {
    let (server, ..) = two_families().await;
    let (folders, copy) = (&server.folders, Folders::new());
    let (code, _, error) = restore(folders, &copy, &[]);
    assert!(code == 2 && error.contains("--no-erasures"), "{error}");
    let foreign = ErasureList::new([7; 32], Timestamp::EPOCH).text();
    folders.put("../foreign.json", &foreign);
    folders.put("../broken.json", "{}");
    for (list, code, expected) in [
        ("foreign.json", 1, "belongs to another server"),
        ("broken.json", 78, "is not an erasure list"),
        ("absent.json", 1, "can't be read"),
        (".", 1, "there is no erasure list"),
    ] {
        let list = folders.root().join(list);
        let (found, _, error) = restore(folders, &copy, &["--erasures", list.to_str().unwrap()]);
        assert!(found == code && error.contains(expected), "{found} {error}");
    }
    assert!(names(copy.root()).is_empty());
}

#[test]
fn an_account_whose_deletion_has_started_is_anonymised_in_the_backup() {
    let folders = Folders::new();
    folders.put_flask_data();
    let mut users = folders.json("users.json");
    let rows = users["_default"].as_object_mut().unwrap();
    let gone = rows.values_mut().next().unwrap();
    let id = gone["id"].as_str().unwrap().to_owned();
    gone["marked_for_deletion"] = true.into();
    gone["marked_for_deletion_at"] = 0.into();
    gone["deletion_in_progress"] = true.into();
    gone["role"] = "parent".into();
    folders.put("users.json", &users.to_string());
    let before = folders.events().len();
    assert!(folders.events().iter().any(|event| event["user_id"] == *id));
    back_up(&folders);
    let copy = restored(&folders, &["--no-erasures"]);
    assert!(!is_anywhere(&copy, &id));
    assert_eq!(copy.events().len(), before);
}

#[tokio::test]
async fn a_restore_without_a_list_notes_that_deletions_may_be_missing() {
    let (server, _, list) = two_families().await;
    let folders = &server.folders;
    let from = list.complete_until;
    let copy = restored(folders, &["--no-erasures"]);
    let kept = ErasureList::parse(copy.json("erasures.json").to_string().as_bytes()).unwrap();
    let missing = kept.missing.unwrap();
    assert_eq!((missing.from, missing.until), (from, kept.complete_until));
    // A server on the data, and the next backup, do not forget it.
    let settings = Settings { binary: true, ..Settings::default() };
    let mut later_server = TestServer::on(copy, settings).await;
    later_server.stop().await;
    back_up(&later_server.folders);
    let (code, text, error) = restore(&later_server.folders, &Folders::new(), &["--no-erasures"]);
    assert!(code == 0 && text.contains(&format!("from {from} until")), "{text}{error}");

    let url = new_database();
    let place = ["--database-url", &*url];
    let (code, text, error) =
        run(folders, &[&["restore", ARCHIVE, "--no-erasures"], &place[..]].concat());
    assert!(code == 0 && text.contains(&format!("from {from} until")), "{text}{error}");
    let missing_in_database = || {
        let (_, text, _) = run(folders, &[&["erasures"], &place[..]].concat());
        ErasureList::parse(text.as_bytes()).unwrap().missing
    };
    assert_eq!(missing_in_database().unwrap().from, from);
    // A list that contains these deletions is found.
    let later = ErasureList { complete_until: Timestamp::MAX, ..list };
    folders.put("../later.json", &later.text());
    let apply = ["erasures", "apply", "--erasures", "later.json"];
    let (code, _, error) = run(folders, &[&apply[..], &place[..]].concat());
    assert_eq!(code, 0, "{error}");
    assert_eq!(missing_in_database(), None);
    // A period that another list names is known then, although the database's own list has none.
    let with_gap = ErasureList { missing: Some(missing), ..later };
    folders.put("../later.json", &with_gap.text());
    let (code, _, error) = run(folders, &[&apply[..], &place[..]].concat());
    assert_eq!(code, 0, "{error}");
    assert_eq!(missing_in_database(), Some(missing));
}
