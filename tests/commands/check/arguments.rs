//! Exit codes for directories that cannot be checked.

use std::fs;

use super::directory::{flask, run};
use crate::harness::{Folders, names};

#[test]
fn wrong_arguments_exit_with_2() {
    let folders = flask();
    for arguments in [
        &["check", "data", "--data-dir", "data"][..],
        &["check", "data", "more"],
        &["check", "--yaml", "data"],
    ] {
        let (code, text, error) = run(&folders, arguments);
        assert_eq!((code, text.as_str()), (2, ""), "{arguments:?}");
        assert!(error.contains("Usage: goldstar check"), "{error}");
    }
    let (code, text, _) = run(&folders, &["check", "--help"]);
    assert!(code == 0 && text.contains("exit code") && text.contains("78"), "{text}");
    assert_eq!(run(&folders, &["checkpoint", "data"]).0, 2);
    assert_eq!(run(&folders, &["--yaml"]).0, 2);
}

#[test]
fn an_unreadable_directory_exits_with_1() {
    let folders = Folders::new();
    let (code, text, error) = run(&folders, &["check", "nowhere"]);
    assert_eq!((code, text.as_str()), (1, ""));
    assert!(error.contains("there is no directory nowhere"), "{error}");
    fs::write(folders.root().join("file"), "{}").unwrap();
    assert_eq!(run(&folders, &["check", "file"]).0, 1);
    fs::create_dir_all(folders.data().join("users.json")).unwrap();
    assert_eq!(run(&folders, &["check", "data", "--json"]).0, 1);
}

#[test]
fn a_checkpoint_creates_no_directory() {
    let folders = Folders::new();
    let (code, _, error) = run(&folders, &["checkpoint", "--data-dir", "nowhere"]);
    assert_eq!(code, 1);
    assert!(error.contains("there is no directory nowhere"), "{error}");
    assert!(!folders.root().join("nowhere").exists());
}

#[test]
fn a_checkpoint_of_a_folder_without_data_leaves_it_as_it_is() {
    let folders = Folders::new();
    fs::create_dir_all(folders.data()).unwrap();
    fs::write(folders.data().join("images.json"), "{}").unwrap();
    let (code, said, error) = run(&folders, &["checkpoint", "--data-dir", "data"]);
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(error.contains("data is not a data directory"), "{error}");
    assert_eq!(names(&folders.data()), ["images.json"]);
}
