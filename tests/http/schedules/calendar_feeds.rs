//! Calendar feeds: who has them, how they end, and what a calendar program reads.

use std::collections::HashSet;

use goldstar::config::Config;
use goldstar::domain::CalendarFeed;
use goldstar::http::Origin;
use reqwest::Method;
use serde_json::{Value, json};

use super::{daily, on_a_calendar, schedule_task};
use crate::harness::{
    Answer, Client, DAY, HOUR, PASSWORD, Parent, Settings, TestServer, assert_error, log_in,
    python, send, task_path, text,
};

/// What precedes the secret in an address.
const PATH: &str = "/api/calendar/";

fn feeds_path(child: &str) -> String {
    format!("/children/{child}/calendar-feeds")
}

/// A new feed, and the path of its calendar.
async fn new_feed(parent: &Parent, child: &str) -> (Value, String) {
    let created = parent.act(&feeds_path(child)).await.expect(201);
    let feed = created["feed"].clone();
    let url = text(&feed["url"]);
    let secret = url.strip_prefix(PATH).and_then(|rest| rest.strip_suffix(".ics")).unwrap();
    assert!(secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_hexdigit()), "{url}");
    (feed, url)
}

fn delete_path(feed: &Value) -> String {
    format!("{}/{}", feeds_path(&text(&feed["child_id"])), text(&feed["id"]))
}

/// Reads a calendar with another program.
fn parsed(calendar: &Answer) -> Value {
    assert_eq!(calendar.status, 200, "{}", calendar.text);
    assert_eq!(calendar.header("content-type"), "text/calendar; charset=utf-8");
    let output = python("read_calendar.py", &[], &calendar.text);
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn events(client: &Client, url: &str) -> Vec<Value> {
    parsed(&client.get(url).await)["events"].as_array().unwrap().clone()
}

/// The response that every unknown address has.
#[track_caller]
fn assert_unknown(answer: &Answer) {
    assert_error(answer, 404, "NOT_FOUND");
    assert_eq!(answer.body["error"], "There is no calendar feed with this id.");
}

#[tokio::test]
async fn a_feed_is_created_listed_and_deleted() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    let (feed, url) = new_feed(parent, child).await;
    let (other, other_url) = new_feed(parent, child).await;
    assert_eq!(feed["child_id"], **child);
    assert_ne!((&feed["id"], &url), (&other["id"], &other_url));
    server.restart().await;
    let listed = parent.get(&feeds_path(child)).await.expect(200);
    let without_url = |feed: &Value| {
        let mut feed = feed.clone();
        feed.as_object_mut().unwrap().remove("url");
        feed
    };
    assert_eq!(listed["feeds"], json!([without_url(&feed), without_url(&other)]));
    assert_eq!(listed["total"], 2);
    let nobody = server.nobody();
    assert!(!events(&nobody, &url).await.is_empty());
    // The id gives no access, and the secret is no session.
    assert_unknown(&nobody.get(&format!("/calendar/{}.ics", text(&feed["id"]))).await);
    let secret = &url[PATH.len()..url.len() - ".ics".len()];
    let request = nobody.request(Method::GET, "/auth/me").bearer_auth(secret);
    assert_error(&send(request).await, 401, "UNAUTHENTICATED");
    assert_error(&nobody.get(&format!("/calendar/{secret}")).await, 404, "NOT_FOUND");
    parent.delete(&delete_path(&feed)).await.expect(204);
    assert_unknown(&nobody.get(&url).await);
    assert_error(&parent.delete(&delete_path(&feed)).await, 404, "NOT_FOUND");
    server.restart().await;
    assert_unknown(&server.nobody().get(&url).await);
    assert!(!events(&server.nobody(), &other_url).await.is_empty());
}

