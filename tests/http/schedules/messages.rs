//! Messages about occurrences.

use serde_json::{Value, json};

use super::{again, daily, on_a_calendar, schedule_task};
use crate::harness::{DAY, HOUR, PASSWORD, Parent, eventually, reverse_path, text};
use crate::points::awards::messages;

const KINDS: [&str; 5] = ["task_due", "task_late", "task_missed", "task_done", "tasks_summary"];

/// The number of messages of each kind.
async fn counts(parent: &Parent) -> [usize; 5] {
    let mut counts = [0; 5];
    for (count, kind) in counts.iter_mut().zip(KINDS) {
        *count = messages(parent, kind).await.len();
    }
    counts
}

async fn wait_for(parent: &Parent, expected: [usize; 5]) {
    let what = format!("{expected:?}");
    eventually(&what, async || (counts(parent).await == expected).then_some(())).await;
}

#[tokio::test]
async fn each_moment_of_an_occurrence_sends_one_message() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let parent = &family.parent;
    daily(&family, json!({"due_time": "19:00"})).await;
    let mut stream = parent.events("/events").await;
    clock.forward(HOUR);
    let late = stream.next_named("task_late").await;
    let expected = json!({"type": "task_late", "payload": {
        "task_id": family.task, "task_name": "Make the bed", "child_id": family.child,
        "date": "2026-02-09", "due_at": "2026-02-09T19:00:00.000000Z",
        "ends_at": "2026-02-10T00:00:00.000000Z",
    }});
    assert_eq!(late.data, expected);
    server.restart().await;
    // To 00:12: one is missed, and the next one due.
    clock.forward(5 * HOUR - HOUR / 2);
    again(parent).await;
    wait_for(parent, [1, 1, 1, 0, 0]).await;
    let event = text(&family.event().await["id"]);
    parent.act(&reverse_path(&family.child, &event)).await.expect(200);
    family.event().await;
    wait_for(parent, [1, 1, 1, 1, 0]).await;
    // It was done: nothing is late or missed.
    clock.forward(DAY - HOUR / 2);
    again(parent).await;
    wait_for(parent, [1, 1, 1, 1, 0]).await;
    clock.forward(HOUR);
    again(parent).await;
    wait_for(parent, [2, 1, 1, 1, 0]).await;
    let due = &messages(parent, "task_due").await[1];
    assert_eq!(due["date"], "2026-02-11");
}

#[tokio::test]
async fn a_new_schedule_and_another_due_time_repeat_nothing() {
    const MINUTES: i64 = HOUR / 60;
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let parent = &family.parent;
    // It is late already: only what happens from now on causes messages.
    daily(&family, json!({"due_time": "18:00"})).await;
    for (due_time, count) in [("18:45", 1), ("18:55", 1), ("19:05", 1)] {
        daily(&family, json!({"due_time": due_time})).await;
        let other = parent.task("Water the plants", 3).await;
        let schedule = json!({"who": "all", "every": "day", "due_time": due_time});
        schedule_task(parent, &other, schedule).await;
        clock.forward(10 * MINUTES);
        let is_of = |it: &Value, task: &str| it["task_id"] == task;
        eventually("the other task is late", async || {
            let late = messages(parent, "task_late").await;
            late.iter().any(|it| is_of(it, &other)).then_some(())
        })
        .await;
        let late = messages(parent, "task_late").await;
        let own = late.iter().filter(|it| is_of(it, &family.task)).count();
        assert_eq!(own, count, "{due_time}");
    }
}

#[tokio::test]
async fn after_an_outage_one_message_sums_up() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let parent = &family.parent;
    daily(&family, json!({"due_time": "19:00"})).await;
    server.stop().await;
    clock.forward(2 * DAY);
    server.start_again().await;
    again(parent).await;
    wait_for(parent, [0, 0, 0, 0, 1]).await;
    let summary = &messages(parent, "tasks_summary").await[0];
    let expected = json!({
        "child_id": family.child, "from": "2026-02-10T00:00:00.000000Z", "to": summary["to"],
        "due": 1, "late": 0, "missed": 2,
    });
    assert_eq!(summary, &expected);
    // The job goes on with single messages.
    clock.forward(HOUR);
    wait_for(parent, [0, 1, 0, 0, 1]).await;
}

