//! The week: what is to be done, skips, pauses and calendar feeds.

use serde_json::json;

use super::{assert_refused, assert_saved, between, field, open, show, submit};
use crate::harness::{Parent, text};
use crate::schedules::on_a_calendar;

async fn plan(parent: &Parent, task: &str, schedule: serde_json::Value) {
    let patch = json!({"schedule": schedule});
    parent.patch(&format!("/tasks/{task}"), patch).await.expect(200);
}

/// What a page shows of a day.
fn of_day<'a>(page: &'a str, day: &str) -> &'a str {
    between(page, &format!("id=\"day-{day}\""), "</li>\n<li class=\"card")
}

#[tokio::test]
async fn a_week_shows_what_became_of_each_task() {
    let (server, _clock) = on_a_calendar().await;
    let parent = server.parent().await;
    let page = show(&parent, "/app/week").await;
    assert!(page.contains("No task has a schedule yet."), "{page}");
    let (mia, noah) = (parent.child("Mía", 0).await, parent.child("Noah", 0).await);
    let task = parent.task("Dishes", 5).await;
    plan(&parent, &task, json!({"who": "all", "every": "day", "due_time": "19:00"})).await;
    let early = parent.task("Bed", 5).await;
    plan(&parent, &early, json!({"who": [mia], "every": "day", "due_time": "08:00"})).await;
    parent.activate(&noah, &task).await.expect(200);
    let page = show(&parent, "/app/week").await;
    assert!(page.contains("9 February 2026 – 15 February 2026"), "{page}");
    let today = of_day(&page, "2026-02-09");
    assert!(today.contains("Monday") && today.contains("today"), "{today}");
    for state in ["state due\">open", "state late\">late", "state done\">done"] {
        assert_eq!(today.matches(state).count(), 1, "{state}: {today}");
    }
    let tomorrow = of_day(&page, "2026-02-10");
    assert_eq!(tomorrow.matches("state upcoming\">planned").count(), 3, "{tomorrow}");
    // One child, the next week, and a week that starts on another day.
    let of_child = show(&parent, &format!("/app/week?child={noah}&day=2026-02-18")).await;
    assert!(of_child.contains("16 February 2026 – 22 February 2026"), "{of_child}");
    assert!(of_child.contains("Dishes") && !of_child.contains("Bed<br>"), "{of_child}");
    assert!(of_child.contains(&format!("href=\"/app/week?day=2026-02-23&#38;child={noah}\"")));
    parent.put("/family/settings", json!({"week_start": "sunday"})).await.expect(200);
    let page = show(&parent, "/app/week?day=nonsense").await;
    assert!(page.contains("8 February 2026 – 14 February 2026"), "{page}");
}

#[tokio::test]
async fn a_task_is_skipped_with_a_reason_and_that_is_undone() {
    let (server, _clock) = on_a_calendar().await;
    let parent = server.parent().await;
    let (child, task) = (parent.child("Mía", 0).await, parent.task("Dishes", 5).await);
    plan(&parent, &task, json!({"who": "all", "every": "day"})).await;
    let here = format!("/app/week/occurrence?child={child}&task={task}&date=2026-02-11");
    let page = show(&parent, &here).await;
    assert!(page.contains("Mía, 11 February 2026") && page.contains("planned"), "{page}");
    let fields = [("child_id", child.as_str()), ("task_id", task.as_str()), ("date", "2026-02-11")];
    let skip = [&fields[..], &[("note", "At grandma's")]].concat();
    let week = submit(&parent, "/app/week/skip", &skip).await;
    assert_saved(&week);
    assert!(of_day(&week.text, "2026-02-11").contains("state skipped\">skipped"));
    let page = show(&parent, &here).await;
    assert!(page.contains("<q>At grandma&#39;s</q>"), "{page}");
    let undo = [&fields[..], &[("action", "undo")]].concat();
    let week = submit(&parent, "/app/week/skip", &undo).await;
    assert!(of_day(&week.text, "2026-02-11").contains("state upcoming\">planned"));
    for date in ["2026-02-08", "nonsense"] {
        let path = format!("/app/week/occurrence?child={child}&task={task}&date={date}");
        assert_eq!(open(&parent, &path).await.status, 404, "{date}");
    }
    let wrong = [&fields[..2], &[("date", "2026-02-08")]].concat();
    assert_eq!(submit(&parent, "/app/week/skip", &wrong).await.status, 400);
}

