//! Bodies, addresses and heads that try to use up memory: each gets an error of the usual form, and
//! the memory of the real program does not grow.

use std::fmt::Write as _;
use std::fs;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::harness::{Answer, Client, Parent, Settings, TestServer, forbidden, try_send};

/// How much the server's memory may grow, in KiB.
const ROOM: u64 = 96 << 10;

/// The peak memory of a process, in KiB; `None` if the machine does not report it.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim_end_matches("kB").trim().parse().ok()
}

/// A server that accepts bodies of 16 MiB, so that none of these bodies is rejected by its size.
async fn server() -> TestServer {
    let flags = vec![format!("--max-body-bytes={}", 16 << 20)];
    TestServer::with(Settings { binary: true, flags, ..Settings::default() }).await
}

async fn post(client: &Client, body: Vec<u8>) -> Answer {
    let request = client.request(Method::POST, "/children");
    try_send(request.header(CONTENT_TYPE, "application/json").body(body)).await.unwrap()
}

/// Each request, with a description.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |open: &str, close: &str, depth| open.repeat(depth) + &close.repeat(depth);
    let in_field = |text: &str| format!("{{\"name\":{text}}}");
    let mut many = String::from("{\"name\":\"N\"");
    let mut extra = String::from("{");
    for n in 0..100_000 {
        write!(extra, "\"key{n}\":{n},").unwrap();
        many.push_str(",\"name\":\"N\"");
    }
    let ids = vec!["\"x\""; 1_000_000].join(",");
    let number = format!("{{\"name\":\"N\",\"age\":{}}}", "9".repeat(1 << 20));
    let exponent = "{\"name\":\"N\",\"age\":1e999999999}".to_owned();
    let text = |text: String| text.into_bytes();
    vec![
        ("arrays in arrays", text(nested("[", "]", 1 << 20))),
        ("arrays that don't end", text("[".repeat(1 << 20))),
        ("objects in objects", text(nested("{\"name\":", "}", 100_000))),
        ("arrays in a field", text(in_field(&nested("[", "]", 1 << 20)))),
        ("200 arrays in a field", text(in_field(&nested("[", "]", 200)))),
        ("a hundred thousand keys", text(format!("{extra}\"name\":\"N\"}}"))),
        ("a hundred thousand times one key", text(many + "}")),
        ("a key of a megabyte", text(format!("{{\"{}\":1}}", "k".repeat(1 << 20)))),
        ("a name of eight megabytes", text(in_field(&format!("\"{}\"", "n".repeat(8 << 20))))),
        ("a million ids", text(format!("{{\"name\":\"N\",\"tasks\":[{ids}]}}"))),
        ("a number of a million digits", text(number)),
        ("an endless number", text(exponent)),
        ("bytes that are not UTF-8", b"{\"name\":\"\xff\xfe\xc0\xaf\"}".to_vec()),
        ("half a surrogate", text(in_field("\"\\ud800\""))),
        ("two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf{\"name\":\"N\"}".to_vec()),
        ("UTF-16", "{\"name\":\"N\"}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("not a number", text("{\"name\":\"N\",\"age\":NaN}".to_owned())),
        ("a comma too many", text("{\"name\":\"N\",}".to_owned())),
        ("two objects", text("{\"name\":\"N\"}{\"name\":\"N\"}".to_owned())),
        ("a NUL behind the object", b"{\"name\":\"N\"}\0".to_vec()),
    ]
}

async fn assert_unharmed(server: &TestServer, parent: &Parent) {
    assert_eq!(parent.get("/children").await.expect(200)["total"], 0);
    assert_eq!(server.nobody().get("/health").await.expect(200)["status"], "ok");
}

#[tokio::test]
async fn a_json_bomb_is_rejected_and_takes_no_memory() {
    let server = server().await;
    let parent = server.parent().await;
    let Some(before) = peak(server.pid()) else {
        return forbidden("a_json_bomb_is_rejected_and_takes_no_memory: no /proc/PID/status");
    };
    for (what, bomb) in bombs() {
        let answer = post(&parent, bomb).await;
        let start: String = answer.text.chars().take(300).collect();
        assert_eq!(answer.status, 400, "{what}: {start}");
        let code = answer.body["code"].as_str().unwrap_or_default();
        let codes = ["INVALID_JSON", "FIELD_NOT_ALLOWED", "VALIDATION_FAILED"];
        assert!(codes.contains(&code), "{what}: {start}");
        assert!(answer.text.len() < 8192, "{what} is answered with {} bytes", answer.text.len());
    }
    assert_unharmed(&server, &parent).await;
    let grown = peak(server.pid()).unwrap().saturating_sub(before);
    assert!(grown < ROOM, "{grown} KiB");
}

#[tokio::test]
async fn a_flood_of_bombs_takes_no_memory() {
    let flags = Vec::new();
    let server = TestServer::with(Settings { binary: true, flags, ..Settings::default() }).await;
    let parent = server.parent().await;
    let Some(before) = peak(server.pid()) else {
        return forbidden("a_flood_of_bombs_takes_no_memory: no /proc/PID/status");
    };
    let flood = stream::iter(0..2000).map(|n| {
        let parent = &parent;
        async move {
            let long = "x".repeat(20 << 10);
            match n % 4 {
                0 => post(parent, "[".repeat(60 << 10).into_bytes()).await.status,
                1 => post(parent, vec![b' '; 70 << 10]).await.status,
                2 => parent.get(&format!("/children/{long}?{long}")).await.status,
                _ => {
                    let request = parent.request(Method::GET, "/nowhere");
                    let request = (0..50).fold(request, |request, n| {
                        request.header(format!("X-Flood-{n}"), "y".repeat(500))
                    });
                    try_send(request).await.unwrap().status
                }
            }
        }
    });
    let statuses: Vec<u16> = flood.buffer_unordered(32).collect().await;
    let is_refusal = |status: &u16| (400..500).contains(status);
    assert!(statuses.iter().all(is_refusal), "{statuses:?}");
    assert_unharmed(&server, &parent).await;
    let grown = peak(server.pid()).unwrap().saturating_sub(before);
    assert!(grown < ROOM, "{grown} KiB");
}
