//! The ids of event streams after a salvage, which may give events new numbers.

use std::fs;
use std::path::Path;

use crate::harness::{TestServer, goldstar, text};

/// Cuts a file in its last row, which is lost.
fn cut_the_last_row(file: &Path) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..bytes.len() - 20]).unwrap();
}

#[tokio::test]
async fn a_salvaged_directory_has_stream_ids_of_a_new_epoch() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    for _ in 0..3 {
        family.event().await;
    }
    server.stop().await;
    let mut epochs = vec![String::new()];
    for round in 1..=2 {
        cut_the_last_row(&server.folders.data().join("tracking_events.json"));
        let root = server.folders.root();
        let mut salvage = goldstar(root);
        let output = salvage.args(["salvage", "data", "--out", "new"]).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        fs::rename(root.join("data"), root.join(format!("old{round}"))).unwrap();
        fs::rename(root.join("new"), root.join("data")).unwrap();
        server.start_again().await;

        let earlier = epochs.last().unwrap();
        let mut stream = family.parent.events_after(&format!("{earlier}2")).await;
        let resync = stream.next().await;
        assert_eq!(resync.event, "resync");
        let (epoch, number) = resync.id.rsplit_once('-').unwrap();
        assert_eq!(number, "2", "the third event is lost");
        let live = family.event().await;
        let frame = stream.next().await;
        assert_eq!(frame.id, format!("{epoch}-3"));
        assert_eq!(frame.event_id(), text(&live["id"]));

        server.restart().await;
        let mut resumed = family.parent.events_after(&resync.id).await;
        let frame = resumed.next().await;
        assert_eq!(frame.event_id(), text(&live["id"]), "the epoch is kept");
        epochs.push(format!("{epoch}-"));
        server.stop().await;
    }
    assert_ne!(epochs[1], epochs[2]);
}
