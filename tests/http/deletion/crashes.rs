//! Kills before each change that a deletion makes on the disk, and within each write.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use goldstar::app::Machine;
use serde_json::Value;

use super::folders::holders;
use super::home::{Home, interleaved};
use super::pictures::{Camera, Picture};
use super::{mark, queue, run, set_threshold, unscheduled};
use crate::harness::{
    Admin, DAY, Folders, Hand, Settings, TestServer, eventually, names, python, within,
};

/// The tables with a family's records.
const TABLES: [&str; 5] =
    ["users.json", "children.json", "tasks.json", "rewards.json", "pending_rewards.json"];

/// What must exist in the end, whatever the crash.
#[derive(Debug, PartialEq)]
pub(crate) struct Rest {
    /// The records of all other accounts, with their row numbers.
    records: BTreeMap<&'static str, Vec<(u64, Value)>>,
    /// All events; those of the account are anonymised.
    events: Vec<(u64, Value)>,
    /// The audit log of the other family.
    log: Vec<String>,
}

impl Rest {
    /// What the deletion of `gone` must leave, computed before or after it. `other` is the other
    /// account.
    pub(crate) fn of(folders: &Folders, gone: &str, other: &str) -> Self {
        let is_other = |(_, row): &(u64, Value)| row["id"] != gone && row["user_id"] != gone;
        // TinyDB leaves an empty file for a table that was never written.
        let is_written = |name| fs::metadata(folders.data_file(name)).unwrap().len() > 0;
        let rows = |name| if is_written(name) { folders.rows(name) } else { Vec::new() };
        let records = |name| rows(name).into_iter().filter(is_other).collect();
        let anonymous = |(number, mut event): (u64, Value)| {
            if event["user_id"] == gone {
                event["user_id"] = Value::Null;
            }
            (number, event)
        };
        Self {
            records: TABLES.map(|name| (name, records(name))).into(),
            events: folders.rows("tracking_events.json").into_iter().map(anonymous).collect(),
            log: folders.lines_now(other),
        }
    }
}

/// Two families, of which the first is due, on a disk that takes pictures.
struct Scene {
    server: TestServer,
    camera: Camera,
    clock: Hand,
    machine: Machine,
    admin: Admin,
    gone: Home,
    other: Home,
    rest: Rest,
}

impl Scene {
    async fn set() -> Self {
        let folders = Folders::new();
        TestServer::put_admin(&folders);
        let (clock, machine) = Hand::new();
        let camera = Camera::of(&folders);
        let disk = Arc::new(camera.clone());
        let filmed = Machine { disk, ..machine.clone() };
        let settings = Settings { machine: filmed, configure: unscheduled, ..Settings::default() };
        let mut server = TestServer::on(folders, settings).await;
        let admin = server.admin().await;
        set_threshold(&admin, 24).await;
        let gone = Home::of(server.parent().await).await;
        let other = Home::of(server.parent().await).await;
        let browser = gone.parent.hand_over(server.nobody(), &gone.children[0]).await;
        interleaved(&gone, &other).await;
        drop(browser);
        mark(&gone.parent).await.expect(202);
        server.stop().await;
        let rest = Rest::of(&server.folders, &gone.parent.id, &other.parent.id);
        server.start_again().await;
        Self { server, camera, clock, machine, admin, gone, other, rest }
    }

    /// Deletes the account and stops the server; returns the pictures.
    async fn film(&mut self) -> Vec<Picture> {
        self.camera.start();
        self.clock.forward(DAY);
        // The run at the start may already have found it due.
        run(&self.admin).await;
        assert_eq!(queue(&self.admin).await["count"], 0);
        self.server.stop().await;
        self.camera.stop()
    }

    /// Starts on the files of a crash, waits until the account is deleted, and stops.
    async fn go_on(&self, folders: Folders) {
        let machine = self.machine.clone();
        let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
        let mut server = TestServer::on(folders, settings).await;
        let admin = self.admin.at(server.socket_address());
        let gone = async || (queue(&admin).await["count"] == 0).then_some(());
        eventually("the account's end", gone).await;
        let id = &self.gone.parent.id;
        let traceless = async || holders(&server.folders, id).is_empty().then_some(());
        eventually("the end of its last traces, in a running server", traceless).await;
        within("the end of a server", server.stop()).await;
    }

    fn check(&self, folders: &Folders, crash: &str) {
        let Self { gone, other, rest, .. } = self;
        assert_eq!(&Rest::of(folders, "", &other.parent.id), rest, "{crash}");
        for text in [&gone.parent.id, &gone.parent.email] {
            let holders = holders(folders, text);
            assert!(holders.is_empty(), "{crash}: {text} is in {holders:?}");
        }
        let log = format!("tracking_user_{}.log", other.parent.id);
        assert_eq!(names(&folders.logs()), ["account_deletion.log", &log], "{crash}");
        for session in folders.rows("sessions.json") {
            assert_ne!(session.1["user_id"], *gone.parent.id, "{crash}");
        }
    }
}

#[tokio::test]
async fn a_deletion_continues_after_a_crash_at_any_change_or_within_any_write() {
    let mut scene = Scene::set().await;
    let pictures = scene.film().await;
    for step in [
        "writing data/journal/",
        "writing data/tracking_events.json",
        "removing logs/tracking_user_",
    ] {
        let taken = pictures.iter().any(|picture| picture.before.starts_with(step));
        assert!(taken, "no picture before {step}");
    }
    let mut all = Vec::new();
    for (number, Picture { folders, before }) in pictures.into_iter().enumerate() {
        let crash = format!("a crash at change {number}, before {before}");
        scene.go_on(folders.clone()).await;
        scene.check(&folders, &crash);
        all.push(folders);
    }
    let data: Vec<_> = all.iter().map(Folders::data).collect();
    let paths: Vec<_> = data.iter().map(|path| &**path).collect();
    let counted = python("open_tables.py", &paths, "").stdout;
    assert_eq!(String::from_utf8(counted).unwrap().lines().count(), all.len());
}
