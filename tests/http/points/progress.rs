//! Progress, statistics and ranking over HTTP. Their rules are tested in `domain::progress`.

use goldstar::domain::Timestamp;
use serde_json::{Value, json};

use crate::harness::{
    DAY, Folders, HOUR, Hand, PASSWORD, Parent, Settings, TestServer, adjust_path, assert_error,
    hash_as_for_users, log_in, reverse_path, task_path, text,
};

async fn on_a_calendar() -> (TestServer, Hand) {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    (server, clock)
}

async fn progress(parent: &Parent, child: &str) -> Value {
    parent.get(&format!("/children/{child}/progress")).await.expect(200)
}

/// The dates of the last days, the last of which is that of the event.
fn dates(event: &Value, count: i64) -> Vec<String> {
    let last = Timestamp::parse_iso(&text(&event["occurred_at"])).unwrap();
    let at = |ago| Timestamp::from_micros(last.as_micros() - ago * DAY).to_string();
    (0..count).rev().map(|ago| at(ago)[..10].to_owned()).collect()
}

#[tokio::test]
async fn a_history_adds_up_to_balance_streak_and_rank() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let new = progress(parent, child).await;
    assert_eq!(new["streak"]["current"], 0);
    assert_eq!(new["balance"]["all_time"]["ratio"], Value::Null);
    assert_eq!((&new["rank"]["number"], &new["rank"]["points_needed"]), (&json!(1), &json!(50)));
    parent.activate(child, &family.task).await.expect(200);
    clock.forward(DAY);
    // A request of this day, which is approved on the next one.
    parent.act(&task_path(child, &family.task, "request")).await.expect(200);
    clock.forward(DAY);
    parent.activate(child, &family.task).await.expect(200);
    let undone = parent.activate(child, &family.task).await.expect(200);
    let reverse = reverse_path(child, &text(&undone["tracking_event"]["id"]));
    parent.act(&reverse).await.expect(200);
    parent.post(&adjust_path(child), json!({"delta": 7, "note": "Found"})).await.expect(200);
    let last = parent.activate(child, &family.penalty).await.expect(200)["tracking_event"].clone();
    let days = dates(&last, 3);
    let found = progress(parent, child).await;
    let (points, taken) = (5, -last["delta"].as_i64().unwrap());
    let expected = json!({
        "current": 2, "longest": 2, "current_from": days[0], "current_to": days[1],
        "longest_from": days[0], "longest_to": days[1],
    });
    assert_eq!(found["streak"], expected);
    let expected = json!({
        "from": null, "to": null, "good": {"count": 2, "points": 2 * points + 7},
        "not_good": {"count": 1, "points": taken}, "ratio": 2.0 / 3.0, "points_spent": 0,
        "net_change": 2 * points + 7 - taken,
    });
    assert_eq!(found["balance"]["all_time"], expected);
    let today = &found["balance"]["today"];
    assert_eq!((&today["from"], &today["to"]), (&json!(days[2]), &json!(days[2])));
    assert_eq!(today["good"], json!({"count": 0, "points": 7}));
    assert_eq!(found["rank"]["points_earned"], 2 * points + 7);
    let query = format!("/children/{child}/statistics?from={}&to={}", days[0], days[2]);
    let statistics = parent.get(&query).await.expect(200);
    let series = statistics["series"].as_array().unwrap();
    let per_day: Vec<_> = series.iter().map(|it| it["tasks_done"].as_i64().unwrap()).collect();
    assert_eq!(per_day, [1, 1, 0]);
    assert_eq!(statistics["tasks"][0]["count"], 2);
    assert_eq!(statistics["penalties"].as_array().unwrap().len(), 1);
    server.restart().await;
    assert_eq!(progress(parent, child).await, found, "after a restart");
    // A day without a task is over now.
    clock.forward(DAY);
    assert_eq!(progress(parent, child).await["streak"]["current"], 0);
}

