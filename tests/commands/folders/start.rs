//! A server that is stopped while it opens its data.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use goldstar::app::{self, Machine, StartError};
use goldstar::config::{Config, StorageConfig};

use crate::harness::{FaultyDisk, Folders, eventually, goldstar, within};

/// A start takes seconds to read them, and the test writes them quickly.
const EVENTS: usize = 200_000;

fn put_long_history(folders: &Folders) {
    let mut text = String::from("{\"_default\": {");
    for number in 1..=EVENTS {
        let comma = if number == 1 { "" } else { ", " };
        write!(
            text,
            "{comma}\"{number}\": {{\"id\": \"e{number}\", \"user_id\": \"u1\", \"child_id\": \"c1\", \
             \"entity_type\": \"task\", \"entity_id\": \"t1\", \"action\": \"activated\", \
             \"points_before\": 0, \"points_after\": 0, \"delta\": 0, \"occurred_at\": \
             \"2026-02-09T18:42:15.123456Z\", \"created_at\": \"2026-02-09T18:42:15.123456Z\", \
             \"metadata\": null}}"
        )
        .unwrap();
    }
    folders.put("tracking_events.json", &(text + "}}"));
}

#[tokio::test]
async fn a_signal_stops_a_server_that_still_reads_its_data() {
    for signal in ["TERM", "INT"] {
        let folders = Folders::new();
        put_long_history(&folders);
        let mut command = goldstar(folders.root());
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(folders.data());
        command.arg("--log-dir").arg(folders.logs());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = child.id().to_string();
        eventually("the lock", async || {
            let held = fs::read_to_string(folders.data_file(".goldstar.lock")).unwrap_or_default();
            (held.trim() == pid).then_some(())
        })
        .await;
        let script = format!("kill -{signal} {pid}");
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
        let ended = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        let output = within("the end", ended).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("stopped while the data was opened"), "{said}");
        assert!(output.stdout.is_empty(), "it has served");
    }
}

#[tokio::test]
async fn a_start_on_a_disk_that_hangs_can_be_stopped() {
    let folders = Folders::new();
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let (data_dir, log_dir) = (folders.data(), folders.logs());
    let storage = StorageConfig { data_dir, log_dir, ..Config::default().storage };
    let config = Config { storage, ..Config::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shutdown = CancellationToken::new();
    disk.hold();
    let launched = tokio::spawn(app::launch_on(machine, config, listener, shutdown.clone()));
    eventually("the start's first sync", async || disk.holds_something().then_some(())).await;
    shutdown.cancel();
    let stopped = within("the start's end", launched).await.unwrap();
    disk.release();
    assert!(matches!(stopped, Err(StartError::Stopped)), "{stopped:?}");
}
