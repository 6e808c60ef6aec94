//! A real full disk: a small file system for the real program's data or logs.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use crate::harness::{
    Admin, Family, Folders, Process, Settings, SmallDisk, TestServer, assert_error, event_ids,
    eventually, text,
};

/// The space that is left to the server. Its own changes fill it.
const ROOM: usize = 512 << 10;
/// Many more changes than fit into it.
const CHANGES: usize = 20_000;
/// The number of concurrent requests.
const WIDTH: usize = 8;
const SIZE: &str = "4m";

/// The program, a family, and the ids of the confirmed events.
struct Scene {
    server: TestServer,
    family: Family,
    admin: Admin,
    acknowledged: Vec<String>,
}

impl Scene {
    async fn on(folders: Folders) -> Self {
        TestServer::put_admin(&folders);
        let settings = Settings { binary: true, log_max_bytes: 0, ..Settings::default() };
        let server = TestServer::on(folders, settings).await;
        let (family, admin) = (server.family().await, server.admin().await);
        Self { server, family, admin, acknowledged: Vec::new() }
    }

    /// Sends some concurrent changes; returns whether one failed because the disk is full.
    async fn is_refused(&mut self, width: usize) -> bool {
        let Family { parent, child, task, .. } = &self.family;
        let answers = join_all((0..width).map(|_| parent.activate(child, task))).await;
        let mut is_refused = false;
        for answer in answers {
            if answer.status == 200 {
                self.acknowledged.push(text(&answer.body["tracking_event"]["id"]));
            } else {
                assert_error(&answer, 507, "STORAGE_FULL");
                is_refused = true;
            }
        }
        is_refused
    }

    /// Sends changes until not even one of them succeeds.
    async fn fill_by_load(&mut self) {
        for width in [WIDTH, 1] {
            let mut changes = 0;
            while !self.is_refused(width).await {
                changes += width;
                assert!(changes < CHANGES, "it never was full");
            }
        }
    }

    /// Sends changes that must succeed.
    async fn work(&mut self) {
        for _ in 0..10 {
            assert!(!self.is_refused(1).await, "there is room");
        }
    }

    /// Checks that the responses contain all confirmed events and no others.
    async fn check_answers(&self) {
        let mut rows: Vec<Value> = Vec::new();
        loop {
            let path = format!("/admin/tracking?order=asc&limit=500&offset={}", rows.len());
            let mut page = self.admin.get(&path).await.expect(200);
            let page = page["tracking_events"].as_array_mut().unwrap();
            if page.is_empty() {
                break;
            }
            rows.append(page);
        }
        self.check_rows(&rows);
        let points = 50 + 5 * i64::try_from(self.acknowledged.len()).unwrap();
        assert_eq!(self.family.parent.points(&self.family.child).await, points);
        self.family.parent.get("/children").await.expect(200);
    }

    fn check_rows(&self, rows: &[Value]) {
        assert_eq!(rows.len(), self.acknowledged.len());
        let found: BTreeSet<_> = rows.iter().map(|row| text(&row["id"])).collect();
        assert_eq!(found, self.acknowledged.iter().cloned().collect());
    }

    async fn eventually_is(&self, status: &str) {
        eventually(status, async || {
            (self.admin.get("/health").await.body["status"] == status).then_some(())
        })
        .await;
    }

    /// Checks that the server recovers once there is space, and that responses and files contain
    /// everything.
    async fn go_on_to_the_end(mut self) {
        self.work().await;
        self.eventually_is("ok").await;
        self.check_answers().await;
        self.server.restart().await;
        self.check_answers().await;
        self.server.stop().await;
        let folders = &self.server.folders;
        let rows = folders.events();
        self.check_rows(&rows);
        let logged = event_ids(&folders.log_lines(&self.family.parent.id));
        assert!(logged.into_iter().eq(rows.iter().map(|row| text(&row["id"]))), "the log");
        let child = folders.record("children.json", &self.family.child);
        assert_eq!(child["points"], rows.last().unwrap()["points_after"]);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_changes_until_there_is_room() {
    let folders = Folders::new();
    let Some(disk) = SmallDisk::mount(&folders.data(), SIZE, Some(&folders)) else { return };
    let mut scene = Scene::on(folders).await;
    scene.work().await;
    disk.fill_but(ROOM);
    scene.fill_by_load().await;
    let health = scene.admin.get("/health").await.expect(503);
    assert_eq!(
        (&health["status"], &health["reason"]),
        (&"failing".into(), &"the disk is full".into())
    );
    scene.check_answers().await;
    disk.make_room();
    // No change is requested in the meantime.
    scene.eventually_is("ok").await;
    scene.go_on_to_the_end().await;
}

#[tokio::test]
async fn a_kill_on_a_full_disk_loses_nothing() {
    let folders = Folders::new();
    let Some(disk) = SmallDisk::mount(&folders.data(), SIZE, Some(&folders)) else { return };
    let mut scene = Scene::on(folders).await;
    disk.fill_but(ROOM);
    scene.fill_by_load().await;
    scene.server.kill();
    // It may find enough space. Otherwise, the error must say what is missing.
    for _ in 0..2 {
        match Process::start(&scene.server.folders, &[]) {
            Ok(process) => process.kill(),
            Err(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(said.contains("No space left on device"), "{said}");
            }
        }
    }
    disk.make_room();
    scene.server.start_again().await;
    scene.check_answers().await;
    scene.go_on_to_the_end().await;
}

#[tokio::test]
async fn full_logs_refuse_nothing_and_catch_up() {
    let folders = Folders::new();
    let Some(disk) = SmallDisk::mount(&folders.logs(), SIZE, Some(&folders)) else { return };
    let mut scene = Scene::on(folders).await;
    disk.fill_but(0);
    // The rest of a block may still have room for a line.
    for _ in 0..5 {
        scene.work().await;
    }
    scene.eventually_is("degraded").await;
    scene.check_answers().await;
    scene.server.kill();
    scene.server.start_again().await;
    scene.work().await;
    scene.eventually_is("degraded").await;
    disk.make_room();
    scene.go_on_to_the_end().await;
}