#[tokio::test]
async fn a_clock_that_jumps_sends_nothing_twice_and_nothing_too_early() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let penalty = json!({"due_time": "19:00", "on_missed": family.penalty});
    daily(&family, penalty).await;
    let points = parent.points(child).await;
    clock.jump(30 * HOUR);
    jump_is_noticed(parent).await;
    clock.jump(-30 * HOUR);
    clock.forward(HOUR);
    wait_for(parent, [0, 1, 0, 0, 0]).await;
    clock.jump(-3 * HOUR);
    clock.forward(4 * HOUR);
    wait_for(parent, [0, 1, 0, 0, 0]).await;
    clock.jump(3 * HOUR);
    clock.forward(HOUR);
    wait_for(parent, [1, 1, 1, 0, 0]).await;
    let events = parent.get(&format!("/children/{child}/tracking")).await.expect(200);
    let by_schedule = |it: &&Value| it["metadata"]["actor"] == "schedule";
    let all = events["tracking_events"].as_array().unwrap();
    let penalties: Vec<_> = all.iter().filter(by_schedule).collect();
    assert_eq!(penalties.len(), 1);
    assert_eq!(penalties[0]["metadata"]["occurrence"]["date"], "2026-02-09");
    assert_eq!(parent.points(child).await, points + penalties[0]["delta"].as_i64().unwrap());
}

/// The server reports the jump, and the job holds.
async fn jump_is_noticed(parent: &Parent) {
    eventually("the jump of the clock", async || {
        let health = parent.get("/health").await.body.to_string();
        health.contains("jumped ahead").then_some(())
    })
    .await;
}

/// A clock that was a month ahead for more than a day counts as right, until it is corrected.
#[tokio::test]
async fn a_moment_of_a_wrong_clock_is_corrected() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let parent = &family.parent;
    daily(&family, json!({})).await;
    clock.jump(30 * DAY);
    jump_is_noticed(parent).await;
    clock.forward(25 * HOUR);
    again(parent).await;
    wait_for(parent, [0, 0, 0, 0, 1]).await;
    // The sessions of the right time have ended, so those that begin after the correction do not.
    eventually("the end of the older sessions", async || {
        let export = parent.get("/account/export").await.expect(200);
        (export["sessions"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    clock.jump(-30 * DAY);
    again(parent).await;
    // The next moment was set by the wrong clock. Time passes in large steps: a moment can be late. It stops before the
    // session ends, however slow the server is.
    let mut left = 10 * DAY;
    eventually("a message about the next days", async || {
        let step = left.min(HOUR / 4);
        clock.forward(step);
        left -= step;
        let counts = counts(parent).await;
        (counts[0] > 0 || counts[4] > 1).then_some(())
    })
    .await;
}

/// Nobody could do anything while the account was marked.
#[tokio::test]
async fn a_restored_account_is_not_punished() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({"on_missed": family.penalty})).await;
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await.expect(202);
    clock.forward(DAY / 2);
    let account = json!({"email": parent.email, "password": PASSWORD});
    parent.post("/auth/restore", account).await.expect(200);
    let points = parent.points(child).await;
    clock.forward(DAY);
    again(parent).await;
    // Of the day after the restore.
    wait_for(parent, [0, 0, 0, 0, 1]).await;
    let summary = &messages(parent, "tasks_summary").await[0];
    assert_eq!((&summary["missed"], &summary["due"]), (&json!(1), &json!(1)));
    eventually("the penalty of that day", async || {
        (parent.points(child).await < points).then_some(())
    })
    .await;
    let events = parent.get(&format!("/children/{child}/tracking")).await.expect(200);
    assert_eq!(events["total"], 1);
}
