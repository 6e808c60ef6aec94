//! A family on a directory that a kill has left, and servers on copies of it.

use std::error::Error as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use goldstar::app::{self, Machine, Server, StartError, StopError};
use goldstar::config::{Config, StorageConfig};
use goldstar::disk::Disk;
use goldstar::followers::audit_log;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Admin, Client, Family, Folders, TestServer, names, within};

/// The start of every copy: the folders of a killed server, whose journal must be replayed.
pub(super) struct Home {
    folders: Folders,
    pub(super) family: Family,
    admin: Admin,
    /// The rows of the tracking table.
    pub(super) rows: Vec<Value>,
}

/// The number of events at the start.
const EVENTS: usize = 5;

impl Home {
    pub(super) async fn new() -> Self {
        let mut server = TestServer::process().await;
        let (family, admin) = (server.family().await, server.admin().await);
        for _ in 0..EVENTS {
            family.event().await;
        }
        server.kill();
        let folders = server.folders.clone();
        Self { rows: folders.events(), folders, family, admin }
    }

    /// A copy of its folders.
    pub(super) fn copy(&self) -> Folders {
        copy_of(&self.folders)
    }
}

/// A copy of a server's folders as a kill would leave them now.
pub(super) fn copy_of(folders: &Folders) -> Folders {
    let copy = Folders::new();
    // The note about the written logs must not be ahead of the logs, so it is copied first.
    let note = fs::read(folders.data_file("journal/followers"));
    // The journal is always ahead of the other files, so it is copied last.
    copy_files(&folders.logs(), &copy.logs());
    copy_files(&folders.data(), &copy.data());
    copy_files(&folders.data().join("journal"), &copy.data().join("journal"));
    let copied = copy.data_file("journal/followers");
    match note {
        Ok(note) => fs::write(copied, note).unwrap(),
        Err(_) if copied.exists() => fs::remove_file(copied).unwrap(),
        Err(_) => {}
    }
    copy
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in names(from).into_iter().filter(|name| from.join(name).is_file()) {
        match fs::copy(from.join(&name), to.join(&name)) {
            // It was renamed in the meantime.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
}

/// A server on a copy, and the browsers of its two users.
pub(super) struct Served {
    pub(super) parent: Client,
    pub(super) admin: Client,
    shutdown: CancellationToken,
    server: Server,
}

impl Served {
    /// Starts a server; the error contains all causes.
    pub(super) async fn start(
        home: &Home,
        folders: &Folders,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let storage = StorageConfig {
            backups: None,
            erasures_dir: None,
            data_dir: folders.data(),
            is_data_dir_named: true,
            prefers_data_dir: true,
            database_url: None,
            log_dir: folders.logs(),
            audit_output: audit_log::AuditOutput::Files,
            audit_log: audit_log::Settings::default(),
        };
        let config = Config { storage, ..Config::default() };
        let (machine, shutdown) =
            (Machine { disk, ..Machine::default() }, CancellationToken::new());
        let launched = app::launch_on(machine, config, listener, shutdown.clone());
        let server = within("a start", launched).await.map_err(|error| reason(&error))?;
        let (parent, admin) = (home.family.parent.at(address), home.admin.at(address));
        Ok(Self { parent, admin, shutdown, server })
    }

    /// Stops it as a SIGTERM does; the error says why its files are not complete.
    pub(super) async fn stop(self) -> Result<(), StopError> {
        self.shutdown.cancel();
        within("a stop", self.server.ended()).await
    }
}

/// The message that an operator reads.
fn reason(error: &StartError) -> String {
    assert!(!error.is_damage(), "a fault of the disk was taken for damage: {error}");
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