#[tokio::test]
async fn the_secret_is_in_one_response_only() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let first = parent.act_once(&feeds_path(child), "key").await;
    let url = text(&first.body["feed"]["url"]);
    let again = parent.act_once(&feeds_path(child), "key").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    let mut expected = first.body.clone();
    expected["feed"]["url"] = Value::Null;
    assert_eq!(again.body, expected);
    let other = parent.child("Leo", 0).await;
    let reused = parent.act_once(&feeds_path(&other), "key").await;
    assert_error(&reused, 422, "IDEMPOTENCY_KEY_REUSED");
    let secret = &url[PATH.len()..url.len() - ".ics".len()];
    let export = parent.get("/account/export").await;
    let feed = json!([{
        "id": first.body["feed"]["id"], "child_id": child,
        "created_at": first.body["feed"]["created_at"],
    }]);
    assert_eq!(export.body["calendar_feeds"], feed);
    let list = parent.get(&feeds_path(child)).await;
    assert!(![export.text, list.text].iter().any(|text| text.contains(secret)));
    for file in server.folders.data_files() {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{}", file.display());
    }
    parent.delete(&delete_path(&first.body["feed"])).await.expect(204);
    assert_error(&parent.act_once(&feeds_path(child), "key").await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn the_address_is_that_of_the_public_url() {
    let configure = |config: &mut Config| {
        config.http.public_origin = Origin::parse("https://chores.example.org");
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let family = server.family().await;
    let created = family.parent.act(&feeds_path(&family.child)).await.expect(201);
    let url = text(&created["feed"]["url"]);
    assert!(url.starts_with("https://chores.example.org/api/calendar/"), "{url}");
}

#[tokio::test]
async fn a_child_has_a_limited_number_of_feeds() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let (first, url) = new_feed(parent, child).await;
    for _ in 1..CalendarFeed::MOST {
        new_feed(parent, child).await;
    }
    let details = assert_error(&parent.act(&feeds_path(child)).await, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(details["limit"], json!({"name": "calendar_feeds", "most": 5}));
    server.nobody().get(&url).await.expect(200);
    new_feed(parent, &parent.child("Leo", 0).await).await;
    parent.delete(&delete_path(&first)).await.expect(204);
    new_feed(parent, child).await;
}

#[tokio::test]
async fn only_the_parents_of_the_child_have_its_feeds() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let (feed, url) = new_feed(&family.parent, &family.child).await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let nobody = server.nobody();
    let clients: [(&Client, u16); 3] = [(&other.parent, 404), (&child, 403), (&nobody, 401)];
    for (client, status) in clients {
        for answer in [
            client.get(&feeds_path(&family.child)).await,
            client.act(&feeds_path(&family.child)).await,
            client.delete(&delete_path(&feed)).await,
        ] {
            assert_eq!(answer.status, status, "{}", answer.text);
        }
    }
    // Neither with a child of one's own, nor with a sibling.
    let sibling = family.parent.child("Leo", 0).await;
    for (parent, child) in [(&other.parent, &other.child), (&family.parent, &sibling)] {
        let path = format!("{}/{}", feeds_path(child), text(&feed["id"]));
        assert_error(&parent.delete(&path).await, 404, "NOT_FOUND");
    }
    server.nobody().get(&url).await.expect(200);
}

#[tokio::test]
async fn a_feed_ends_with_the_child_and_not_with_sessions_or_a_password() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    let (_, url) = new_feed(parent, child).await;
    let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    parent.put("/auth/password", change).await.expect(204);
    clock.forward(40 * DAY);
    assert!(!events(&server.nobody(), &url).await.is_empty());
    log_in(parent, &parent.email, "battery staple").await.expect(200);
    parent.delete(&format!("/children/{child}")).await.expect(204);
    assert_unknown(&server.nobody().get(&url).await);
    let export = parent.get("/account/export").await.expect(200);
    assert_eq!(export["calendar_feeds"], json!([]));
}

#[tokio::test]
async fn a_marked_account_has_no_calendar() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let (_, url) = new_feed(parent, &family.child).await;
    let password = json!({"password": PASSWORD});
    parent.post("/user/mark-for-deletion", password).await.expect(202);
    assert_unknown(&server.nobody().get(&url).await);
    let login = json!({"email": parent.email, "password": PASSWORD});
    server.nobody().post("/auth/restore", login).await.expect(200);
    server.nobody().get(&url).await.expect(200);
}

#[tokio::test]
async fn secrets_cannot_be_guessed() {
    let configure = |config: &mut Config| config.service.logins.per_address = 3;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    for n in 0..2 {
        assert_unknown(&server.nobody().get(&format!("/calendar/{n:032x}.ics")).await);
    }
    let family = server.family().await;
    let (_, url) = new_feed(&family.parent, &family.child).await;
    // The sign-up was the third attempt.
    let unknown = format!("/calendar/{:032x}.ics", 2);
    let refused = server.nobody().get(&unknown).await;
    assert_error(&refused, 429, "TOO_MANY_ATTEMPTS");
    // Whoever knows a secret does not guess.
    server.nobody().get(&url).await.expect(200);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn a_calendar_program_reads_the_days_around_today() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    let (_, url) = new_feed(parent, child).await;
    let first = events(&server.nobody(), &url).await;
    assert_eq!(first.len(), 61, "from the day of the child to 60 days ahead");
    parent.activate(child, &family.task).await.expect(200);
    let done = events(&server.nobody(), &url).await;
    let summary = |n: usize| (text(&done[n]["summary"]), text(&done[n]["state"]));
    assert_eq!(summary(0), ("✓ Make the bed".to_owned(), "done".to_owned()));
    assert_eq!(summary(1), ("Make the bed".to_owned(), "upcoming".to_owned()));
    assert_eq!((&done[0]["start"], &done[0]["end"]), (&json!("2026-02-09"), &json!("2026-02-10")));
    let uids = |events: &[Value]| events.iter().map(|it| text(&it["uid"])).collect::<Vec<_>>();
    assert_eq!(uids(&done), uids(&first), "a change keeps them");
    clock.forward(40 * DAY);
    let later = events(&server.nobody(), &url).await;
    assert_eq!(later.len(), 91);
    let days = [&later[0]["start"], &later[90]["start"]];
    assert_eq!(days, [&json!("2026-02-19"), &json!("2026-05-20")]);
    assert_eq!(uids(&done)[10..], uids(&later)[..51]);
    let distinct: HashSet<_> = uids(&later).into_iter().collect();
    assert_eq!(distinct.len(), 91);
}

