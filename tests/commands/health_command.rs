//! `goldstar health`, as the health check of a container runs it.

use std::io::ErrorKind;
use std::process::Output;
use std::sync::Arc;

use goldstar::app::Machine;
use goldstar::config::Config;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::harness::{Fails, FaultyDisk, Settings, TestServer, eventually, goldstar, within};

/// Runs `goldstar health` in an empty folder.
async fn ask(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = TempDir::new().unwrap();
    let mut command = goldstar(folder.path());
    command.arg("health").args(arguments).envs(variables.iter().copied());
    let output = within("the command", spawn_blocking(move || command.output())).await;
    output.unwrap().unwrap()
}

#[track_caller]
fn assert_says(output: &Output, word: &str, code: i32) {
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), word, "{output:?}");
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

#[track_caller]
fn assert_fails(output: &Output, complaint: &str) {
    assert_says(output, "", 1);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(complaint), "{said}");
}

#[tokio::test]
async fn the_server_is_that_of_the_settings_or_of_the_url() {
    let server = TestServer::process().await;
    let url = server.nobody().url("");
    let address = url.replace("http://", "");
    let everywhere = address.replace("127.0.0.1", "0.0.0.0");
    assert_says(&ask(&["--listen", &address], &[]).await, "ok", 0);
    assert_says(&ask(&[], &[("GOLDSTAR_LISTEN", &everywhere)]).await, "ok", 0);
    for url in [url.clone(), format!("{url}/"), format!("{url}/api")] {
        assert_says(&ask(&["--url", &url], &[("GOLDSTAR_LISTEN", "[::1]:1")]).await, "ok", 0);
    }
}

#[tokio::test]
async fn a_degraded_server_is_healthy_and_a_read_only_one_is_not() {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let url = server.nobody().url("");
    disk.fail_in("logs", Fails::Everything, ErrorKind::PermissionDenied);
    family.event().await;
    assert_says(&ask(&["--url", &url], &[]).await, "degraded", 0);
    disk.repair();
    disk.fail_in("journal", Fails::Writes, ErrorKind::StorageFull);
    family.parent.activate(&family.child, &family.task).await.expect(507);
    let failing = ask(&["--url", &url], &[]).await;
    assert_says(&failing, "failing", 1);
    assert!(String::from_utf8_lossy(&failing.stderr).contains("the disk is full"), "{failing:?}");
    disk.repair();
    eventually("a write that succeeds", async || {
        (server.nobody().get("/health").await.status == 200).then_some(())
    })
    .await;
    disk.fail_in("journal", Fails::Everything, ErrorKind::Other);
    family.parent.activate(&family.child, &family.task).await.expect(503);
    let read_only = ask(&["--url", &url], &[]).await;
    assert_says(&read_only, "read_only", 1);
    assert!(String::from_utf8_lossy(&read_only.stderr).contains("restarted"), "{read_only:?}");
}

#[tokio::test]
async fn a_server_with_too_many_connections_is_not_healthy() {
    let configure = |config: &mut Config| config.http.limits.max_connections = 1;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let _open = server.admitted().await;
    let url = server.nobody().url("");
    assert_fails(&ask(&["--url", &url], &[]).await, "at its limit of open connections");
}

#[tokio::test]
async fn a_full_server_is_healthy_to_this_machine() {
    let configure = |config: &mut Config| {
        config.http.limits.max_connections = 1;
        config.http.limits.health_connections = 1;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let _open = server.admitted().await;
    let url = server.nobody().url("");
    assert_says(&ask(&["--url", &url], &[]).await, "ok", 0);
}

/// Serves one request with that text, and returns the head of the request.
async fn answer_once(answer: &'static str) -> (String, JoinHandle<String>) {
    answer_once_on([127, 0, 0, 1].into(), answer).await
}

/// The same on that address of this machine.
async fn answer_once_on(
    address: std::net::IpAddr,
    answer: &'static str,
) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind((address, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).await.unwrap(), 0);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        head
    });
    (url, served)
}

#[tokio::test]
async fn the_token_is_sent_if_it_is_configured() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";
    let token = "0123456789abcdef";
    for (variables, sends) in [(&[][..], false), (&[("GOLDSTAR_MONITORING_TOKEN", token)], true)] {
        let (url, served) = answer_once(answer).await;
        assert_says(&ask(&["--url", &url], variables).await, "ok", 0);
        let head = within("the request", served).await.unwrap();
        assert!(head.starts_with("GET /health HTTP/1.1\r\n"), "{head}");
        let authorization = format!("authorization: bearer {token}\r\n");
        assert_eq!(head.to_lowercase().contains(&authorization), sends, "{head}");
    }
}

/// An address of this machine other than a loopback address; `None` on a machine without a network.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only chooses a route.
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback())
}

/// On a machine without a network, the unit test of the command covers this.
#[tokio::test]
async fn the_token_and_the_address_must_come_from_the_same_source() {
    let Some(own) = own_address() else { return };
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "0123456789abcdef").unwrap();
    let file = file.to_str().unwrap();
    let token = ("GOLDSTAR_MONITORING_TOKEN", "0123456789abcdef");
    for (by_flag, token_by_flag, sends) in
        [(true, false, false), (false, false, true), (true, true, true), (false, true, false)]
    {
        let (address, served) = answer_once_on(own, answer).await;
        let listen = address.replace("http://", "");
        let mut arguments = if by_flag { vec!["--url", &address] } else { vec![] };
        let mut variables = if by_flag { vec![] } else { vec![("GOLDSTAR_LISTEN", &*listen)] };
        if token_by_flag {
            arguments.extend(["--monitoring-token-file", file]);
        } else {
            variables.push(token);
        }
        assert_says(&ask(&arguments, &variables).await, "ok", 0);
        let head = within("the request", served).await.unwrap().to_lowercase();
        let cell = format!("{by_flag} {token_by_flag}: {head}");
        assert_eq!(head.contains("authorization:"), sends, "{cell}");
    }
}

#[tokio::test]
async fn another_server_is_not_healthy() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"up\"}",
        "HTTP/1.1 503 Busy\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (url, _served) = answer_once(answer).await;
        assert_fails(&ask(&["--url", &url], &[]).await, "something else than a status");
    }
    let (url, _served) = answer_once("220 smtp.example.org\r\n").await;
    assert_fails(&ask(&["--url", &url], &[]).await, "cannot reach");
}

#[tokio::test]
async fn a_missing_server_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // It accepts the connection and sends nothing.
    assert_fails(&ask(&["--listen", &address], &[]).await, "did not respond in time");
    // A port that is reserved, and on which nothing listens.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = ask(&["--listen", &address], &[]).await;
    assert_fails(&refused, &format!("cannot reach {address}"));
    assert_fails(&ask(&["--listen", "127.0.0.1:0"], &[]).await, "--url");
    for url in ["https://goldstar.example.org", "goldstar", ""] {
        assert_eq!(ask(&["--url", url], &[]).await.status.code(), Some(2), "{url}");
    }
}
