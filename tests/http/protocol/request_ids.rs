//! Every request has an id, in its response and in each of its log lines.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use goldstar::app::Machine;
use goldstar::clock::Clock;
use goldstar::config::Config;
use reqwest::Method;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{Fails, FaultyDisk, Settings, TestServer, assert_error, eventually, send};

/// The log lines of a test's own thread, in the format of the server log.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Collects lines while the guard exists. The server's async work runs on the test's thread.
    pub(crate) fn collect() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone()).finish();
        (lines, tracing::subscriber::set_default(log))
    }

    /// All lines.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of a request.
    fn of(&self, id: &str) -> Vec<String> {
        let text = self.text();
        let span = format!(" request{{id={id}}}: ");
        text.lines().filter(|line| line.contains(&span)).map(str::to_owned).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn behind_a_proxy(config: &mut Config) {
    config.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

async fn id_for(server: &TestServer, given: &str) -> String {
    let request = server.nobody().request(Method::GET, "/health");
    let answer = send(request.header("X-Request-Id", given)).await;
    answer.header("x-request-id").to_owned()
}

#[tokio::test]
async fn a_trusted_proxy_can_choose_the_id() {
    let settings = Settings { configure: behind_a_proxy, ..Settings::default() };
    let server = TestServer::with(settings).await;
    assert_eq!(id_for(&server, "4bf92f35-77b3.4da6_x").await, "4bf92f35-77b3.4da6_x");
    for refused in ["a b", "a\"b", "a{b}", &"x".repeat(65)] {
        let id = id_for(&server, refused).await;
        assert!(id != refused && !id.is_empty(), "{refused}: {id}");
    }
}

#[tokio::test]
async fn the_id_is_on_the_request_s_line_and_on_its_error_s() {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let (lines, _collecting) = Lines::collect();
    disk.fail_in("journal", Fails::Writes, ErrorKind::Other);
    let answer = family.parent.activate(&family.child, &family.task).await;
    assert_error(&answer, 503, "NOT_DURABLE");
    let lines = lines.of(answer.header("x-request-id"));
    let [error, own] = &lines[..] else { panic!("{lines:#?}") };
    assert!(error.contains(" ERROR ") && error.contains("NOT_DURABLE"), "{error}");
    let route = "method=POST route=/children/{id}/tasks/{task_id}/activate status=503 duration_ms=";
    assert!(own.contains(" INFO ") && own.contains(route), "{own}");
    assert!(own.ends_with(" client=127.0.0.1"), "{own}");
    disk.repair();
}

#[tokio::test]
async fn the_id_is_on_the_lines_of_background_work() {
    let disk = FaultyDisk::default();
    let micros = Arc::new(AtomicI64::new(1_770_662_535_000_000));
    let clock = Clock::manual(Arc::clone(&micros));
    let machine = Machine { clock, disk: Arc::new(disk.clone()), ..Machine::default() };
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let parent = server.parent().await;
    let (lines, _collecting) = Lines::collect();
    // Two hours later, the use of the session must be written, and the write fails.
    micros.fetch_add(7_200_000_000, Ordering::Relaxed);
    disk.fail_in("journal", Fails::Writes, ErrorKind::Other);
    let answer = parent.get("/auth/me").await;
    assert_eq!(answer.status, 200);
    eventually("the warning", async || {
        let lines = lines.of(answer.header("x-request-id"));
        lines.iter().any(|line| line.contains("record the use of a session")).then_some(())
    })
    .await;
    disk.repair();
}

#[tokio::test]
async fn the_client_of_a_trusted_proxy_is_on_the_line() {
    let settings = Settings { configure: behind_a_proxy, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let (lines, _collecting) = Lines::collect();
    let request = server.nobody().request(Method::GET, "/api/children/some-id?limit=secret");
    let answer = send(request.header("X-Forwarded-For", "198.51.100.7")).await;
    let lines = lines.of(answer.header("x-request-id"));
    assert!(lines[0].contains("route=/children/{id} status=401"), "{lines:?}");
    assert!(lines[0].ends_with("client=198.51.100.7"), "{lines:?}");
    assert!(!lines[0].contains("some-id") && !lines[0].contains("secret"), "{lines:?}");
}
