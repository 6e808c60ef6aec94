//! Stopping a server with signals: the first stops it cleanly, the second at once.

use std::fs;
use std::process::{Command, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::harness::{
    Folders, Process, Settings, TestServer, eventually, goldstar_after, names, python_command,
    text, within,
};

#[tokio::test]
async fn a_stop_by_a_signal_is_clean() {
    for signal in ["TERM", "INT"] {
        let mut server = TestServer::process().await;
        let family = server.family().await;
        let mut stream = family.parent.events("/events").await;
        family.event().await;
        stream.next().await;
        let (status, said) = server.stop_by(signal);
        assert_eq!(status.code(), Some(0), "SIG{signal}");
        assert!(said.contains(&format!("SIG{signal}")), "{said}");
        // The small tables are complete.
        let child = server.folders.record("children.json", &family.child);
        assert_eq!(child["points"], 55);
    }
}

/// A request whose handler waits for a body that does not come.
async fn hang(server: &TestServer) -> BufReader<TcpStream> {
    let address = server.nobody().url("").replace("http://", "");
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    let head = "POST /auth/signup HTTP/1.1\r\nHost: goldstar\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    within("the server's wish for the body", stream.read_line(&mut line)).await.unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    stream.write_all(b"{\"first_name\"").await.unwrap();
    stream
}

#[tokio::test]
async fn a_second_signal_ends_a_stop_that_waits_and_loses_nothing() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("INT", "TERM")] {
        let waits = ["--shutdown-timeout=3600", "--body-timeout=3599", "--request-timeout=3600"];
        let flags = waits.map(str::to_owned).into();
        let settings = Settings { binary: true, flags, ..Settings::default() };
        let mut server = TestServer::with(settings).await;
        let family = server.family().await;
        let acknowledged = [text(&family.event().await["id"]), text(&family.event().await["id"])];
        let mut hanging = hang(&server).await;
        server.signal(first);
        let address = server.nobody().url("").replace("http://", "");
        eventually("the first signal's effect", async || {
            TcpStream::connect(&address).await.err().map(drop)
        })
        .await;
        let (status, said) = server.stop_by(second);
        assert_eq!(status.code(), Some(1), "{said}");
        for what in [format!("SIG{first}"), format!("SIG{second}"), "at once".to_owned()] {
            assert!(said.contains(&what), "{said}");
        }
        let mut rest = Vec::new();
        // Whether the connection is closed or reset, there is no response.
        within("its end", hanging.read_to_end(&mut rest)).await.unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&rest).trim(), "");
        server.start_again().await;
        let events: Vec<_> =
            server.folders.events().iter().map(|event| text(&event["id"])).collect();
        assert_eq!(events, acknowledged);
        assert_eq!(family.parent.points(&family.child).await, 60);
    }
}

#[tokio::test]
async fn an_ignored_sighup_stays_ignored() {
    let folders = Folders::new();
    let server = Process::start_after("trap '' HUP", &folders, &[]).expect("it starts");
    server.signal("HUP");
    let (status, said) = server.stop_and_read("TERM");
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains("SIGHUP"), "{said}");
}

#[tokio::test]
async fn a_server_whose_output_is_full_serves_and_stops() {
    let folders = Folders::new();
    // As many bytes as a pipe can contain, which nobody reads.
    let mut shell = goldstar_after("head -c 65536 /dev/zero", folders.root());
    shell.args(["--listen", "127.0.0.1:0"]);
    let log = folders.root().join("log");
    shell.stdout(Stdio::piped()).stderr(fs::File::create(&log).unwrap());
    let mut server = shell.spawn().unwrap();
    eventually("its first line", async || {
        fs::read_to_string(&log).unwrap().contains(" serving ").then_some(())
    })
    .await;
    let kill = format!("kill -TERM {}", server.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let status = eventually("its end", async || server.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_server_in_a_terminal_stops_when_the_terminal_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = python_command("terminal.py");
    terminal.arg(env!("CARGO_BIN_EXE_goldstar")).current_dir(folder.path());
    terminal.args(["--listen", "127.0.0.1:0", "--server-log-dir", "log"]);
    let mut terminal = terminal.stdin(Stdio::piped()).spawn().unwrap();
    let said = async |what: &str| {
        eventually(what, async || {
            let names = names(&folder.path().join("log"));
            let name = names.first()?;
            let log = fs::read_to_string(folder.path().join("log").join(name)).unwrap();
            log.contains(what).then_some(log)
        })
        .await
    };
    said(" serving ").await;
    drop(terminal.stdin.take());
    let log = said(" stopped").await;
    assert!(log.contains("signal=\"SIGHUP\""), "{log}");
    terminal.wait().unwrap();
}