#[tokio::test]
async fn pauses_are_added_and_removed() {
    let (server, _clock) = on_a_calendar().await;
    let parent = server.parent().await;
    let (child, task) = (parent.child("Mía", 0).await, parent.task("Dishes", 5).await);
    plan(&parent, &task, json!({"who": [child], "every": "day"})).await;
    let pauses = "/app/week/pauses";
    let week = submit(&parent, pauses, &[("pause_from", "2026-02-11"), ("pause_to", "2026-02-12")]);
    let week = week.await;
    assert_saved(&week);
    assert!(week.text.contains("11 February 2026 to 12 February 2026"), "{}", week.text);
    assert!(of_day(&week.text, "2026-02-12").contains("state paused\">no chores"));
    submit(&parent, pauses, &[("pause_from", "2026-03-01"), ("pause_to", "")]).await;
    let settings = parent.get("/family/settings").await.expect(200);
    let both = json!([
        {"from": "2026-02-11", "to": "2026-02-12"},
        {"from": "2026-03-01", "to": "2026-03-01"},
    ]);
    assert_eq!(settings["pauses"], both);
    for wrong in [("2026-02-12", "2026-02-20"), ("2026-05-02", "2026-05-01"), ("", "2026-05-01")] {
        let fields = [("pause_from", wrong.0), ("pause_to", wrong.1)];
        let page = submit(&parent, pauses, &fields).await;
        assert_refused(&page, &["A pause must not end before it starts"]);
        assert!(page.text.contains(&format!("value=\"{}\"", wrong.1)), "{}", page.text);
    }
    let remove = [("pause_from", "2026-02-11"), ("pause_to", "2026-02-12")];
    for _ in 0..2 {
        assert_saved(&submit(&parent, "/app/week/pauses/remove", &remove).await);
    }
    let settings = parent.get("/family/settings").await.expect(200);
    assert_eq!(settings["pauses"], json!([{"from": "2026-03-01", "to": "2026-03-01"}]));
}

#[tokio::test]
async fn the_address_of_a_calendar_is_shown_once() {
    let (server, _clock) = on_a_calendar().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 0).await;
    let week = show(&parent, "/app/week").await;
    let key = field(between(&week, "action=\"/app/week/feeds\"", "</form>"), "key");
    let create = [("key", key.as_str()), ("child_id", child.as_str())];
    let page = submit(&parent, "/app/week/feeds", &create).await;
    assert_eq!(page.header("cache-control"), "no-store");
    let address =
        between(&page.text, "<pre class=\"secret\" id=\"secret\" tabindex=\"0\">", "<").to_owned();
    assert!(address.starts_with(&parent.url("/api/calendar/")), "{address}");
    let path = address.strip_prefix(&parent.url("")).unwrap();
    assert_eq!(server.nobody().get(path).await.status, 200);
    let again = submit(&parent, "/app/week/feeds", &create).await;
    assert!(again.text.contains("The address was shown already."), "{}", again.text);
    let week = show(&parent, "/app/week").await;
    assert!(week.contains("created 9 February 2026, 18:42") && !week.contains(".ics"), "{week}");
    let feeds = parent.get(&format!("/children/{child}/calendar-feeds")).await.expect(200);
    let id = text(&feeds["feeds"][0]["id"]);
    let delete = [("child_id", child.as_str()), ("feed_id", id.as_str())];
    assert_saved(&submit(&parent, "/app/week/feeds/delete", &delete).await);
    assert_eq!(server.nobody().get(path).await.status, 404);
}

#[tokio::test]
async fn a_day_with_very_many_tasks_shows_some_of_them() {
    let (server, _clock) = on_a_calendar().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 0).await;
    for number in 0..45 {
        let task = json!({
            "name": format!("Task {number}"), "points": 1,
            "schedule": {"who": "all", "date": "2026-02-10"},
        });
        parent.post("/tasks", task).await.expect(201);
    }
    let page = show(&parent, "/app/week").await;
    let day = of_day(&page, "2026-02-10");
    assert_eq!(day.matches("class=\"occurrence\"").count(), 40, "{day}");
    assert!(day.contains("and 5 more"), "{day}");
    let page = show(&parent, &format!("/app/week?child={child}")).await;
    assert_eq!(of_day(&page, "2026-02-10").matches("class=\"occurrence\"").count(), 45);
}
