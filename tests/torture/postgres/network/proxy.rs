//! A network between a server and its database, which fails after a number of bytes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long a fault holds bytes back: about as long as a server waits before it tries again.
const DELAY: Duration = Duration::from_millis(150);
/// The name of a socket in its directory.
const SOCKET: &str = ".s.PGSQL.5432";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    ToDatabase,
    ToServer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection is cut.
    Cut,
    /// The server loses the connection, and the database gets the rest a little later.
    Late,
    /// The rest comes a little later.
    Slow,
    /// Nothing more comes in this direction, and the connection stays open.
    Silent,
}

/// A fault of the connection of the next transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) direction: Direction,
    /// The number of bytes that pass before.
    pub(super) after: usize,
    pub(super) fault: Fault,
}

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    /// Counts the plans, so that each connection notices a new one.
    number: usize,
    passed: usize,
}

/// The network. The sockets are closed when this is dropped.
pub(super) struct Network {
    folder: TempDir,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
    ends: CancellationToken,
}

/// What the two directions of a connection share.
struct Connection {
    state: Arc<Mutex<State>>,
    /// The number of the plan during which it began a transaction.
    plan: Mutex<usize>,
    ends: CancellationToken,
}

impl Network {
    /// A network to the cluster of a database's URL.
    pub(super) fn to(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let (state, ends) = (Arc::default(), CancellationToken::new());
        let target = PathBuf::from(host(url)).join(SOCKET);
        let accepting = tokio::spawn(accept(listener, target, Arc::clone(&state), ends.clone()));
        Self { folder, state, accepting, ends }
    }

    /// The URL of the same database through this network.
    pub(super) fn url(&self, url: &str) -> String {
        url.replace(host(url), self.folder.path().to_str().unwrap())
    }

    /// A name that no other network has.
    pub(super) fn name(&self) -> String {
        self.folder.path().file_name().unwrap().to_str().unwrap().trim_matches('.').to_owned()
    }

    /// Counts the bytes of the next transaction's connections, and strikes.
    pub(super) fn plan(&self, plan: Plan) {
        let mut state = self.state.lock().unwrap();
        *state = State { plan: Some(plan), number: state.number + 1, passed: 0 };
    }

    /// Ends the plan. Returns whether it has struck.
    pub(super) fn has_struck(&self) -> bool {
        self.state.lock().unwrap().plan.take().is_none()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.accepting.abort();
        self.ends.cancel();
    }
}

/// The directory of the socket in a URL.
fn host(url: &str) -> &str {
    let (_, host) = url.split_once("host=").unwrap();
    host.split('&').next().unwrap()
}

async fn accept(
    listener: UnixListener,
    target: PathBuf,
    state: Arc<Mutex<State>>,
    ends: CancellationToken,
) {
    while let Ok((server, _)) = listener.accept().await {
        // If the database cannot be reached, the server's connection is closed.
        let Ok(database) = UnixStream::connect(&target).await else { continue };
        let connection = Arc::new(Connection {
            state: Arc::clone(&state),
            plan: Mutex::default(),
            ends: ends.child_token(),
        });
        let (from_server, to_server) = server.into_split();
        let (from_database, to_database) = database.into_split();
        let one = Arc::clone(&connection);
        tokio::spawn(one.pump(Direction::ToDatabase, from_server, to_database));
        tokio::spawn(connection.pump(Direction::ToServer, from_database, to_server));
    }
}

impl Connection {
    /// Passes everything on in one direction, until either side closes the connection.
    async fn pump(
        self: Arc<Self>,
        direction: Direction,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
    ) {
        let mut buffer = vec![0; 1 << 16];
        // An error ends the connection, as its end does.
        while let Some(Ok(length @ 1..)) =
            self.ends.run_until_cancelled(from.read(&mut buffer)).await
        {
            let bytes = &buffer[..length];
            let Some((passing, fault)) = self.strikes(direction, bytes) else {
                if to.write_all(bytes).await.is_err() {
                    break;
                }
                continue;
            };
            if to.write_all(&bytes[..passing]).await.is_err() {
                break;
            }
            match fault {
                Fault::Cut => break,
                Fault::Late => {
                    drop(from);
                    self.ends.cancel();
                    sleep(DELAY).await;
                    // The database may have noticed the end.
                    return to.write_all(&bytes[passing..]).await.unwrap_or_default();
                }
                Fault::Slow => {
                    sleep(DELAY).await;
                    if to.write_all(&bytes[passing..]).await.is_err() {
                        break;
                    }
                }
                Fault::Silent => self.be_silent(&mut from, &mut buffer).await,
            }
        }
        self.ends.cancel();
    }

    /// Reads to the end, and passes nothing on.
    async fn be_silent(&self, from: &mut OwnedReadHalf, buffer: &mut [u8]) {
        let read = async { while let Ok(1..) = from.read(buffer).await {} };
        self.ends.run_until_cancelled(read).await.unwrap_or_default();
    }

    /// Counts bytes. Returns how many of them pass, and the fault, if it strikes now.
    fn strikes(&self, direction: Direction, bytes: &[u8]) -> Option<(usize, Fault)> {
        let contains = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
        let mut state = self.state.lock().unwrap();
        let mut plan = self.plan.lock().unwrap();
        if direction == Direction::ToDatabase && contains("WITH wanted AS") {
            // The first statement of a transaction, and of a read.
            *plan = state.number;
        }
        let Plan { after, fault, .. } = state.plan.filter(|it| it.direction == direction)?;
        if *plan != state.number {
            return None;
        }
        let before = state.passed;
        state.passed += bytes.len();
        if state.passed <= after {
            return None;
        }
        state.plan = None;
        Some((after - before, fault))
    }
}
