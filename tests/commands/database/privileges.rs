//! The privileges that docs/operations.md gives to the role of the servers.

use super::imported;
use crate::check::directory::flask;
use crate::harness::cluster::execute;
use crate::harness::{Family, Parent, Settings, TestServer};

/// The statements of the section about privileges.
fn documented() -> &'static str {
    let document = include_str!("../../../docs/operations.md");
    let (_, section) = document.split_once("### Privileges in a database").unwrap();
    let (_, statements) = section.split_once("<<'END'\n").unwrap();
    statements.split_once("\nEND").unwrap().0
}

#[tokio::test]
async fn a_server_needs_no_more_than_the_documented_privileges() {
    let (url, _) = imported(&flask());
    execute(&url, "CREATE ROLE goldstar_server LOGIN");
    execute(&url, documented());
    let restricted = url.replace("//goldstar@", "//goldstar_server@");
    assert_ne!(restricted, url);
    assert_eq!(execute(&restricted, "SELECT current_user"), ["goldstar_server"]);
    let mut server = TestServer::on_database(&restricted, Settings::default()).await;
    let parent = Parent::log_in(server.nobody(), "parent1@example.org", "correct horse 1").await;
    let family = Family::of(parent).await;
    let mut stream = family.parent.events("/events").await;
    let event = family.event().await;
    assert_eq!(stream.next().await.event_id(), event["id"].as_str().unwrap());
    family.parent.delete(&format!("/children/{}", family.child)).await.expect(204);
    server.stop().await;
}
