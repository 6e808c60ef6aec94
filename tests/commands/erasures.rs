//! `goldstar erasures`: the list of deleted accounts in a directory and in a database.

use goldstar::domain::{ErasureList, Timestamp};

use crate::check::directory::run;
use crate::harness::Folders;
use crate::harness::cluster::{execute, new_database};

#[test]
fn the_list_moves_with_the_data() {
    let folders = Folders::new();
    folders.put_flask_data();
    let (code, _, error) = run(&folders, &["erasures", "--data-dir", "data"]);
    assert!(code == 1 && error.contains("there is no erasure list"), "{error}");
    let mut list = ErasureList::new([7; 32], Timestamp::from_micros(5));
    list.add(&"deleted".into(), Timestamp::from_micros(3));
    folders.put(ErasureList::FILE, &list.text());
    let (code, text, error) = run(&folders, &["erasures", "--data-dir", "data"]);
    assert_eq!((code, &*text), (0, &*format!("{}\n", list.text())), "{error}");
    let url = new_database();
    let (code, _, error) = run(&folders, &["import", "tinydb", "data", "--database-url", &url]);
    assert_eq!(code, 0, "{error}");
    let (_, text, error) = run(&folders, &["erasures", "--database-url", &url]);
    let of_database = ErasureList::parse(text.as_bytes()).expect(&error);
    assert_eq!((&of_database.key, &of_database.erased), (&list.key, &list.erased));
    assert!(of_database.complete_until > list.complete_until);
    let (code, _, error) = run(&folders, &["export", "tinydb", "copy", "--database-url", &url]);
    assert_eq!(code, 0, "{error}");
    let (_, text, _) = run(&folders, &["erasures", "--data-dir", "copy"]);
    assert_eq!(ErasureList::parse(text.as_bytes()).unwrap().erased, list.erased);
}

#[test]
fn a_damaged_list_is_reported_and_not_used() {
    let folders = Folders::new();
    folders.put_flask_data();
    folders.put(ErasureList::FILE, r#"{"_default": {}}"#);
    let (code, _, error) = run(&folders, &["erasures", "--data-dir", "data"]);
    assert!(code == 78 && error.contains("is not an erasure list"), "{error}");
    let (_, text, _) = run(&folders, &["check", "data"]);
    assert!(text.contains("erasures.json: it is not a list of deleted accounts"), "{text}");
    let (code, _, error) =
        run(&folders, &["import", "tinydb", "data", "--database-url", &new_database()]);
    assert!(code == 78 && error.contains("is not an erasure list"), "{error}");
}

#[test]
fn only_the_list_of_its_own_server_is_applied_to_a_database() {
    let folders = Folders::new();
    folders.put_flask_data();
    let users = folders.json("users.json");
    let id = users["_default"]["1"]["id"].as_str().unwrap();
    let mut list = ErasureList::new([7; 32], Timestamp::from_micros(5));
    list.add(&"deleted before".into(), Timestamp::from_micros(3));
    folders.put(ErasureList::FILE, &list.text());
    let url = new_database();
    let (code, _, error) = run(&folders, &["import", "tinydb", "data", "--database-url", &url]);
    assert_eq!(code, 0, "{error}");
    let apply = ["erasures", "apply", "--erasures", "data", "--database-url", &url];
    folders.put(ErasureList::FILE, &ErasureList::new([8; 32], Timestamp::EPOCH).text());
    let (code, _, error) = run(&folders, &apply);
    assert!(code == 1 && error.contains("belongs to another server"), "{error}");
    let started = "SELECT count(*) FROM accounts WHERE deletion_has_started";
    assert_eq!(execute(&url, started), ["0"]);
    list.add(&id.into(), Timestamp::from_micros(4));
    folders.put(ErasureList::FILE, &list.text());
    for _ in 0..2 {
        let (code, text, error) = run(&folders, &apply);
        assert!(code == 0 && text.contains("deletes again: 1. "), "{text}{error}");
        assert_eq!(execute(&url, started), ["1"]);
    }
    let (_, text, _) = run(&folders, &["erasures", "--database-url", &url]);
    assert_eq!(ErasureList::parse(text.as_bytes()).unwrap().erased, list.erased);
    let (code, text, error) = run(&folders, &["check", "--database-url", &url]);
    assert_eq!(code, 0, "{text}{error}");
}
