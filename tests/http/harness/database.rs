//! Servers of the API tests on PostgreSQL.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tracing::dispatcher;

use super::cluster::{execute, new_database};
use super::{Folders, goldstar};

/// Whether the tests run on PostgreSQL, as `scripts/test` runs those that concern no files.
pub(crate) fn is_on_postgres() -> bool {
    std::env::var("GOLDSTAR_TEST_STORE").is_ok_and(|store| store == "postgres")
}

/// A new database with what the data folder contains. Most tests have the same folder: their databases
/// are copies of one.
pub(crate) fn database_of(folders: &Folders) -> String {
    static COMMON: OnceLock<Common> = OnceLock::new();
    if !folders.data().exists() {
        return new_database();
    }
    let common = COMMON.get_or_init(|| {
        let folders = Folders::new();
        super::TestServer::put_admin(&folders);
        Common { files: contents(&folders), url: imported(&folders), copying: Mutex::default() }
    });
    if contents(folders) == common.files { common.copy() } else { imported(folders) }
}

/// A database, and the files that were imported into it.
struct Common {
    files: Vec<(String, Vec<u8>)>,
    url: String,
    /// A database is copied by one connection at a time.
    copying: Mutex<()>,
}

impl Common {
    fn copy(&self) -> String {
        let _turn = self.copying.lock().unwrap();
        let copy = copy_of(&self.url);
        // A copy is a restored database, whose ids have a new epoch.
        execute(&copy, "DELETE FROM meta WHERE name = 'origin'");
        copy
    }
}

/// A copy of a database that nobody uses.
pub(crate) fn copy_of(url: &str) -> String {
    let copy = new_database();
    let name = |url: &str| url.split(['/', '?']).nth(3).unwrap().to_owned();
    let all = url.replacen(&format!("/{}?", name(url)), "/postgres?", 1);
    execute(&all, &format!("DROP DATABASE {}", name(&copy)));
    execute(&all, &format!("CREATE DATABASE {} TEMPLATE {}", name(&copy), name(url)));
    copy
}

fn imported(folders: &Folders) -> String {
    let url = new_database();
    import(folders, &url);
    url
}

/// Imports the data folder into an empty database.
pub(crate) fn import(folders: &Folders, url: &str) {
    let arguments = ["import", "tinydb", "data", "--database-url", url];
    let import = goldstar(folders.root()).args(arguments).output().unwrap();
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    // As after an upgrade, the ids of event streams are plain numbers.
    execute(url, "DELETE FROM meta WHERE name = 'epoch'");
    if folders.data_file("sessions.json").exists() {
        put_sessions(folders, url);
    }
}

/// An import leaves out sessions, which some tests write by hand.
fn put_sessions(folders: &Folders, url: &str) {
    let sessions: Vec<_> = folders.rows("sessions.json").into_iter().map(|(_, row)| row).collect();
    // The length of an argument is limited.
    for sessions in sessions.chunks(200) {
        let insert = format!(
            "WITH sessions AS (
                SELECT s.value AS row, s.value->>'token_sha256' AS token, a.family_id
                FROM jsonb_array_elements($json${}$json$::jsonb) s
                JOIN accounts a ON a.id = s.value->>'user_id'
            ),
            tokens AS (INSERT INTO tokens SELECT token, family_id FROM sessions)
            INSERT INTO records (family_id, kind, id, expires_at, row)
            SELECT family_id, 'sessions', token,
                ((row->>'expires_at')::float8 * 1e6)::bigint, row::text
            FROM sessions",
            serde_json::Value::from(sessions)
        );
        execute(url, &insert);
    }
}

fn contents(folders: &Folders) -> Vec<(String, Vec<u8>)> {
    let name = |path: &std::path::Path| path.display().to_string();
    let root = name(&folders.data());
    let files = folders.data_files().into_iter();
    let mut files: Vec<_> =
        files.map(|path| (name(&path).replace(&root, ""), std::fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

/// The runtime of a server. The test's own one has a single thread, which some tests block.
pub(crate) struct ServerRuntime(Option<Runtime>);

impl ServerRuntime {
    /// A server on files runs on the test's runtime.
    pub(crate) fn of(folders: &Folders) -> Self {
        let log = dispatcher::get_default(Clone::clone);
        let mut builder = Builder::new_multi_thread();
        // What a test captures of the log is that of its thread.
        builder.on_thread_start(move || std::mem::forget(dispatcher::set_default(&log)));
        let mut build = || builder.worker_threads(1).enable_all().build().unwrap();
        Self(folders.database.get().map(|_| build()))
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match &self.0 {
            Some(runtime) => runtime.spawn(work).await.unwrap(),
            None => work.await,
        }
    }
}

impl Drop for ServerRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The thread of a runtime cannot wait for another runtime.
            let end = std::thread::spawn(|| runtime.shutdown_timeout(Duration::from_secs(5)));
            end.join().unwrap();
        }
    }
}
