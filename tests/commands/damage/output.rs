//! Where the copy is written, and when none is written.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Output;

use super::bases::{flask, salvage};
use super::corpus::cut;
use crate::harness::{Folders, Process, goldstar, goldstar_after, names};

fn salvage_to(folders: &Folders, to: &Path) -> Output {
    let mut command = goldstar(folders.root());
    command.arg("salvage").arg(folders.data()).arg("--out").arg(to).output().unwrap()
}

fn assert_no_copy(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(why), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_whole_directory_is_copied_byte_for_byte() {
    let folders = flask();
    fs::create_dir_all(folders.data().join("pictures/old")).unwrap();
    fs::write(folders.data().join("pictures/old/a.png"), [0, 159, 146]).unwrap();
    fs::set_permissions(folders.data_file("users.json"), fs::Permissions::from_mode(0o640))
        .unwrap();
    fs::set_permissions(folders.data().join("pictures"), fs::Permissions::from_mode(0o750))
        .unwrap();
    let (copy, code, report) = salvage(&folders);
    assert_eq!(code, 0, "{report}");
    for path in folders.data_files() {
        let copied = copy.data().join(path.strip_prefix(folders.data()).unwrap());
        assert_eq!(fs::read(&copied).unwrap(), fs::read(&path).unwrap());
        let mode = |path: &Path| fs::metadata(path).unwrap().mode();
        assert_eq!(mode(&copied), mode(&path));
        assert_eq!(mode(copied.parent().unwrap()), mode(path.parent().unwrap()));
    }
    assert_eq!(copy.data_files().len(), folders.data_files().len());
}

#[test]
fn nothing_is_replaced() {
    let folders = flask();
    let to = folders.root().join("new");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("mine"), "mine").unwrap();
    assert_no_copy(&salvage_to(&folders, &to), "not an empty folder");
    assert_eq!(names(&to), ["mine"]);
    assert_no_copy(&salvage_to(&folders, &to.join("mine")), "not an empty folder");
    for within in ["new", "new/deeper", "../data/new"] {
        assert_no_copy(&salvage_to(&folders, &folders.data().join(within)), "is inside");
    }
    assert_no_copy(&salvage_to(&folders, folders.root()), "not an empty folder");
    assert_eq!(names(&folders.data()), names(&flask().data()));

    fs::remove_file(to.join("mine")).unwrap();
    assert_eq!(salvage_to(&folders, &to).status.code(), Some(0), "an empty folder will do");
    assert_eq!(names(&to), names(&folders.data()));
}

#[test]
fn only_data_directories_are_copied() {
    let folders = Folders::new();
    let to = folders.root().join("new");
    assert_no_copy(&salvage_to(&folders, &to), "not a data directory");
    fs::create_dir(folders.data()).unwrap();
    fs::write(folders.data_file("notes.txt"), "").unwrap();
    assert_no_copy(&salvage_to(&folders, &to), "not a data directory");
    assert!(names(folders.root()).iter().all(|name| name == "data"));
}

#[test]
fn a_directory_in_use_is_left_alone() {
    let folders = flask();
    let server = Process::start(&folders, &[]).unwrap();
    let output = salvage_to(&folders, &folders.root().join("new"));
    assert_no_copy(&output, &format!("process {}", server.pid()));
    assert!(!folders.root().join("new").exists());
}

/// A limit of the file size stands for a full disk.
#[test]
fn an_interrupted_copy_leaves_nothing() {
    let folders = flask();
    cut(&folders, "children.json", 4);
    let before = names(folders.root());
    let mut command = goldstar_after("trap '' XFSZ; ulimit -f 16", folders.root());
    let to = folders.root().join("new");
    let output = command.arg("salvage").arg(folders.data()).arg("--out").arg(&to).output().unwrap();
    assert_no_copy(&output, "interrupted");
    assert_eq!(names(folders.root()), before);
}

#[test]
fn the_text_names_what_was_lost() {
    let folders = flask();
    cut(&folders, "children.json", 4);
    let output = salvage_to(&folders, &folders.root().join("new"));
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stdout);
    for part in ["children.json: damaged from byte ", "kept ", "lost bytes ", "tasks.json: intact"]
    {
        assert!(said.contains(part), "no {part}: {said}");
    }
    assert!(!said.contains('\u{1b}') && output.stderr.is_empty(), "{output:?}");
}