#[tokio::test]
async fn the_settings_decide_about_days_streaks_and_ranks() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let first = family.event().await;
    clock.forward(3 * DAY);
    let last = family.event().await;
    let days = dates(&last, 4);
    assert_eq!(progress(parent, child).await["streak"]["current"], 1);
    let settings = |settings: Value| parent.put("/family/settings", settings);
    // A pause that is added later repairs the streak.
    settings(json!({"pauses": [{"from": days[1], "to": days[2]}]})).await.expect(200);
    let found = progress(parent, child).await;
    assert_eq!(
        (&found["streak"]["current"], &found["streak"]["current_from"]),
        (&json!(2), &json!(days[0]))
    );
    settings(json!({"daily_goal": 2})).await.expect(200);
    assert_eq!(progress(parent, child).await["streak"]["longest"], 0);
    let ranks = json!([{"name": "Start", "threshold": 0}, {"name": "Ziel", "threshold": 3}]);
    settings(json!({"ranks": ranks, "daily_goal": null})).await.expect(200);
    let rank = progress(parent, child).await["rank"].clone();
    assert_eq!((&rank["name"], &rank["next"]), (&json!("Ziel"), &Value::Null));
    // In this zone the dates of the events are other ones.
    let hour: i64 = text(&first["occurred_at"])[11..13].parse().unwrap();
    let zone = if hour < 12 { "Etc/GMT+12" } else { "Pacific/Kiritimati" };
    settings(json!({"time_zone": zone, "pauses": []})).await.expect(200);
    let found = progress(parent, child).await;
    assert_ne!(found["streak"]["current_to"], days[3]);
    for (field, wrong) in [
        ("ranks", json!([])),
        ("ranks", json!([{"name": "One", "threshold": 1}])),
        ("ranks", json!([{"name": "A", "threshold": 0}, {"name": "B", "threshold": 0}])),
        ("ranks", json!([{"name": " ", "threshold": 0}])),
        ("shows_ranking", json!("yes")),
    ] {
        let answer = settings(json!({field: wrong})).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], field, "{wrong}");
    }
}

#[tokio::test]
async fn statistics_have_every_period_and_reject_wrong_ones() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.event().await;
    let get = |query: &str| {
        let path = format!("/children/{}/statistics{query}", family.child);
        let parent = &family.parent;
        async move { parent.get(&path).await }
    };
    let month = get("").await.expect(200);
    assert_eq!((month["series"].as_array().unwrap().len(), &month["by"]), (30, &json!("day")));
    for (query, count) in [
        ("?from=2020-02-01&to=2020-02-29", 29),
        ("?from=2020-02-01&to=2020-02-29&by=month", 1),
        ("?from=2020-02-01&to=2020-02-29&by=week", 5),
        ("?from=2010-01-01&to=2020-01-08", 3660),
        ("?to=0000-01-10", 30),
    ] {
        let found = get(query).await.expect(200);
        assert_eq!(found["series"].as_array().unwrap().len(), count, "{query}");
        assert_eq!(found["tasks"], json!([]), "{query}");
    }
    for (query, name) in [
        ("?from=2020-02-02&to=2020-02-01", "from"),
        ("?from=2010-01-01&to=2020-01-09", "from"),
        ("?from=9999-12-31", "from"),
        ("?to=2020-02-30", "to"),
        ("?by=year", "by"),
        ("?since=2020-02-01", "since"),
    ] {
        let details = assert_error(&get(query).await, 400, "INVALID_PARAMETER");
        assert_eq!(details["parameter"], name, "{query}");
    }
}

#[tokio::test]
async fn deleted_tasks_keep_the_name_of_their_last_event() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let path = format!("/children/{}/statistics", family.child);
    let name = |found: &Value| text(&found["tasks"][0]["name"]);
    let event = family.event().await;
    let task = format!("/tasks/{}", family.task);
    parent.patch(&task, json!({"name": "Renamed"})).await.expect(200);
    assert_eq!(name(&parent.get(&path).await.expect(200)), "Renamed");
    parent.delete(&task).await.expect(204);
    assert_eq!(name(&parent.get(&path).await.expect(200)), text(&event["metadata"]["name"]));
}