#[tokio::test]
async fn what_need_not_be_done_is_not_in_the_calendar() {
    let (server, _) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    let (_, url) = new_feed(parent, child).await;
    parent
        .post(&task_path(child, &family.task, "skip"), json!({"date": "2026-02-10"}))
        .await
        .expect(200);
    let pause = json!({"pauses": [{"from": "2026-02-11", "to": "2026-02-12"}]});
    parent.put("/family/settings", pause).await.expect(200);
    let left = events(&server.nobody(), &url).await;
    let days: Vec<&Value> = left.iter().take(2).map(|it| &it["start"]).collect();
    assert_eq!((left.len(), days), (58, vec![&json!("2026-02-09"), &json!("2026-02-13")]));
}

#[tokio::test]
async fn times_of_the_day_follow_the_familys_clock() {
    let (server, _) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    parent.put("/family/settings", json!({"time_zone": "Europe/Berlin"})).await.expect(200);
    let (_, url) = new_feed(parent, child).await;
    // The clocks are set forward on 2026-03-29.
    for (due, winter, change, summer) in [
        ("18:00", "2026-03-28T17:00:00", "2026-03-29T16:00:00", "2026-03-30T16:00:00"),
        ("02:30", "2026-03-28T01:30:00", "2026-03-29T01:30:00", "2026-03-30T00:30:00"),
    ] {
        daily(&family, json!({"due_time": due})).await;
        let events = events(&server.nobody(), &url).await;
        let ends: Vec<String> = events.iter().map(|it| text(&it["end"])).collect();
        for end in [winter, change, summer] {
            assert!(ends.contains(&format!("{end}+00:00")), "{due}: {end} is not in {ends:?}");
        }
    }
    // An event starts half an hour before its end, and not before its day.
    daily(&family, json!({"due_time": "00:10"})).await;
    let early = &events(&server.nobody(), &url).await[1];
    let times = (text(&early["start"]), text(&early["end"]));
    assert_eq!(times.0, "2026-02-09T23:00:00+00:00");
    assert_eq!(times.1, "2026-02-09T23:10:00+00:00");
    daily(&family, json!({"due_time": "00:00"})).await;
    let midnight = &events(&server.nobody(), &url).await[1];
    assert_eq!(midnight["start"], "2026-02-09T23:00:00+00:00");
    assert_eq!(midnight["end"], Value::Null);
}

#[tokio::test]
async fn any_name_arrives_as_it_is() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let (_, url) = new_feed(parent, child).await;
    let names = [
        "Dishes, cups; pots \\ pans".to_owned(),
        "BEGIN:VALARM".to_owned(),
        "🧹 Zähne putzen \"gründlich\" 👨‍👩‍👧".to_owned(),
        "漢字".repeat(30),
        format!("a{}", "🦷".repeat(40)),
    ];
    for name in &names {
        let task = parent.task(name, 5).await;
        let today =
            text(&parent.get(&format!("/children/{child}/today")).await.expect(200)["date"]);
        schedule_task(parent, &task, json!({"who": [child], "date": today})).await;
    }
    let calendar = server.nobody().get(&url).await;
    let found = parsed(&calendar);
    assert_eq!(found["others"], json!([]));
    assert_eq!(found["version"], "2.0");
    let found: Vec<String> =
        found["events"].as_array().unwrap().iter().map(|it| text(&it["summary"])).collect();
    assert_eq!(found, names);
    for personal in [&parent.email, &parent.id, child] {
        assert!(!calendar.text.contains(personal.as_str()), "{}", calendar.text);
    }
}

#[tokio::test]
async fn a_calendar_that_has_not_changed_is_not_sent_again() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    daily(&family, json!({})).await;
    let (_, url) = new_feed(&family.parent, &family.child).await;
    let nobody = server.nobody();
    let first = nobody.get(&url).await;
    assert_eq!(first.header("cache-control"), "private, max-age=300");
    let tag = first.header("etag").to_owned();
    clock.forward(HOUR);
    let repeat = || send(nobody.request(Method::GET, &url).header("If-None-Match", &tag));
    let kept = repeat().await;
    assert_eq!((kept.status, &*kept.text, kept.header("etag")), (304, "", &*tag));
    family.event().await;
    assert_eq!(repeat().await.status, 200);
}
