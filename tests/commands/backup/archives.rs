//! Archives that are not what `backup create` wrote, and targets that are in use.

use std::fs;
use std::process::{Command, Stdio};

use super::{ARCHIVE, back_up, restore, run};
use crate::harness::{Folders, goldstar, goldstar_after, names};

fn backed_up() -> Folders {
    let folders = Folders::new();
    folders.put_flask_data();
    back_up(&folders);
    folders
}

/// Expects that a file is refused as damage, and that nothing is restored from it.
#[track_caller]
fn assert_refused(folders: &Folders, bytes: &[u8], what: &str) {
    fs::write(folders.root().join(ARCHIVE), bytes).unwrap();
    let (code, _, error) = run(folders, &["backup", "verify", ARCHIVE]);
    assert_eq!(code, 78, "{what}: {error}");
    let copy = Folders::new();
    let (code, _, error) = restore(folders, &copy, &["--no-erasures"]);
    assert!(code == 78 && error.contains("is not a complete backup"), "{what}: {error}");
    assert!(names(copy.root()).is_empty(), "{what}");
}

#[test]
fn a_changed_or_shortened_archive_is_refused() {
    let folders = backed_up();
    let bytes = fs::read(folders.root().join(ARCHIVE)).unwrap();
    // The end of an archive is 1024 zeros.
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    for cut in (0..12).map(|part| end * part / 12) {
        assert_refused(&folders, &bytes[..cut], &format!("{cut} of {} bytes", bytes.len()));
    }
    for part in 0..12 {
        let at = end * part / 12;
        let at = at + bytes[at..].iter().position(|byte| *byte != 0).unwrap();
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_refused(&folders, &changed, &format!("byte {at}"));
    }
}

#[test]
fn only_regular_files_with_expected_names_are_read() {
    let folders = backed_up();
    let unpack = format!("mkdir t && cd t && tar -xf ../{ARCHIVE} && cd ..");
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-ec", script]).current_dir(folders.root()).status().unwrap()
    };
    assert!(shell(&unpack).success());
    let order = "manifest.json $(cd t; ls -d data/*) SHA256SUMS";
    for (change, files) in [
        ("ln -s /etc/passwd t/data/x.json", order),
        ("ln t/data/users.json t/data/z.json", order),
        ("mkdir t/data/x.json", order),
        ("echo > t/data/x.txt", order),
        ("echo > t/x.json", "manifest.json x.json SHA256SUMS"),
        ("true", "manifest.json data/users.json data/users.json SHA256SUMS"),
        ("true", "data/users.json manifest.json SHA256SUMS"),
        ("true", "manifest.json SHA256SUMS data/users.json"),
        ("true", "manifest.json data/users.json"),
        ("true", "--transform=s,data/,../, manifest.json data/users.json SHA256SUMS"),
        ("true", "-P --transform=s,data/,/tmp/, manifest.json data/users.json SHA256SUMS"),
        ("sed -i s/:.1,/:\\ 9,/ t/manifest.json", order),
    ] {
        let script =
            format!("cp -a t saved; {change}; tar -cf new.tar -C t {files}; rm -r t; mv saved t");
        assert!(shell(&script).success(), "{change} {files}");
        let bytes = fs::read(folders.root().join("new.tar")).unwrap();
        assert_refused(&folders, &bytes, &format!("{change}: {files}"));
    }
}

#[test]
fn nothing_is_overwritten() {
    let folders = Folders::new();
    folders.put_flask_data();
    fs::create_dir_all(folders.logs()).unwrap();
    fs::write(folders.log_path("u1"), "a line\n").unwrap();
    back_up(&folders);
    let before = fs::read(folders.root().join(ARCHIVE)).unwrap();
    let create = ["backup", "create", ARCHIVE, "--data-dir", "data", "--log-dir", "logs"];
    let (code, _, error) = run(&folders, &create);
    assert!(code == 1 && error.contains("exists"), "{error}");
    assert!(fs::read(folders.root().join(ARCHIVE)).unwrap() == before);
    for folder in ["data", "logs"] {
        let copy = Folders::new();
        fs::create_dir(copy.root().join(folder)).unwrap();
        fs::write(copy.root().join(folder).join("file"), "x").unwrap();
        let (code, _, error) = restore(&folders, &copy, &["--no-erasures"]);
        assert!(code == 1 && error.contains("empty"), "{folder}: {error}");
        assert_eq!(names(copy.root()), [folder]);
    }
}

