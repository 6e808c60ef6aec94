//! Files of several users in one directory.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::system::{all_below, client_of, is_root};
use crate::harness::{
    Family, Folders, Parent, Process, TestServer, forbidden, goldstar, run_with_input,
};

/// A user and a group that are unknown to this machine.
const SERVICE: (u32, u32) = (54_321, 54_322);

fn give_to_service(folder: &Path) {
    for path in all_below(folder) {
        chown(path, Some(SERVICE.0), Some(SERVICE.1)).unwrap();
    }
}

fn assert_of_service(folder: &Path) {
    for path in all_below(folder) {
        let found = fs::symlink_metadata(&path).unwrap();
        assert_eq!((found.uid(), found.gid()), SERVICE, "{}", path.display());
    }
}

#[tokio::test]
async fn files_that_root_creates_belong_to_the_owner_of_the_directory() {
    if !is_root("a test with files of several users") {
        return;
    }
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    fs::create_dir(folders.logs()).unwrap();
    let server_logs = folders.root().join("server-logs");
    fs::create_dir(&server_logs).unwrap();
    for folder in [folders.data(), folders.logs(), server_logs.clone()] {
        give_to_service(&folder);
    }
    let mut admin = goldstar(folders.root());
    admin.args(["admin", "create", "--email", "root@example.org", "--data-dir"]);
    admin.arg(folders.data()).arg("--log-dir").arg(folders.logs());
    let output = run_with_input(admin, "correct horse battery\n");
    assert!(output.status.success(), "{output:?}");
    assert_of_service(&folders.data());

    let inner_logs = server_logs.join("inner");
    let flags = [format!("--server-log-dir={}", inner_logs.display())];
    let process = Process::start(&folders, &flags).unwrap_or_else(|output| panic!("{output:?}"));
    let family = Family::of(Parent::sign_up(client_of(&process)).await).await;
    family.event().await;
    // The line follows the response, and a new log gets its owner before its first line.
    assert!(!folders.log_lines(&family.parent.id).is_empty());
    // A kill leaves the journal and the temporary files.
    process.kill();
    for folder in [folders.data(), folders.logs(), server_logs] {
        assert_of_service(&folder);
    }
    let mut checkpoint = goldstar(folders.root());
    checkpoint.args(["checkpoint", "--data-dir"]).arg(folders.data());
    let output = checkpoint.arg("--log-dir").arg(folders.logs()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!folders.log_lines(&family.parent.id).is_empty());
    assert_of_service(&folders.data());
    assert_of_service(&folders.logs());

    let copy = folders.root().join("copy");
    fs::write(folders.data_file("rewards.json"), "{\"_default\"").unwrap();
    let mut salvage = goldstar(folders.root());
    let output = salvage.arg("salvage").arg(folders.data()).arg("--out").arg(&copy).output();
    assert!(output.unwrap().status.code().is_some_and(|code| code == 0 || code == 3));
    assert_of_service(&copy);
}

/// The program in a folder that every user may enter, to be run by a user other than root.
struct Stranger {
    folders: Folders,
    program: PathBuf,
}

impl Stranger {
    fn new() -> Option<Self> {
        if !is_root("a test as another user") {
            return None;
        }
        let folders = Folders::new();
        fs::set_permissions(folders.root(), fs::Permissions::from_mode(0o755)).unwrap();
        let (own, program) = (env!("CARGO_BIN_EXE_goldstar"), folders.root().join("goldstar"));
        if fs::hard_link(own, &program).is_err() {
            fs::copy(own, &program).unwrap();
        }
        Some(Self { folders, program })
    }

    /// The error of a start that must fail; `None` if the machine lacks the program that switches
    /// the user.
    fn refused(&self) -> Option<String> {
        let mut command = Command::new("timeout");
        command.args(["60", "setpriv"]);
        let (user, group) = (format!("--reuid={}", SERVICE.0), format!("--regid={}", SERVICE.1));
        command.args([user.as_str(), group.as_str(), "--clear-groups"]).arg(&self.program);
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(self.folders.data());
        command.arg("--log-dir").arg(self.folders.logs()).current_dir(self.folders.root());
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let Ok(output) = command.output() else {
            forbidden("a test as another user: there is no timeout or setpriv");
            return None;
        };
        // The exit code of `timeout` for a program that does not exist.
        if output.status.code() == Some(127) {
            forbidden("a test as another user: there is no setpriv");
            return None;
        }
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        Some(String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn an_error_about_permissions_names_the_user_and_the_fix() {
    let Some(stranger) = Stranger::new() else { return };
    let folders = &stranger.folders;
    let fix = |folder: &Path| format!("chown -R {} {}", SERVICE.0, folder.display());
    // The directories do not exist and cannot be created.
    let Some(said) = stranger.refused() else { return };
    assert!(said.contains(&format!("uid {}", SERVICE.0)), "{said}");
    assert!(said.contains(&format!("install -d -m 700 -o {}", SERVICE.0)), "{said}");
    // The log directory belongs to root.
    fs::create_dir(folders.logs()).unwrap();
    let said = stranger.refused().unwrap();
    assert!(said.contains(&fix(&folders.logs())), "{said}");
    give_to_service(&folders.logs());
    // One file belongs to root.
    folders.put_flask_data();
    give_to_service(&folders.data());
    let users = folders.data_file("users.json");
    chown(&users, Some(0), Some(0)).unwrap();
    fs::set_permissions(&users, fs::Permissions::from_mode(0o600)).unwrap();
    let said = stranger.refused().unwrap();
    assert!(said.contains("users.json") && said.contains("root (uid 0)"), "{said}");
    assert!(said.contains(&fix(&folders.data())), "{said}");
    // So does the lock file, as an older version left it.
    chown(&users, Some(SERVICE.0), Some(SERVICE.1)).unwrap();
    let lock = folders.data_file(".goldstar.lock");
    fs::write(&lock, "").unwrap();
    chown(&lock, Some(0), Some(0)).unwrap();
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o600)).unwrap();
    let said = stranger.refused().unwrap();
    assert!(said.contains(".goldstar.lock") && said.contains(&fix(&folders.data())), "{said}");
}
