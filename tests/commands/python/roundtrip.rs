//! Python writes, Goldstar changes, Python reads and writes again, five times.

use std::path::Path;

use crate::harness::{Folders, Settings, TestServer, python};

const ROUNDS: usize = 5;

/// Runs the rounds on a directory that was created from a seed; 0 is the Flask service's.
async fn go_around(seed: u32, is_killed: bool) {
    let folders = Folders::new();
    if seed == 0 {
        folders.put_flask_data();
    }
    step("roundtrip_begin.py", &folders, &seed.to_string());
    let settings = Settings { binary: true, ..Settings::default() };
    let mut server = TestServer::on(folders.clone(), settings).await;
    for round in 0..ROUNDS {
        if round > 0 {
            server.start_again().await;
        }
        step("roundtrip_use.py", &folders, &server.nobody().url(""));
        if is_killed {
            server.kill();
            server.start_again().await;
        }
        server.stop().await;
        step("roundtrip_go_on.py", &folders, "");
    }
}

fn step(script: &str, folders: &Folders, argument: &str) {
    let output = python(script, &[folders.root(), Path::new(argument)], "");
    assert!(output.status.success(), "{script} {argument}: {output:?}");
}

#[tokio::test]
async fn a_flask_services_directory_goes_around() {
    go_around(0, false).await;
}

#[tokio::test]
async fn a_flask_services_directory_goes_around_with_kills() {
    go_around(0, true).await;
}

#[tokio::test]
async fn random_directories_go_around() {
    for seed in 1..=6 {
        go_around(seed, false).await;
    }
}

#[tokio::test]
async fn random_directories_go_around_with_kills() {
    for seed in 7..=9 {
        go_around(seed, true).await;
    }
}
