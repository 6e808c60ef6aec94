//! The list of deleted accounts, and its copy in another directory.

use std::fs;
use std::path::PathBuf;

use goldstar::config::Config;
use goldstar::domain::{ErasureList, Timestamp};
use serde_json::Value;

use super::{deleted, mark, run, set_threshold, unscheduled};
use crate::harness::{DAY, Hand, Settings, TestServer, eventually};

fn copying(config: &mut Config) {
    unscheduled(config);
    config.storage.erasures_dir = Some(config.storage.data_dir.with_file_name("erasures"));
}

fn copy_in(server: &TestServer) -> PathBuf {
    server.folders.root().join("erasures").join(ErasureList::FILE)
}

/// The list in the copy, once there is one.
fn copied(server: &TestServer) -> Option<ErasureList> {
    let bytes = fs::read(copy_in(server)).ok()?;
    Some(ErasureList::parse(&bytes).unwrap())
}

async fn health_of_the_list(server: &TestServer) -> Value {
    let mut health = server.nobody().get("/health").await.expect(200);
    let projections = health["projections"].as_array_mut().unwrap();
    projections.iter_mut().find(|it| it["name"] == "erasure_list").unwrap()["last_error"].take()
}

#[tokio::test]
async fn a_deleted_account_is_in_the_list_and_its_copy() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: copying, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let begun = eventually("the first copy", async || copied(&server)).await;
    assert!(begun.erased.is_empty());
    let admin = server.admin().await;
    set_threshold(&admin, 24).await;
    let (gone, other) = (server.parent().await, server.parent().await);
    mark(&gone).await.expect(202);
    clock.forward(DAY);
    assert_eq!(run(&admin).await, [deleted(&gone.id)]);
    let list = copied(&server).unwrap();
    assert!(list.contains(&gone.id) && !list.contains(&other.id) && list.key == begun.key);
    assert!(list.complete_until > begun.complete_until);
    let text = fs::read_to_string(copy_in(&server)).unwrap();
    assert!(!text.contains(&gone.id));
    assert_eq!(health_of_the_list(&server).await, Value::Null);
}

#[tokio::test]
async fn the_list_of_another_server_is_not_overwritten() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: copying, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    eventually("the first copy", async || copied(&server)).await;
    server.stop().await;
    let foreign = ErasureList::new([7; 32], Timestamp::EPOCH).text();
    fs::write(copy_in(&server), &foreign).unwrap();
    server.start_again().await;
    let admin = server.admin().await;
    set_threshold(&admin, 24).await;
    let gone = server.parent().await;
    mark(&gone).await.expect(202);
    clock.forward(DAY);
    // The deletion is not delayed.
    assert_eq!(run(&admin).await, [deleted(&gone.id)]);
    assert_eq!(health_of_the_list(&server).await, "it contains the erasure list of another server");
    assert_eq!(fs::read_to_string(copy_in(&server)).unwrap(), foreign);
}
