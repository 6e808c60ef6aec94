//! The family of `--demo`: its history, and the state in which its server starts.

use std::collections::HashSet;

use goldstar::service::DemoLogin;
use serde_json::{Value, json};

use crate::harness::{
    Folders, Parent, Settings, TestServer, goldstar, is_on_postgres, log_in, python, text,
};

async fn with_demo() -> TestServer {
    let configure = |config: &mut goldstar::config::Config| config.demo = true;
    TestServer::on(Folders::new(), Settings { configure, ..Settings::default() }).await
}

async fn person(server: &TestServer, login: &DemoLogin) -> Parent {
    Parent::log_in(server.nobody(), login.email, &login.password).await
}

/// All events of a child, the oldest first.
async fn events(parent: &Parent, child: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let path =
            format!("/children/{child}/tracking?order=asc&limit=500&offset={}", events.len());
        let page = parent.get(&path).await.expect(200);
        let rows = page["tracking_events"].as_array().unwrap();
        events.extend_from_slice(rows);
        if rows.is_empty() {
            return events;
        }
    }
}

async fn children(parent: &Parent) -> Vec<(String, String, i64)> {
    let list = parent.get("/children").await.expect(200);
    let child = |it: &Value| (text(&it["id"]), text(&it["name"]), it["points"].as_i64().unwrap());
    list["children"].as_array().unwrap().iter().map(child).collect()
}

fn time(event: &Value) -> chrono::DateTime<chrono::Utc> {
    text(&event["occurred_at"]).parse().unwrap()
}

#[tokio::test]
async fn a_demo_has_two_years_of_history() {
    let server = with_demo().await;
    let parent = person(&server, &server.demo().parent).await;
    let (mut total, mut kinds, mut adults) = (0, HashSet::new(), HashSet::new());
    for (id, name, points) in children(&parent).await {
        let events = events(&parent, &id).await;
        let (first, last) = (time(&events[0]), time(events.last().unwrap()));
        assert!((last - first).num_days() >= 728, "{name}: {first} to {last}");
        assert_eq!(events.last().unwrap()["points_after"], points, "{name}");
        total += events.len();
        for event in &events {
            kinds.insert(format!("{} {}", event["entity_type"], event["action"]));
            adults.extend(event["metadata"]["actor_id"].as_str().map(str::to_owned));
        }
        let reversals = events.iter().filter(|it| it["metadata"]["reverses"].is_string());
        assert!(reversals.count() >= 3, "{name}");
        let notes = events.iter().filter(|it| it["metadata"]["note"].is_string());
        assert!(notes.count() >= 20, "{name}");
    }
    assert!((2_800..4_000).contains(&total), "{total}");
    assert_eq!(adults.len(), 3, "the parents and the grandmother");
    assert!(kinds.len() >= 7, "{kinds:?}");
    let names: Vec<_> = children(&parent).await.into_iter().map(|it| (it.1, it.2)).collect();
    assert_eq!(names, [("Mía".to_owned(), 45), ("Noah".to_owned(), 10)]);
}

#[tokio::test]
async fn a_demo_has_streaks_badges_ranks_and_a_day_in_progress() {
    let server = with_demo().await;
    let parent = person(&server, &server.demo().parent).await;
    for (id, name, _) in children(&parent).await {
        let progress = parent.get(&format!("/children/{id}/progress")).await.expect(200);
        let streak = progress["streak"]["current"].as_i64().unwrap();
        assert_eq!(streak, if name == "Mía" { 24 } else { 7 }, "{progress}");
        assert!(progress["rank"]["number"].as_i64().unwrap() >= 6, "{progress}");
        assert!(progress["rank"]["next"].is_object(), "{progress}");
        let badges = parent.get(&format!("/children/{id}/badges?limit=100")).await.expect(200);
        let earned = badges["badges"].as_array().unwrap().iter();
        let dates: HashSet<String> = earned
            .flat_map(|badge| badge["awards"].as_array().unwrap())
            .map(|award| text(&award["earned_at"])[..7].to_owned())
            .collect();
        assert!(dates.len() >= 12, "in many months: {dates:?}");
        let today = parent.get(&format!("/children/{id}/today")).await.expect(200);
        let states = today["occurrences"].as_array().unwrap().iter();
        let states: HashSet<_> = states.map(|it| text(&it["state"])).collect();
        assert!(states.contains("due") || states.contains("late"), "{today}");
    }
    let done = parent.get("/family/statistics").await.expect(200);
    let rate = done["total"]["rate"].as_f64().unwrap();
    assert!((0.5..0.98).contains(&rate), "{done}");
}

#[tokio::test]
async fn requests_of_both_children_wait_and_nothing_is_left_of_the_simulation() {
    let server = with_demo().await;
    let demo = server.demo().clone();
    let parent = person(&server, &demo.parent).await;
    let tasks = parent.get("/tasks/pending").await.expect(200);
    let rewards = parent.get("/rewards/pending").await.expect(200);
    let names = |list: &Value, field: &str| {
        let rows = list[field].as_array().unwrap().iter();
        rows.map(|it| text(&it["child_name"])).collect::<HashSet<_>>()
    };
    assert_eq!(names(&tasks, "pending_tasks").len(), 2, "{tasks}");
    assert_eq!(names(&rewards, "pending_rewards").len(), 1, "{rewards}");
    let sessions = parent.get("/auth/sessions").await.expect(200);
    assert_eq!(sessions["total"], 1, "{sessions}");
    // The other people can log in, and the helper is one.
    let helper = person(&server, &demo.helper).await.get("/auth/me").await.expect(200);
    assert_eq!(helper["family_role"], "helper");
    let other = person(&server, &demo.second_parent).await.get("/auth/me").await.expect(200);
    assert_eq!(other["family_role"], "parent");
    let admin = log_in(&server.nobody(), demo.admin.email, &demo.admin.password).await;
    assert_eq!(admin.expect(200)["user"]["role"], "admin");
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "ok", "{health}");
}

#[tokio::test]
async fn a_restart_keeps_a_demo_and_a_check_finds_nothing() {
    let mut server = with_demo().await;
    let login = server.demo().parent.clone();
    let before = children(&person(&server, &login).await).await;
    server.reconfigure(Settings::default());
    server.restart().await;
    let parent = person(&server, &login).await;
    assert_eq!(children(&parent).await, before);
    let mut count = 0;
    for (id, ..) in &before {
        count += events(&parent, id).await.len();
    }
    server.stop().await;
    if is_on_postgres() {
        return;
    }
    let mut check = goldstar(server.folders.root());
    let checked = check.arg("check").arg("--data-dir").arg(server.folders.data()).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.contains("Nothing is wrong."), "{said}");
    assert!(python("open_tables.py", &[&server.folders.data()], "").status.success());
    // Each event has its line, with its own time.
    let user = server.folders.json("users.json");
    let owner = user["_default"].as_object().unwrap().values();
    let owner = owner.clone().find(|it| it["email"] == json!(login.email)).unwrap();
    let log = format!("tracking_user_{}.log", owner["id"].as_str().unwrap());
    let log = std::fs::read_to_string(server.folders.logs().join(log)).unwrap();
    assert_eq!(log.lines().count(), count);
    let occurred = |line: &str| line.split_once("occurred_at=").unwrap().1.to_owned();
    assert!(log.lines().all(|line| line.starts_with(&occurred(line)[..16])));
}
