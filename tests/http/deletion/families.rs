//! The histories of two families after one of them is deleted.

use std::sync::Arc;

use serde_json::{Value, json};

use super::folders::{marked, put_histories, put_users};
use super::home::{Home, interleaved};
use super::{deleted, mark, run, set_threshold, unscheduled};
use crate::harness::{Admin, DAY, Folders, Hand, Settings, TestServer, within};

/// The administrator's result for a filter: the total and the events.
async fn found(admin: &Admin, filter: &str) -> (Value, Vec<Value>) {
    let path = format!("/admin/tracking?{filter}&limit=500");
    let mut answer = admin.get(&path).await.expect(200);
    let events = answer["tracking_events"].as_array_mut().unwrap().drain(..).collect();
    (answer["total"].take(), events)
}

fn anonymous(mut event: Value) -> Value {
    event["user_id"] = Value::Null;
    event
}

#[tokio::test]
async fn the_history_of_a_deleted_account_is_complete_and_anonymised() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let admin = server.admin().await;
    set_threshold(&admin, 24).await;
    let gone = Home::of(server.parent().await).await;
    let other = Home::of(server.parent().await).await;
    interleaved(&gone, &other).await;
    let all = found(&admin, "order=asc").await;
    let mut by_child = Vec::new();
    for child in &gone.children {
        by_child.push(found(&admin, &format!("child_id={child}")).await);
    }
    let others_log = server.folders.log_lines(&other.parent.id);
    mark(&gone.parent).await.expect(202);
    clock.forward(DAY);
    let sight = other.sight().await;
    assert_eq!(run(&admin).await, [deleted(&gone.parent.id)]);

    for _ in 0..2 {
        let expected = all.1.iter().cloned().map(|event| match &event["user_id"] {
            id if *id == *gone.parent.id => anonymous(event),
            _ => event,
        });
        let expected = (all.0.clone(), expected.collect::<Vec<_>>());
        assert_eq!(found(&admin, "order=asc").await, expected);
        for (child, (total, events)) in gone.children.iter().zip(&by_child) {
            let now = found(&admin, &format!("child_id={child}")).await;
            let events = events.iter().cloned().map(anonymous).collect::<Vec<_>>();
            assert_eq!((now, total), ((total.clone(), events), &json!(7)));
        }
        let by_account = format!("user_id={}", gone.parent.id);
        assert_eq!(found(&admin, &by_account).await, (json!(0), Vec::new()));
        let others = found(&admin, &format!("user_id={}", other.parent.id)).await;
        assert_eq!(others.0, 14);
        assert_eq!(other.sight().await, sight, "byte for byte");
        assert_eq!(server.folders.log_lines(&other.parent.id), others_log);
        // The same after a restart.
        server.restart().await;
    }
}

#[tokio::test]
async fn a_stream_misses_nothing_while_another_family_is_deleted() {
    let folders = Folders::new();
    let id = "leaves".to_owned();
    put_users(&folders, &[(id.clone(), marked("2026-01-10T19:00:00Z"))]);
    put_histories(&folders, std::slice::from_ref(&id), 5_000);
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let admin = Arc::new(server.admin().await);
    let other = Home::of(server.parent().await).await;
    let mut stream = other.parent.events("/events").await;
    clock.forward(DAY);
    let runner = Arc::clone(&admin);
    let running = tokio::spawn(async move { run(&runner).await });
    let mut told = Vec::new();
    while !running.is_finished() || told.len() < 20 {
        told.push(other.event().await["id"].take());
    }
    assert_eq!(within("the run", running).await.unwrap(), [deleted(&id)]);
    for event in &told {
        assert_eq!(stream.next().await.event_id(), event);
    }
    let (total, events) = found(&admin, "child_id=child-1").await;
    assert_eq!((total, events.len()), (json!(5_000), 500));
    assert!(events.iter().all(|event| event["user_id"].is_null()));
    let (total, _) = found(&admin, &format!("user_id={}", other.parent.id)).await;
    assert_eq!(total, told.len());
}