#[tokio::test]
async fn children_see_their_own_progress_and_the_ranking_if_the_family_shows_it() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let sibling = parent.child("Noah", 0).await;
    family.event().await;
    let path = |id: &str| format!("/children/{id}/progress");
    let own = parent.hand_over(server.nobody(), &family.child).await;
    assert_eq!(
        own.get(&path(&family.child)).await.expect(200),
        progress(parent, &family.child).await
    );
    for of in ["progress", "statistics"] {
        let answer = own.get(&format!("/children/{sibling}/{of}")).await;
        assert_error(&answer, 404, "NOT_FOUND");
    }
    assert_error(&own.get("/family/ranking").await, 403, "PARENT_REQUIRED");
    parent.put("/family/settings", json!({"shows_ranking": true})).await.expect(200);
    let ranking = own.get("/family/ranking").await.expect(200);
    assert_eq!(
        ranking,
        parent.get("/family/ranking?period=week&by=points_earned").await.expect(200)
    );
    let placed = |ranking: &Value| -> Vec<(i64, String)> {
        let list = ranking["ranking"].as_array().unwrap().iter();
        list.map(|it| (it["place"].as_i64().unwrap(), text(&it["child_id"]))).collect()
    };
    assert_eq!(placed(&ranking), [(1, family.child.clone()), (2, sibling.clone())]);
    parent.activate(&sibling, &family.task).await.expect(200);
    for query in ["?period=all", "?period=month&by=tasks_done", "?by=good_ratio"] {
        let ranking = parent.get(&format!("/family/ranking{query}")).await.expect(200);
        let numbers: Vec<_> = placed(&ranking).iter().map(|(place, _)| *place).collect();
        assert_eq!(numbers, [1, 1], "{query}");
    }
    let answer = parent.get("/family/ranking?period=day").await;
    assert_eq!(assert_error(&answer, 400, "INVALID_PARAMETER")["parameter"], "period");
}

/// Each response contains the events that the client has received before.
#[tokio::test]
async fn progress_contains_every_event_that_was_acknowledged() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let doing = (0..16).map(|_| async {
        let done = parent.activate(child, &family.task).await.expect(200);
        let found = progress(parent, child).await;
        let count = found["balance"]["all_time"]["good"]["count"].as_i64().unwrap();
        let after = done["tracking_event"]["points_after"].as_i64().unwrap();
        let opening = 50;
        assert!(found["balance"]["all_time"]["net_change"].as_i64().unwrap() >= after - opening);
        count
    });
    let counts = futures_util::future::join_all(doing).await;
    assert_eq!(counts.into_iter().max(), Some(16));
}

/// A day that starts at three in the morning.
#[tokio::test]
async fn work_before_the_start_of_the_day_belongs_to_the_day_before() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    parent.put("/family/settings", json!({"day_starts_at": 3})).await.expect(200);
    let event = family.event().await;
    let now = Timestamp::parse_iso(&text(&event["occurred_at"])).unwrap().as_micros();
    // Half past two of the next night.
    clock.forward(DAY - now % DAY + 5 * HOUR / 2);
    log_in(parent, &parent.email, PASSWORD).await.expect(200);
    let late = family.event().await;
    assert_eq!(&text(&late["occurred_at"])[11..13], "02");
    let expected = &dates(&late, 2)[0];
    assert_eq!(progress(parent, child).await["streak"]["current_to"], **expected);
}

/// The answers of docs/progress.md.
#[tokio::test]
async fn the_history_of_another_program_counts() {
    let folders = Folders::new();
    folders.put_flask_data();
    let before = folders.json("tracking_events.json");
    let settings = Settings { configure: hash_as_for_users, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    let parent = Parent::log_in(server.nobody(), "parent0@example.org", "correct horse 0").await;
    let mia = "c6f87718-6d76-407e-881e-d162ae2eb154";
    let found = progress(&parent, mia).await;
    let events = before["_default"].as_object().unwrap().values();
    let of_mia: Vec<_> = events.filter(|it| it["child_id"] == mia).collect();
    let sum = |kind: &str| {
        let of_kind = of_mia.iter().filter(|it| it["entity_type"] == kind);
        of_kind.map(|it| it["delta"].as_i64().unwrap()).sum::<i64>()
    };
    let all = &found["balance"]["all_time"];
    assert_eq!(all["good"]["points"], sum("task"));
    assert_eq!(all["not_good"]["points"], -sum("penalty"));
    assert_eq!(all["net_change"], 63, "the points of the child");
    assert_eq!(found["rank"]["points_earned"], sum("task"));
    server.stop().await;
    assert_eq!(server.folders.json("tracking_events.json"), before);
}
