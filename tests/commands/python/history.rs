//! Tracking files of other programs: rows in any order, times in any form.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{Admin, Folders, Frame, Settings, TestServer, text};

fn event(id: u64, occurred_at: &Value) -> Value {
    json!({
        "id": format!("e{id}"), "user_id": "admin-1", "child_id": "c", "entity_type": "task",
        "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5,
        "occurred_at": occurred_at, "created_at": occurred_at,
    })
}

/// A server whose tracking file contains these rows in this order.
async fn on_rows(rows: impl IntoIterator<Item = (u64, Value)>) -> TestServer {
    let mut file = String::from("{\"_default\": {");
    for (position, (number, row)) in rows.into_iter().enumerate() {
        let comma = if position == 0 { "" } else { ", " };
        write!(file, "{comma}\"{number}\": {row}").unwrap();
    }
    file.push_str("}}");
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let child = json!({"1": {"id": "c", "user_id": "admin-1", "points": 5}});
    let task = json!({"1": {"id": "t", "points": 5}});
    folders.put("children.json", &json!({"_default": child}).to_string());
    folders.put("tasks.json", &json!({"_default": task}).to_string());
    folders.put("tracking_events.json", &file);
    TestServer::on(folders, Settings::default()).await
}

async fn ids(admin: &Admin, query: &str) -> Vec<String> {
    let found = admin.get(&format!("/admin/tracking?{query}")).await.expect(200);
    found["tracking_events"].as_array().unwrap().iter().map(|event| text(&event["id"])).collect()
}

#[tokio::test]
async fn times_in_every_form_are_ordered_and_keep_their_form() {
    let moments = [
        json!("2026-01-05T11:00:00Z"),
        json!(1_767_610_801),
        json!("2026-01-05T16:30:02+05:30"),
        json!(1_767_610_803.25),
        json!("2026-01-05T11:00:04.000001"),
        json!("2026-01-05 11:00:05.5"),
        json!("2026-01-05T03:00:06.000000-08:00"),
        json!("2026-01-05T12:00:07+0100"),
        json!("2026-01-05T11:00:08.123Z"),
        json!(1_767_610_809.0),
    ];
    // Numbered and written in an order other than that of time.
    let order = [4, 9, 0, 7, 2, 5, 1, 8, 3, 6];
    let rows: Vec<(u64, Value)> =
        (1..).zip(order).map(|(number, at)| (number, event(at as u64, &moments[at]))).collect();
    let mut server = on_rows(rows.clone()).await;
    let admin = server.admin().await;
    let ascending: Vec<String> = (0..10).map(|at| format!("e{at}")).collect();
    assert_eq!(ids(&admin, "order=asc").await, ascending);
    let descending: Vec<String> = ascending.iter().rev().cloned().collect();
    assert_eq!(ids(&admin, "child_id=c").await, descending);
    let middle = "order=asc&from=2026-01-05T11:00:02Z&to=2026-01-05T11:00:06Z";
    assert_eq!(ids(&admin, middle).await, ascending[2..6]);
    admin.activate("c", "t").await.expect(200);
    server.stop().await;
    let mut kept = server.folders.rows("tracking_events.json");
    assert_eq!(kept.pop().unwrap().0, 11);
    assert_eq!(kept, rows);
}

#[tokio::test]
async fn rows_in_the_order_of_their_names_are_replayed_each_once() {
    // The order of TinyDB with `sort_keys=True`: 1, 10, 11, 12, 2, 3, …
    let mut numbers: Vec<u64> = (1..=12).collect();
    numbers.sort_by_key(u64::to_string);
    let moment = |number: u64| json!(1_767_610_800 + number);
    let rows = numbers.into_iter().map(|number| (number, event(number, &moment(number))));
    let mut server = on_rows(rows).await;
    let admin = server.admin().await;
    let live = admin.activate("c", "t").await.expect(200)["tracking_event"].take();
    for last in 0..=12 {
        let mut stream = admin.events_after(&last.to_string()).await;
        let replayed = stream.take(13 - last).await;
        let expected = (last + 1..=12).map(|number| format!("e{number}"));
        let expected: Vec<String> = expected.chain([text(&live["id"])]).collect();
        assert!(replayed.iter().map(Frame::event_id).eq(&expected), "after {last}");
        assert!(
            replayed
                .iter()
                .map(|frame| &frame.id)
                .eq(&(last + 1..=13).map(|id| id.to_string()).collect::<Vec<_>>())
        );
    }
    server.stop().await;
    let kept = server.folders.rows("tracking_events.json");
    assert!(kept.iter().map(|(number, _)| *number).eq(1..=13));
}

#[tokio::test]
async fn a_stream_does_not_skip_a_row_that_is_not_an_event() {
    let mut rows: Vec<(u64, Value)> =
        (1..=3).map(|number| (number, event(number, &json!(1_767_610_800 + number)))).collect();
    rows[1].1["entity_type"] = "chore".into();
    let server = on_rows(rows).await;
    let admin = server.admin().await;
    let mut behind = admin.events_after("2").await;
    assert_eq!(behind.next().await.event_id(), "e3");
    let mut before = admin.events_after("1").await;
    assert_eq!(before.next().await.event, "resync");
    let live = admin.activate("c", "t").await.expect(200);
    for mut stream in [behind, before] {
        assert_eq!(stream.next().await.event_id(), text(&live["tracking_event"]["id"]));
    }
}

#[tokio::test]
async fn a_long_file_with_its_newest_row_first_is_read_in_time() {
    let count = 100_000;
    let rows =
        (1..=count).rev().map(|number| (number, event(number, &json!(1_767_610_800 - number))));
    let server = on_rows(rows).await;
    let admin = server.admin().await;
    assert_eq!(ids(&admin, "limit=3").await, ["e1", "e2", "e3"]);
    assert_eq!(ids(&admin, "limit=2&order=asc&offset=1").await, ["e99999", "e99998"]);
}

#[tokio::test]
async fn of_two_events_with_one_id_or_number_the_one_that_python_reads_is_kept() {
    let at = |second: u64| json!(1_767_610_800 + second);
    let one_id = [(1, event(1, &at(1))), (2, event(1, &at(2)))];
    let mut server = on_rows(one_id.clone()).await;
    assert_eq!(ids(&server.admin().await, "order=asc").await, ["e1", "e1"]);
    server.stop().await;
    assert_eq!(server.folders.rows("tracking_events.json"), one_id);

    // Of two rows with one number, Python reads the last.
    let one_number = [(3, event(1, &at(1))), (3, event(2, &at(2))), (4, event(3, &at(3)))];
    let mut server = on_rows(one_number.clone()).await;
    assert_eq!(ids(&server.admin().await, "order=asc").await, ["e2", "e3"]);
    server.stop().await;
    assert_eq!(server.folders.rows("tracking_events.json"), one_number[1..]);
}
