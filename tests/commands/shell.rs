//! Completions and manual pages.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use goldstar::config::SETTINGS;

use crate::harness::{goldstar, names};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    goldstar(folder).args(arguments).output().unwrap()
}

/// What bash offers at the end of a command line.
fn offered(words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let script = run(folder.path(), &["completions", "bash"]);
    assert!(script.status.success());
    let path = folder.path().join("completions");
    fs::write(&path, script.stdout).unwrap();
    let line = "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                _goldstar goldstar \"${@: -1}\" \"${@: -2:1}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    let output = bash.args(["-c", line]).arg(path).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_settings() {
    assert_eq!(offered(&["goldstar", "checkp"]), ["checkpoint"]);
    let settings = offered(&["goldstar", "serve", "--"]);
    for setting in SETTINGS.iter() {
        assert!(settings.contains(&setting.flag()), "{settings:?}");
    }
}

#[test]
fn other_shells_have_completions() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, line) in [("zsh", "#compdef goldstar"), ("fish", "complete -c goldstar")] {
        let script = run(folder.path(), &["completions", shell]).stdout;
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains(line) && script.contains("migrate-database"), "{script}");
    }
    assert_eq!(run(folder.path(), &["completions", "tcsh"]).status.code(), Some(2));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["man-pages", "."]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pages = names(folder.path());
    for page in ["goldstar.1", "goldstar-serve.1", "goldstar-import-tinydb.1"] {
        assert!(pages.iter().any(|name| name == page), "{pages:?}");
    }
    let serve = fs::read_to_string(folder.path().join("goldstar-serve.1")).unwrap();
    for setting in SETTINGS.iter() {
        let flag = setting.flag().replace('-', "\\-");
        assert!(serve.contains(&flag), "{flag}");
    }
}

#[test]
fn a_missing_directory_for_manual_pages_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["man-pages", "missing"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("missing can't be written to"), "{said}");
    assert_eq!(names(folder.path()), [""; 0]);
}
