//! A directory or a database with several families, and the programs that serve it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::harness::{Admin, Client, Folders, Parent, Settings, TestServer, goldstar};

const FAMILIES: usize = 8;
/// The opening points of a family's two children.
pub(crate) const OPENING: [i64; 2] = [1000, 60];
/// The length of the record that makes the journal grow fast.
const BALLAST: usize = 1 << 20;

pub(crate) struct Family {
    pub(crate) parent: Parent,
    /// The browser of the first child.
    pub(crate) kid: Client,
    pub(crate) children: Vec<String>,
    /// One that adds points, and one that subtracts them.
    pub(crate) tasks: Vec<String>,
    pub(crate) rewards: Vec<String>,
}

pub(crate) struct Home {
    /// One on a directory, or several on a database.
    pub(crate) servers: Vec<TestServer>,
    /// A browser without a session at each server.
    pub(crate) gates: Vec<Client>,
    pub(crate) admin: Admin,
    pub(crate) families: Vec<Family>,
}

impl Home {
    /// Starts a server on a new directory.
    pub(crate) async fn new(folders: Folders) -> Self {
        let server = TestServer::on(folders, settings()).await;
        Self::of(vec![server], FAMILIES).await
    }

    /// Creates families at running servers.
    pub(crate) async fn of(servers: Vec<TestServer>, families: usize) -> Self {
        let admin = servers[0].admin().await;
        let gates = servers.iter().map(TestServer::nobody).collect();
        let mut home = Self { servers, gates, admin, families: Vec::new() };
        for _ in 0..families {
            home.families.push(Family::new(&home.servers[0]).await);
        }
        home
    }

    pub(crate) fn is_on_database(&self) -> bool {
        self.folders().database.get().is_some()
    }

    pub(crate) fn folders(&self) -> &Folders {
        &self.servers[0].folders
    }
}

/// The settings of the real program.
pub(crate) fn settings() -> Settings {
    let flags = ["--server-log=error", "--logins-per-address=0"].map(str::to_owned);
    // The log must contain every event.
    Settings { binary: true, log_max_bytes: 0, flags: flags.into(), ..Settings::default() }
}

impl Family {
    async fn new(server: &TestServer) -> Self {
        let parent = server.parent().await;
        let mut children = Vec::new();
        for points in OPENING {
            children.push(parent.child("Mía", points).await);
        }
        let tasks = vec![parent.task("Good", 5).await, parent.penalty("Bad", 9).await];
        let rewards = vec![parent.reward("Small", 12).await, parent.reward("Large", 70).await];
        let kid = parent.hand_over(server.nobody(), &children[0]).await.0;
        Self { parent, kid, children, tasks, rewards }
    }
}

/// A directory with an administrator and one child, which has a large unknown field: each change of
/// that child is a frame of that size.
pub(crate) fn prepared() -> Folders {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let child = json!({
        "id": "ballast", "user_id": "admin-1", "name": "Ballast", "age": 1, "points": 0,
        "drawing": "x".repeat(BALLAST),
    });
    folders.put("children.json", &json!({"_default": {"1": child}}).to_string());
    folders
}

/// Changes the large record until the server is killed.
pub(crate) async fn grow_the_journal(admin: &Admin) {
    for age in (1..100).cycle() {
        let request = admin.request(reqwest::Method::PATCH, "/children/ballast");
        let answered = crate::harness::try_send(request.json(&json!({"age": age}))).await;
        let Ok(answer) = answered else { return };
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// Starts the program, and kills it after this time, whatever it is doing then.
pub(crate) async fn kill_a_start(folders: &Folders, after: Duration) {
    let mut command = goldstar(folders.root());
    command.arg("--data-dir").arg(folders.data()).arg("--log-dir").arg(folders.logs());
    command.args(["--listen=127.0.0.1:0", "--log-max-bytes=0", "--server-log=error"]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    tokio::time::sleep(after).await;
    let ended = child.try_wait().unwrap();
    assert!(ended.is_none(), "it did not start: {ended:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}
