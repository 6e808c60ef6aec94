//! A server behind `PgBouncer` in transaction mode, which gives each transaction any of its connections.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::harness::cluster::{Cluster, Options, execute, unprivileged};
use crate::harness::{Folders, Process, Settings, TestServer, forbidden, goldstar, text};

const SCRIPT: &str = include_str!("pooler.sh");

/// What `docs/operations.md` says to do.
const IGNORE: &str = "ignore_startup_parameters = options";
const LIMITS: [&str; 3] = [
    "ALTER ROLE goldstar SET statement_timeout = '5s'",
    "ALTER ROLE goldstar SET lock_timeout = '2s'",
    "ALTER ROLE goldstar SET idle_in_transaction_session_timeout = '10s'",
];

/// A `PgBouncer`, until this is dropped.
struct Pooler {
    keeper: Child,
    /// The URL of a database through it.
    url: String,
}

impl Pooler {
    /// A pooler in front of a database's cluster; `None` if this machine has none.
    fn start(direct: &str, settings: &str) -> Option<Self> {
        if Command::new("pgbouncer").arg("--version").output().is_err() {
            forbidden("PgBouncer in front of the database: it isn't installed");
            return None;
        }
        let (rest, host) = direct.split_once("?host=").unwrap();
        let host = host.split('&').next().unwrap();
        let mut command = unprivileged();
        command.args(["sh", "-c", SCRIPT, "sh", host, settings]);
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut directory = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut directory).unwrap();
        assert!(directory.starts_with('/'), "PgBouncer {directory}");
        Some(Self { keeper, url: format!("{rest}?host={}", directory.trim_end()) })
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // Closes its standard input first, so that it ends.
        let ended = self.keeper.wait();
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}

/// The error of a start with these URLs.
fn refused(url: &str, listen: Option<&str>) -> String {
    let flags = [format!("--database-url={url}")];
    let listen = listen.map(|listen| format!("--database-listen-url={listen}"));
    let flags: Vec<String> = flags.into_iter().chain(listen).collect();
    let Err(output) = Process::start(&Folders::new(), &flags) else { panic!("it started") };
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_behind_a_pooler_with_a_direct_url_for_notifications() {
    let cluster = Cluster::start(Options::default());
    let direct = cluster.new_database();
    let Some(pooler) = Pooler::start(&direct, IGNORE) else { return };
    // Another command, and with it the migrations.
    let folders = Folders::new();
    folders.put_flask_data();
    let import = ["import", "tinydb", "data", "--database-url", &pooler.url];
    let imported = goldstar(folders.root()).args(import).output().unwrap();
    assert!(imported.status.success(), "{imported:?}");
    let error = refused(&pooler.url, Some(&direct));
    assert!(LIMITS.iter().all(|remedy| error.contains(remedy)), "{error}");
    for remedy in LIMITS {
        execute(&direct, remedy);
    }
    // The pooler's connections have the limits from their beginning.
    drop(pooler);
    let pooler = Pooler::start(&direct, IGNORE).unwrap();
    let error = refused(&pooler.url, None);
    assert!(error.contains("set `database_listen_url`"), "{error}");
    let flags = vec![format!("--database-listen-url={direct}")];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let one = TestServer::on_database(&pooler.url, settings.clone()).await;
    let other = TestServer::on_database(&pooler.url, settings).await;
    let family = one.family().await;
    let mut stream = family.parent.at(other.socket_address()).events("/events").await;
    let mut sent = Vec::new();
    for _ in 0..20 {
        sent.push(text(&family.event().await["id"]));
    }
    let frames = stream.take(sent.len()).await;
    for (frame, id) in frames.iter().zip(&sent) {
        assert_eq!(frame.event_id(), id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_refuses_options_is_named() {
    let direct = crate::harness::cluster::new_database();
    let Some(pooler) = Pooler::start(&direct, "") else { return };
    let error = refused(&pooler.url, Some(&direct));
    assert!(error.contains(IGNORE), "{error}");
}
