//! The settings of a family: its time zone and its days.

use goldstar::config::Config;
use goldstar::domain::calendar::Zone;
use serde_json::{Value, json};

use crate::harness::{Settings, TestServer, assert_error};

const PATH: &str = "/family/settings";

#[tokio::test]
async fn settings_have_defaults_and_keep_what_is_left_out() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let mut found = parent.get(PATH).await.expect(200);
    let ranks = found["ranks"].take();
    assert_eq!(ranks.as_array().unwrap().len(), 10);
    let expected = json!({
        "time_zone": "UTC", "default_time_zone": "UTC", "day_starts_at": 0, "week_start": "monday",
        "rest_days": [], "pauses": [], "daily_goal": null, "ranks": null, "shows_ranking": false,
        "streak_rule": "any_task", "penalties_by_helpers": false,
    });
    assert_eq!(found, expected);
    let pauses = json!([
        {"from": "2026-08-01", "to": "2026-08-14"}, {"from": "2026-02-09", "to": "2026-02-09"},
    ]);
    let change = json!({
        "time_zone": "europe/berlin", "day_starts_at": 3, "week_start": "sunday",
        "rest_days": ["sunday", "saturday"], "pauses": pauses, "daily_goal": 2,
        "shows_ranking": true, "streak_rule": "all_due", "penalties_by_helpers": true,
    });
    let ordered = json!([pauses[1], pauses[0]]);
    let expected = json!({
        "time_zone": "Europe/Berlin", "default_time_zone": "UTC", "day_starts_at": 3,
        "week_start": "sunday", "rest_days": ["saturday", "sunday"], "pauses": ordered,
        "daily_goal": 2, "ranks": ranks, "shows_ranking": true, "streak_rule": "all_due",
        "penalties_by_helpers": true,
    });
    assert_eq!(parent.put(PATH, change).await.expect(200), expected);
    assert_eq!(parent.put(PATH, json!({})).await.expect(200), expected);
    let cleared =
        parent.put(PATH, json!({"time_zone": null, "daily_goal": null})).await.expect(200);
    assert_eq!((&cleared["time_zone"], &cleared["daily_goal"]), (&json!("UTC"), &Value::Null));
    assert_eq!((&cleared["pauses"], &cleared["day_starts_at"]), (&ordered, &json!(3)));
    let other = server.parent().await;
    assert_eq!(other.get(PATH).await.expect(200)["pauses"], json!([]));
}

#[tokio::test]
async fn invalid_settings_change_nothing() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let before = parent.get(PATH).await.expect(200);
    for (field, value) in [
        ("time_zone", json!("Mars/Olympus")),
        ("time_zone", json!("+01:00")),
        ("day_starts_at", json!(7)),
        ("day_starts_at", json!(-1)),
        ("week_start", json!("Monday")),
        ("rest_days", json!(["sunday", "sunday"])),
        ("rest_days", json!("sunday")),
        ("pauses", json!([{"from": "2026-08-14", "to": "2026-08-01"}])),
        ("pauses", json!([{"from": "2026-08-14", "to": "2026-02-30"}])),
        ("pauses", json!([{"from": "2026-08-14"}])),
        ("pauses", json!([{"from": "2026-08-14", "to": "2026-08-14", "why": "flu"}])),
        ("daily_goal", json!(0)),
        ("daily_goal", json!(101)),
    ] {
        let answer = parent.put(PATH, json!({"week_start": "sunday", field: value})).await;
        let details = assert_error(&answer, 400, "VALIDATION_FAILED");
        if field != "week_start" {
            assert_eq!(details["field"], field, "{value}");
        }
    }
    let answer = parent.put(PATH, json!({"default_time_zone": "UTC"})).await;
    assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    assert_eq!(parent.get(PATH).await.expect(200), before);
}

#[tokio::test]
async fn the_servers_zone_is_that_of_families_without_one() {
    let configure =
        |config: &mut Config| config.service.time_zone = Zone::find("Asia/Tokyo").unwrap();
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    let found = parent.get(PATH).await.expect(200);
    assert_eq!(found["time_zone"], "Asia/Tokyo");
    let found = parent.put(PATH, json!({"time_zone": "UTC"})).await.expect(200);
    assert_eq!(
        (&found["time_zone"], &found["default_time_zone"]),
        (&json!("UTC"), &json!("Asia/Tokyo"))
    );
}

/// The dates of a query are those of the named zone.
#[tokio::test]
async fn dates_of_a_query_can_be_those_of_the_family() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let event = family.event().await;
    let parent = &family.parent;
    let at = event["occurred_at"].as_str().unwrap();
    // In one of these two zones, whose clocks differ by 26 hours, it is another date than in UTC.
    let mut differing = 0;
    for zone in ["Pacific/Kiritimati", "Etc/GMT+12"] {
        parent.put(PATH, json!({"time_zone": zone})).await.expect(200);
        let local = local_date(at, zone);
        let path = |date: &str, tz: &str| {
            format!("/family/tracking?from={date}&to={date}&tz={}", tz.replace('+', "%2B"))
        };
        for tz in [zone, "family"] {
            let found = parent.get(&path(&local, tz)).await.expect(200);
            assert_eq!(found["total"], 1, "{zone} {tz}");
        }
        let in_utc = parent.get(&path(&local, "UTC")).await.expect(200);
        differing += usize::from(in_utc["total"] == 0);
        let child = format!("/children/{}/tracking/export?from={local}&tz=family", family.child);
        assert!(parent.get(&child).await.text.contains(event["id"].as_str().unwrap()));
    }
    assert!(differing >= 1);
    let answer = parent.get("/family/tracking?tz=Nowhere").await;
    assert_eq!(assert_error(&answer, 400, "INVALID_PARAMETER")["parameter"], "tz");
}

fn local_date(moment: &str, zone: &str) -> String {
    let moment: jiff::Timestamp = moment.parse().unwrap();
    moment.in_tz(zone).unwrap().date().to_string()
}