#[test]
fn a_backup_of_a_damaged_directory_is_not_made() {
    let folders = Folders::new();
    folders.put_flask_data();
    folders.put("users.json", "{\"_default\": {");
    let create = ["backup", "create", ARCHIVE, "--data-dir", "data", "--log-dir", "logs"];
    let (code, _, error) = run(&folders, &create);
    assert!(code == 78 && error.contains("users.json"), "{error}");
    assert!(!names(folders.root()).iter().any(|name| name.starts_with(ARCHIVE)));
}

#[test]
fn a_backup_to_a_full_disk_leaves_nothing() {
    let folders = Folders::new();
    folders.put_flask_data();
    let limited = goldstar_after("ulimit -f 16; trap '' XFSZ", folders.root())
        .args(["backup", "create", ARCHIVE, "--data-dir", "data", "--log-dir", "logs"])
        .output()
        .unwrap();
    let error = String::from_utf8(limited.stderr).unwrap();
    assert!(limited.status.code() == Some(1) && error.contains("can't be written"), "{error}");
    assert!(!names(folders.root()).iter().any(|name| name.starts_with(ARCHIVE)));
    // The output of a pipe that is closed.
    let mut command = goldstar(folders.root());
    command.args(["backup", "create", "-", "--data-dir", "data", "--log-dir", "logs"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_killed_restore_leaves_nothing_or_everything() {
    let folders = Folders::new();
    folders.put_flask_data();
    // Large enough for a restore that takes a while.
    let row = format!("{{\"text\": \"{}\"}}", "x".repeat(1000));
    let rows: Vec<String> = (1..30_000).map(|number| format!("\"{number}\": {row}")).collect();
    folders.put("images.json", &format!("{{\"_default\": {{{}}}}}", rows.join(", ")));
    back_up(&folders);
    let mut interrupted = 0;
    for delay in ["0.02", "0.05", "0.1", "0.2", "0.4"] {
        let copy = Folders::new();
        let script = format!("exec timeout -s KILL {delay} \"$0\" \"$@\"");
        let archive = folders.root().join(ARCHIVE);
        let mut command = goldstar_after(&script, copy.root());
        command.arg("restore").arg(archive).arg("--no-erasures");
        command.args(["--data-dir", "data", "--log-dir", "logs"]).output().unwrap();
        if copy.data().exists() {
            let (code, text, _) = run(&copy, &["check", "data"]);
            assert_ne!(code, 78, "{text}");
            assert_eq!(
                fs::read(copy.data_file("images.json")).unwrap(),
                fs::read(folders.data_file("images.json")).unwrap()
            );
            continue;
        }
        interrupted += 1;
        fs::remove_dir_all(copy.root().join("data.partial")).unwrap_or_default();
        fs::remove_dir_all(copy.root().join("logs.partial")).unwrap_or_default();
        let (code, _, error) = restore(&folders, &copy, &["--no-erasures"]);
        assert_eq!(code, 0, "{error}");
    }
    assert!(interrupted > 0);
}

#[test]
fn logs_that_cannot_be_read_are_not_left_out() {
    let folders = Folders::new();
    folders.put_flask_data();
    fs::write(folders.logs(), "no directory").unwrap();
    let create = ["backup", "create", ARCHIVE, "--data-dir", "data", "--log-dir", "logs"];
    let (code, _, error) = run(&folders, &create);
    assert!(code == 1 && error.contains("logs"), "{error}");
    assert_eq!(names(folders.root()), ["data", "logs"]);
}
