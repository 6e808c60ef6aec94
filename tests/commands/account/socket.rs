//! The socket in the data directory of a running server.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use goldstar::disk::SOCKET;

use super::{json, refused, said};
use crate::folders::system::is_root;
use crate::harness::{Folders, Process, TestServer, goldstar, names};

/// A user that is not this process's.
const STRANGER: &str = "65534";

#[tokio::test]
async fn only_the_servers_user_can_use_the_socket() {
    let mut server = TestServer::process().await;
    let path = server.folders.data_file(SOCKET);
    let found = fs::metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.mode() & 0o777, 0o600);
    if is_root("a test as another user") {
        // Even if the modes allowed it.
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        for folder in [server.folders.root().to_owned(), server.folders.data()] {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        let script = "use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die $!; \
                      $SIG{PIPE} = 'IGNORE'; \
                      print $s \"GET /admin/accounts HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n\"; \
                      $s->flush; print while <$s>; print \"end\";";
        let mut perl = Command::new("setpriv");
        let user = format!("--reuid={STRANGER}");
        perl.args([&user, "--clear-groups", "perl", "-e", script]).arg(&path);
        let output = perl.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "end", "{output:?}");
    }
    assert_eq!(json(&server.folders, &["list"])["total"], 1);
    assert!(server.stop_by("TERM").0.success());
    assert!(!path.exists());
}

#[tokio::test]
async fn a_command_is_answered_beside_a_hundred_idle_connections() {
    let server = TestServer::process().await;
    let path = server.folders.data_file(SOCKET);
    let connect = || UnixStream::connect(&path).unwrap();
    let idle: Vec<UnixStream> = (0..100).map(|_| connect()).collect();
    let start = Instant::now();
    let mut stream = connect();
    let request = "GET /admin/accounts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = read.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(idle);
}

#[tokio::test]
async fn a_socket_of_a_killed_server_is_replaced() {
    let mut server = TestServer::process().await;
    let folders = server.folders.clone();
    server.kill();
    assert!(folders.data_file(SOCKET).exists());
    assert_eq!(json(&folders, &["list"])["total"], 1, "the command opens the directory itself");
    server.start_again().await;
    said(&folders, &["list"]);
    let (status, _) = server.stop_by("TERM");
    assert!(status.success());
    assert!(!names(&folders.data()).iter().any(|name| name.contains("sock")));
}

#[tokio::test]
async fn without_a_socket_in_the_directory_the_runtime_directory_is_used() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let trap = folders.root().join("trap");
    fs::write(&trap, "text").unwrap();
    symlink(&trap, folders.data_file(SOCKET)).unwrap();
    let run = folders.root().join("run");
    fs::create_dir(&run).unwrap();
    let script = format!("export XDG_RUNTIME_DIR={}", run.display());
    let server = Process::start_after(&script, &folders, &[]).unwrap();
    let elsewhere = names(&run);
    assert!(elsewhere[0].starts_with("goldstar-") && elsewhere.len() == 1, "{elsewhere:?}");
    let mut command = goldstar(folders.root());
    command.args(["account", "list", "--data-dir"]).arg(folders.data());
    let output = command.env("XDG_RUNTIME_DIR", &run).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(&trap).unwrap(), "text");
    assert!(server.stop("TERM").success());
    assert_eq!(names(&run), [""; 0]);
}

#[tokio::test]
async fn a_server_without_a_socket_says_so_and_serves() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    fs::create_dir(folders.data_file(SOCKET)).unwrap();
    let script = "export XDG_RUNTIME_DIR=/nonexistent";
    let server = Process::start_after(script, &folders, &[]).unwrap();
    // The command names the process that has locked the directory.
    let error = refused(&folders, &["list"], 1);
    assert!(error.contains(&server.pid().to_string()), "{error}");
    let (status, log) = server.stop_and_read("TERM");
    assert!(status.success() && log.contains("no socket for commands"), "{log}");
}
