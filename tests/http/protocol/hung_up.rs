//! A client that disconnects before the response: the change still has all its effects.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use goldstar::app::Machine;
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

use crate::harness::person::Session;
use crate::harness::wire::Wire;
use crate::harness::{
    Events, Family, Operation, PASSWORD, Policy, Scrape, Settings, TestServer, Watched, eventually,
    send,
};

/// How often a stream checks its session. A stream that ends earlier was closed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The real disk. Once it is armed, the next change of a session waits until it is released. (A
/// disk that delays every sync could delay one that is not a change.)
type HeldDisk = Watched<Held>;

#[derive(Default)]
struct Held {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Armed,
    Holds,
}

impl Held {
    fn set(&self, state: State) {
        *self.state.lock().unwrap() = state;
        self.released.notify_all();
    }

    /// Waits until a change of a session waits.
    async fn reached(&self) {
        eventually("a change of a session", async || {
            (*self.state.lock().unwrap() == State::Holds).then_some(())
        })
        .await;
    }
}

impl Policy for Held {
    fn around<T>(
        &self,
        operation: Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if path.parent().is_some_and(|folder| folder.ends_with("journal")) {
            let mut state = self.state.lock().unwrap();
            match operation {
                Operation::Write(write) if *state == State::Armed => {
                    let row = br#"["row", "sessions.json""#;
                    if write.bytes.windows(row.len()).any(|window| window == row) {
                        *state = State::Holds;
                    }
                }
                Operation::Sync => {
                    let is_held = |state: &mut State| *state == State::Holds;
                    drop(self.released.wait_while(state, is_held).unwrap());
                }
                _ => {}
            }
        }
        work()
    }
}

/// Sends a request, disconnects while its change waits for the disk, and then releases the disk.
/// Checks that the stream of `ending` closes, and not because of its heartbeat.
async fn assert_closes(
    server: &TestServer,
    disk: &HeldDisk,
    what: &str,
    request: String,
    ending: &Session,
) {
    let monitor = server.nobody();
    let connections = async || Scrape::by(&monitor).await.get("connections");
    let mut wire = Wire::connect(server).await;
    disk.set(State::Armed);
    wire.send(request).await;
    disk.reached().await;
    let before = connections().await;
    drop(wire);
    eventually("the server to see the disconnection", async || {
        (connections().await < before).then_some(())
    })
    .await;
    // The session has not ended yet.
    let stream = server.nobody().request(Method::GET, "/events").header(COOKIE, &ending.cookie);
    let opened = Instant::now();
    let mut stream = Events::open(stream).await;
    disk.set(State::Open);
    stream.assert_end().await;
    assert!(opened.elapsed() < HEARTBEAT, "{what}: only the heartbeat ended the stream");
    let me = server.nobody().request(Method::GET, "/auth/me").bearer_auth(&ending.token);
    assert_eq!(send(me).await.status, 401, "{what}");
}

/// A request with this body, if it has one.
fn request(session: &Session, method: &str, path: &str, body: Option<&Value>) -> String {
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = format!("Content-Length: {}", body.len());
    session.head(method, path, &["Content-Type: application/json", &length]) + &body
}

#[tokio::test]
async fn streams_of_ended_sessions_close_even_if_the_client_disconnects() {
    let disk = HeldDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let Family { parent, child, .. } = server.family().await;
    let own = async |method: &str, path: &str, body: Option<Value>| {
        let session = Session::of(&server, &parent).await;
        let request = request(&session, method, path, body.as_ref());
        assert_closes(&server, &disk, path, request, &session).await;
    };
    let login = json!({"email": parent.email, "password": PASSWORD});
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    own("POST", "/auth/logout", None).await;
    own("POST", "/auth/login", Some(login)).await;
    own("POST", "/auth/child-session", Some(json!({"child_id": child}))).await;
    own("PUT", "/auth/password", Some(change)).await;

    let session = Session::of(&server, &parent).await;
    let childs = Session::of_child(&server, &parent, &child).await;
    let path = format!("/children/{child}");
    let delete = request(&session, "DELETE", &path, None);
    assert_closes(&server, &disk, "the child's deletion", delete, &childs).await;

    own("POST", "/user/mark-for-deletion", Some(json!({"password": PASSWORD}))).await;
}
