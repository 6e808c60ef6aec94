//! The pages on which parents create what the family has, and plan its weeks.

mod badges;
mod children;
mod library;
mod settings;
mod tasks;
mod week;

use serde_json::{Value, json};

use super::{assert_closed, between, open, show, submit};
use crate::harness::{Answer, Client, Parent, TestServer, text};
use crate::households::Household;

/// The value of the first field with a name.
fn field(page: &str, name: &str) -> String {
    between(page, &format!("name=\"{name}\" value=\""), "\"").to_owned()
}

/// The only record of a list, as the API shows it.
async fn only(parent: &Client, list: &str) -> Value {
    let body = parent.get(&format!("/{list}")).await.expect(200);
    let records = body[list].as_array().unwrap();
    assert_eq!(records.len(), 1, "{body}");
    records[0].clone()
}

/// Checks that a form is shown again, with what is wrong.
#[track_caller]
fn assert_refused(answer: &Answer, texts: &[&str]) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    for text in texts {
        assert!(answer.text.contains(text), "no {text}: {}", answer.text);
    }
}

/// Checks that a form has led to a page that says that it was saved.
#[track_caller]
fn assert_saved(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("id=\"snack\" role=\"status\""), "{}", answer.text);
}

/// A page of each kind, with ids of the family.
async fn pages(parent: &Parent, child: &str, task: &str, reward: &str) -> Vec<String> {
    let badge = json!({"name": "Own", "metric": "tasks_done", "thresholds": [1]});
    let badge = text(&parent.post("/badges", badge).await.expect(201)["badge"]["id"]);
    let plan = json!({"schedule": {"who": "all", "every": "day"}});
    parent.patch(&format!("/tasks/{task}"), plan).await.expect(200);
    let schedule = parent.get("/family/schedule").await.expect(200);
    let day = text(&schedule["from"]);
    vec![
        format!("/app/children/{child}/edit"),
        format!("/app/children/{child}/delete"),
        format!("/app/tasks/{task}"),
        format!("/app/rewards/{reward}"),
        format!("/app/badges/{badge}"),
        format!("/app/week/occurrence?child={child}&task={task}&date={day}"),
        format!("/app/week?child={child}"),
    ]
}

const LISTS: [&str; 9] = [
    "/app/children/new",
    "/app/tasks",
    "/app/tasks/new",
    "/app/rewards",
    "/app/rewards/new",
    "/app/badges",
    "/app/badges/new",
    "/app/week",
    "/app/family/settings",
];

#[tokio::test]
async fn only_parents_open_the_pages() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let family = &house.family;
    let own = pages(&family.parent, &family.child, &family.task, &family.reward).await;
    let tablet = family.parent.hand_over(server.nobody(), &family.child).await;
    let other = server.parent().await;
    let admin = server.admin().await;
    for path in own.iter().map(String::as_str).chain(LISTS) {
        show(&family.parent, path).await;
        for refused in [&*tablet, &*house.member] {
            assert_closed(refused, path).await;
        }
        let nobody = open(&server.nobody(), path).await;
        assert!(nobody.text.contains("<h1>Sign in</h1>"), "{path}: {}", nobody.text);
        let expected = if LISTS.contains(&path) { 200 } else { 404 };
        for other in [&other, &*admin] {
            let page = open(other, path).await;
            assert_eq!(page.status, expected, "{path}: {}", page.text);
        }
    }
}

#[tokio::test]
async fn only_parents_send_the_forms() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let (child, task, reward) = (&house.family.child, &house.family.task, &house.family.reward);
    let tablet = house.owner().hand_over(server.nobody(), child).await;
    let other = server.parent().await;
    let of_records = [
        format!("/app/children/{child}/edit"),
        format!("/app/children/{child}/goal"),
        format!("/app/children/{child}/pin"),
        format!("/app/children/{child}/pin/remove"),
        format!("/app/children/{child}/delete"),
        format!("/app/tasks/{task}"),
        format!("/app/tasks/{task}/delete"),
        format!("/app/rewards/{reward}"),
        format!("/app/rewards/{reward}/delete"),
        "/app/week/feeds".to_owned(),
        "/app/week/feeds/delete".to_owned(),
        "/app/week/skip".to_owned(),
    ];
    let fields = [
        ("name", "Taken"),
        ("pin", "1234"),
        ("child_id", child.as_str()),
        ("task_id", task.as_str()),
        ("date", "2026-02-09"),
    ];
    for path in &of_records {
        let answer = submit(&other, path, &fields).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    let new = ["/app/children/new", "/app/tasks/new", "/app/rewards/new", "/app/badges/new"];
    let settings = ["/app/week/pauses", "/app/week/pauses/remove", "/app/family/settings"];
    let all = of_records.iter().map(String::as_str).chain(new).chain(settings);
    for path in all {
        for refused in [&*tablet, &*house.member] {
            let answer = submit(refused, path, &fields).await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.text);
        }
    }
    let kept = house.owner().get(&format!("/children/{child}")).await.expect(200);
    assert_eq!(kept["child"]["name"], "Mía");
    house.owner().get(&format!("/tasks/{task}")).await.expect(200);
}

#[tokio::test]
async fn markup_in_names_is_text() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let hostile = "<img src=x onerror=alert(1)>\"'&";
    let (child, task) = (parent.child(hostile, 5).await, parent.task(hostile, 5).await);
    parent.penalty(hostile, 5).await;
    let reward = json!({"name": hostile, "cost": 5, "description": hostile});
    let reward = text(&parent.post("/rewards", reward).await.expect(201)["reward"]["id"]);
    parent.put("/family/settings", json!({"ranks": [{"name": hostile, "threshold": 0}]})).await;
    let badge = json!({"name": hostile, "metric": "task_done", "task_id": task, "thresholds": [1]});
    parent.post("/badges", badge).await.expect(201);
    let own = pages(&parent, &child, &task, &reward).await;
    for path in own.iter().map(String::as_str).chain(LISTS) {
        let page = show(&parent, path).await;
        assert!(!page.contains("<img src=x"), "{path}: {page}");
    }
}
