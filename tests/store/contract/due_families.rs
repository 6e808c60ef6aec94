//! The families whose schedules are due, and the mark of the tasks that a transaction reads.

use goldstar::domain::schedule::{Plan, Recurrence, Schedule, Who};
use goldstar::domain::{Deletion, LimitPeriod, Task, TaskLimit, Timestamp, User};
use goldstar::store::{Change, Changes, Context, Scope, Snapshot, Store};

use super::bench::{Bench, START, family, task, user};
use super::over_each;
use super::schedules::day;

fn schedule() -> Option<Schedule> {
    let plan = Plan {
        who: Who::All,
        recurrence: Recurrence::Days { interval: 1 },
        from: day("2026-02-09"),
        until: None,
        due_time: None,
        grace_days: 1,
        is_for_one: false,
        on_missed: Some("bad".into()),
    };
    Schedule::changed(None, day("2026-02-09"), Some(plan))
}

/// An account whose schedules are due so many microseconds after the start.
fn due(id: &str, micros: i64) -> User {
    let schedule_at = Some(Timestamp::from_micros(START + micros));
    User { schedule_at, ..user(id, &format!("{id}@example.org")) }
}

async fn due_families(bench: &Bench, micros: i64, limit: usize) -> Vec<String> {
    let now = Timestamp::from_micros(START + micros);
    let found = bench.store.due_families(Timestamp::MIN..=now, limit).await.unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_families_whose_schedules_are_due_are_found_in_order() {
    const ALL: usize = 100;
    over_each(async |bench| {
        let put = async |bench: &Bench, user: User| {
            let scope = Scope::Family(user.id.clone());
            let put = move |_: &dyn Snapshot, _: &mut Context| {
                Ok((Changes::of([Change::PutUser(user.clone())]), ()))
            };
            bench.store.transact(scope, put).await.unwrap();
        };
        assert!(due_families(&bench, i64::MAX - START, ALL).await.is_empty());
        for user in [due("b", 20), due("a", 30), due("c", 10), user("never", "n@example.org")] {
            put(&bench, user).await;
        }
        {
            let bench = bench.reopen().await;
            assert!(due_families(&bench, 9, ALL).await.is_empty());
            assert_eq!(due_families(&bench, 20, ALL).await, ["c", "b"]);
            assert_eq!(due_families(&bench, 30, ALL).await, ["c", "b", "a"]);
            assert_eq!(due_families(&bench, 30, 2).await, ["c", "b"]);
            let later = Timestamp::from_micros(START + 20)..=Timestamp::MAX;
            let found = bench.store.due_families(later, ALL).await.unwrap();
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["b", "a"]);
            // Another change keeps the time.
            let changed = User { updated_at: Some(Timestamp::from_micros(START)), ..due("b", 20) };
            put(&bench, changed).await;
            put(&bench, due("c", 40)).await;
            assert_eq!(due_families(&bench, 40, ALL).await, ["b", "a", "c"]);
            let marked = Deletion::marked(Timestamp::from_micros(START));
            put(&bench, User { deletion: Some(marked), ..due("a", 30) }).await;
            assert_eq!(due_families(&bench, 40, ALL).await, ["b", "c"]);
            let bench = bench.reopen().await;
            assert_eq!(due_families(&bench, 40, ALL).await, ["b", "c"]);
            put(&bench, due("a", 30)).await;
            put(&bench, User { schedule_at: None, ..due("b", 20) }).await;
            assert_eq!(due_families(&bench, 40, ALL).await, ["a", "c"]);
            let remove = |_: &dyn Snapshot, _: &mut Context| {
                Ok((Changes::of([Change::RemoveUser("c".into())]), ()))
            };
            bench.store.transact(Scope::Family("c".into()), remove).await.unwrap();
            assert_eq!(due_families(&bench, 40, ALL).await, ["a"]);
            assert_eq!(due_families(&bench.reopen().await, 40, ALL).await, ["a"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_schedule_and_the_next_time_survive_a_restart() {
    over_each(async |bench| {
        bench.put(family()).await;
        let scheduled = Task { schedule: schedule(), ..task("good", Some("u"), 5, true) };
        bench.put([Change::PutTask(scheduled.clone()), Change::PutUser(due("u", 7))]).await;
        let bench = bench.reopen().await;
        let records = bench.families().await;
        assert_eq!(records.task(&"good".into()).unwrap().schedule, scheduled.schedule);
        let at = Some(Timestamp::from_micros(START + 7));
        assert_eq!(records.user(&"u".into()).unwrap().schedule_at, at);
        bench.put([Change::PutTask(task("good", Some("u"), 5, true))]).await;
        let bench = bench.reopen().await;
        assert_eq!(bench.families().await.task(&"good".into()).unwrap().schedule, None);
    })
    .await;
}

#[tokio::test]
async fn events_about_tasks_with_a_limit_or_a_schedule_change_the_task_mark() {
    over_each(async |bench| {
        bench.put(family()).await;
        let limit = TaskLimit::new("limit", 3, LimitPeriod::Day).ok();
        for task in [
            Task { limit, ..task("good", Some("u"), 5, true) },
            Task { schedule: schedule(), ..task("good", Some("u"), 5, true) },
        ] {
            bench.put([Change::PutTask(task)]).await;
            let mark = async || bench.families().await.task_mark(&"u".into());
            let before = mark().await;
            bench.activate("c1", "good").await;
            let after = mark().await;
            assert_ne!(before, after);
            assert_eq!(mark().await, after);
        }
    })
    .await;
}
