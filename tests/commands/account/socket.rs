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

/// The response to a request of the operator.
async fn ask(server: &TestServer, request: String) -> String {
    let mut stream = UnixStream::connect(server.folders.data_file(SOCKET)).unwrap();
    let read = tokio::task::spawn_blocking(move || {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    read.await.unwrap()
}

#[tokio::test]
async fn an_account_is_created_once_for_an_idempotency_key() {
    let server = TestServer::process().await;
    let create = async |email: &str, first_name: &str, password: &str| {
        let body = serde_json::json!({
            "email": email, "first_name": first_name, "last_name": "New", "password": password,
        });
        let body = body.to_string();
        let head = format!(
            "POST /admin/accounts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Idempotency-Key: key-1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        ask(&server, head + &body).await
    };
    let id = |answer: &str| {
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let account: serde_json::Value = serde_json::from_str(body).unwrap();
        account["id"].as_str().unwrap().to_owned()
    };
    let first = create("nora@example.org", "Nora", "correct horse").await;
    assert!(first.starts_with("HTTP/1.1 201") && !first.contains("dempotent-"), "{first}");
    // The password is not compared: nothing that helps to guess it is stored.
    for password in ["correct horse", "another horse"] {
        let again = create("nora@example.org", "Nora", password).await;
        assert!(again.starts_with("HTTP/1.1 201"), "{again}");
        assert!(again.to_lowercase().contains("idempotent-replayed: true"), "{again}");
        assert_eq!(id(&again), id(&first));
    }
    let other = create("nora@example.org", "Norah", "correct horse").await;
    assert!(
        other.starts_with("HTTP/1.1 422") && other.contains("IDEMPOTENCY_KEY_REUSED"),
        "{other}"
    );
    assert_eq!(json(&server.folders, &["list"])["total"], 2);
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

/// The address of a socket has at most 108 bytes.
#[tokio::test]
async fn a_directory_with_a_long_path_has_a_socket() {
    let folders = Folders::new();
    let data = folders.root().join("d".repeat(120)).join("e".repeat(120));
    fs::create_dir_all(&data).unwrap();
    let command = goldstar(folders.root());
    let server = Process::start_by(command, &data, &folders.logs(), &[]).unwrap();
    assert!(fs::metadata(data.join(SOCKET)).unwrap().file_type().is_socket());
    let mut list = goldstar(folders.root());
    let output = list.args(["stats", "--data-dir"]).arg(&data).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(server.stop("TERM").success());
    assert!(!data.join(SOCKET).exists());
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
