//! File systems that lack a feature.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::io::Errno;

use super::system::{client_of, failing_calls, refused};
use crate::harness::{Folders, Parent, Process, TestServer, names};

/// Starts the program so that a call fails.
fn start_without(
    folders: &Folders,
    library: &Path,
    call: &str,
    error: Errno,
) -> Result<Process, std::process::Output> {
    let script = format!(
        "export LD_PRELOAD={} FAILING_CALL={call} FAILING_ERRNO={}",
        library.display(),
        error.raw_os_error()
    );
    Process::start_after(&script, folders, &[])
}

#[test]
fn a_file_system_that_lacks_a_needed_call_is_refused_at_the_start() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    fs::create_dir(folders.logs()).unwrap();
    let Some(library) = failing_calls(&folders) else { return };
    for (call, error) in [
        ("fsync", Errno::IO),
        ("fdatasync", Errno::INVAL),
        ("rename", Errno::BUSY),
        ("unlink", Errno::PERM),
        ("ftruncate", Errno::NOTSUP),
        ("pwrite", Errno::NOTSUP),
        ("flock", Errno::NOLCK),
    ] {
        let said = refused(start_without(&folders, &library, call, error));
        let is_lock = call == "flock";
        let folder = if is_lock { folders.data() } else { folders.logs() };
        let call = if call == "pwrite" { "write" } else { call };
        assert!(said.contains(&format!("{} can't be used: {call}", folder.display())), "{said}");
        assert!(said.contains("ext4, XFS, Btrfs, ZFS or APFS") || error == Errno::PERM, "{said}");
        assert!(said.contains(&format!("os error {}", error.raw_os_error())), "{said}");
    }
    // The last start could remove its temporary file.
    assert_eq!(names(&folders.logs()), [""; 0]);
}

#[tokio::test]
async fn a_missing_optional_call_is_logged_once() {
    for (call, error, said_once) in [
        ("fsync", Errno::INVAL, "the file system cannot sync folders"),
        ("fsync", Errno::NOTSUP, "the file system cannot sync folders"),
        ("fsync", Errno::BADF, "the file system cannot sync folders"),
        ("chmod", Errno::PERM, "does not keep its mode"),
    ] {
        let folders = Folders::new();
        TestServer::put_admin(&folders);
        let users = folders.data_file("users.json");
        fs::set_permissions(&users, fs::Permissions::from_mode(0o640)).unwrap();
        let Some(library) = failing_calls(&folders) else { return };
        for _ in 0..2 {
            let started = start_without(&folders, &library, call, error);
            let process = started.unwrap_or_else(|output| panic!("{output:?}"));
            let parent = Parent::sign_up(client_of(&process)).await;
            parent.child("Mía", 5).await;
            let (status, said) = process.stop_and_read("TERM");
            assert!(status.success(), "{said}");
            assert_eq!(said.matches(said_once).count(), 1, "{said}");
            assert_eq!(folders.record("users.json", &parent.id)["email"], parent.email.as_str());
        }
        assert_eq!(names(&folders.data().join("journal")), ["checkpoint.json", "format.json"]);
    }
}
