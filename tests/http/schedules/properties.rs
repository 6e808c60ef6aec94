//! For random schedules and histories, every occurrence has the state that a second implementation computes from the
//! schedule and the tracking events. The variable `PROPTEST_CASES` sets another number of histories.

use std::collections::HashSet;

use goldstar::clock::Clock;
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::again;
use super::naive::{self, Every, Family, History, Plan, Who, plus};
use crate::harness::database::is_on_postgres;
use crate::harness::{
    DAY, HOUR, Hand, Parent, Settings, TestServer, activate_path, reverse_path, task_path, text,
};

const CHILDREN: usize = 3;
const TASKS: usize = 3;
/// The greatest number of days of a response.
const SPAN: i32 = 62;
const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe"];

/// One step of a history: a child and a task by their indices, and so on.
#[derive(Clone, Copy, Debug)]
enum Step {
    Activate(usize, usize),
    Request(usize, usize),
    /// Rejects a request.
    Reject(usize, usize),
    /// The number of an earlier event.
    Reverse(usize),
    /// A day by its distance from today, and whether to undo it.
    Skip(usize, usize, i32, bool),
    /// The distance of the first day from today, and the number of days after it.
    Pause(i32, i32),
    /// Some hours pass.
    Forward(i64),
}

#[derive(Clone, Debug)]
struct Case {
    zone: &'static str,
    day_starts_at: i8,
    /// The first day, as the number of days after that of the clock.
    starts: i64,
    rest_day: Option<Weekday>,
    plans: Vec<Plan>,
    steps: Vec<Step>,
}

fn weekday() -> impl Strategy<Value = Weekday> {
    (0..7_i8).prop_map(|number| Weekday::from_monday_zero_offset(number).unwrap())
}

fn plan() -> impl Strategy<Value = Plan> {
    let weekly = (prop::collection::hash_set(0..7_i8, 1..5), any::<bool>());
    let every = prop_oneof![
        4 => Just(Every::Day),
        3 => weekly.prop_map(|(on, is_sunday)| {
            let on = on.into_iter().map(|it| Weekday::from_monday_zero_offset(it).unwrap());
            Every::Week(on.collect(), if is_sunday { Weekday::Sunday } else { Weekday::Monday })
        }),
        1 => prop::option::of(1..=31_i8).prop_map(Every::Month),
        1 => Just(Every::Once),
    ];
    let children = Just((0..CHILDREN).collect::<Vec<_>>()).prop_shuffle();
    let who = (0..4_u8, 1..=CHILDREN, children);
    let times = (prop::option::of((0..24_i8, 0..60_i8)), 0..6_i32);
    let range = (-20..4_i32, prop::option::of(4..50_i32), 1..4_i32);
    (every, who, range, times, any::<bool>()).prop_map(|(every, who, range, times, first_only)| {
        let (from, until, interval) = range;
        let (kind, count, children) = who;
        let children = children[..count].to_vec();
        let is_weekly = matches!((&every, interval), (Every::Week(..), _) | (Every::Day, 1));
        let who = match kind {
            0 => Who::All,
            1 => Who::Children(children),
            _ => Who::Rotation { children, by_week: kind == 2 && is_weekly },
        };
        let from = if let Every::Once = every { from.abs() } else { from };
        let (due_time, grace_days) = times;
        let first_only = first_only && !matches!(who, Who::Rotation { .. });
        Plan { who, every, interval, from, until, due_time, grace_days, first_only }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let pair = || (0..CHILDREN, 0..TASKS);
    prop_oneof![
        4 => pair().prop_map(|(child, task)| Step::Activate(child, task)),
        4 => pair().prop_map(|(child, task)| Step::Request(child, task)),
        2 => pair().prop_map(|(child, task)| Step::Reject(child, task)),
        3 => (0..20_usize).prop_map(Step::Reverse),
        3 => (pair(), -5..5_i32, any::<bool>())
            .prop_map(|((child, task), day, undo)| Step::Skip(child, task, day, undo)),
        1 => (-5..5_i32, 0..3_i32).prop_map(|(from, days)| Step::Pause(from, days)),
        6 => (1..40_i64).prop_map(Step::Forward),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let family = (0..ZONES.len(), 0..=6_i8, 0..60_i64, prop::option::of(weekday()));
    let plans = prop::collection::vec(plan(), TASKS);
    (family, plans, prop::collection::vec(step(), 10..40)).prop_map(|(family, plans, steps)| {
        let (zone, day_starts_at, starts, rest_day) = family;
        Case { zone: ZONES[zone], day_starts_at, starts, rest_day, plans, steps }
    })
}

/// The family of a case, and what the test has done to it.
struct Group {
    parent: Parent,
    children: Vec<String>,
    tasks: Vec<String>,
    plans: Vec<Plan>,
    family: Family,
    hand: Hand,
    clock: Clock,
    first: Date,
    skipped: HashSet<(usize, usize, Date)>,
}

impl Group {
    async fn new(server: &TestServer, (hand, clock): (Hand, Clock), case: &Case) -> Self {
        let family = Family {
            zone: TimeZone::get(case.zone).unwrap(),
            day_starts_at: case.day_starts_at,
            rest_days: case.rest_day.into_iter().collect(),
            pauses: Vec::new(),
        };
        let parent = server.parent().await;
        let plans = case.plans.clone();
        let first = family.day_of(now(&clock));
        let (children, tasks, skipped) = (Vec::new(), Vec::new(), HashSet::new());
        let mut group =
            Self { parent, children, tasks, plans, family, hand, clock, first, skipped };
        group.put_settings(case.zone).await;
        for _ in 0..CHILDREN {
            group.children.push(group.parent.child("Mía", 100).await);
        }
        for plan in &group.plans {
            let schedule = plan.json(first, &group.children);
            let task = json!({"name": "Chore", "points": 3, "schedule": schedule});
            let task = group.parent.post("/tasks", task).await.expect(201);
            group.tasks.push(text(&task["task"]["id"]));
        }
        group
    }

    async fn put_settings(&self, zone: &str) {
        let rest_days: Vec<_> = self.family.rest_days.iter().copied().map(naive::name).collect();
        let pauses = self.family.pauses.iter();
        let pauses =
            pauses.map(|(from, to)| json!({"from": from.to_string(), "to": to.to_string()}));
        let settings = json!({
            "time_zone": zone, "day_starts_at": self.family.day_starts_at, "rest_days": rest_days,
            "pauses": pauses.collect::<Vec<_>>(),
        });
        self.parent.put("/family/settings", settings).await.expect(200);
    }

    fn today(&self) -> Date {
        self.family.day_of(now(&self.clock))
    }

    /// All events of tasks, in their order.
    async fn events(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for child in &self.children {
            let path = format!("/children/{child}/tracking?order=asc&limit=500");
            let page = self.parent.get(&path).await.expect(200);
            all.extend(page["tracking_events"].as_array().unwrap().clone());
        }
        all.sort_by_key(|it| text(&it["occurred_at"]));
        all
    }

    async fn take(&mut self, zone: &str, step: Step) {
        let path = |child: usize, task: usize, verb: &str| {
            task_path(&self.children[child], &self.tasks[task], verb)
        };
        let answer = match step {
            Step::Activate(child, task) => {
                let path = activate_path(&self.children[child], &self.tasks[task]);
                self.parent.act(&path).await
            }
            Step::Request(child, task) => self.parent.act(&path(child, task, "request")).await,
            Step::Reject(child, task) => self.parent.act(&path(child, task, "cancel")).await,
            Step::Reverse(number) => {
                let events = self.events().await;
                let Some(event) = events.get(number) else { return };
                let (child, event) = (text(&event["child_id"]), text(&event["id"]));
                self.parent.act(&reverse_path(&child, &event)).await
            }
            Step::Skip(child, task, distance, undo) => {
                let day = plus(self.today(), distance);
                let path = path(child, task, "skip");
                let answer = if undo {
                    self.parent.delete(&format!("{path}?date={day}")).await
                } else {
                    self.parent.post(&path, json!({"date": day.to_string()})).await
                };
                let key = (child, task, day);
                match (answer.status, undo) {
                    (200, true) => _ = self.skipped.remove(&key),
                    (200, false) => _ = self.skipped.insert(key),
                    // The child is not to do it on that day.
                    (status, _) => assert_eq!(status, 400, "{}", answer.text),
                }
                return;
            }
            Step::Pause(distance, days) => {
                let from = plus(self.today(), distance);
                self.family.pauses = vec![(from, plus(from, days))];
                return self.put_settings(zone).await;
            }
            Step::Forward(hours) => {
                self.hand.forward(hours * HOUR);
                return again(&self.parent).await;
            }
        };
        assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
    }

    /// Compares the schedule of each child with the second implementation.
    async fn assert_states(&self) {
        let history = History::of(&self.events().await);
        let (from, to) = (self.first, plus(self.first, SPAN - 1));
        for (index, child) in self.children.iter().enumerate() {
            let path = format!("/children/{child}/schedule?from={from}&to={to}");
            let page = self.parent.get(&path).await.expect(200);
            let shown = |it: &Value| {
                let fields = ["day", "task_id", "last_day", "due_at", "state"];
                fields.map(|field| text(&it[field])).join(" ")
            };
            let mut found: Vec<_> =
                page["occurrences"].as_array().unwrap().iter().map(shown).collect();
            found.sort();
            let mut expected = self.expected(index, &history);
            expected.sort();
            assert_eq!(found, expected, "at {}", now(&self.clock));
        }
    }

    fn expected(&self, child: usize, history: &History) -> Vec<String> {
        let mut all = Vec::new();
        for (number, (plan, task)) in self.plans.iter().zip(&self.tasks).enumerate() {
            for it in plan.occurrences(&self.family, self.first, child) {
                if it.day > plus(self.first, SPAN - 1) {
                    continue;
                }
                let ids = (self.children[child].as_str(), task.as_str());
                let is_skipped = self.skipped.contains(&(child, number, it.day));
                let context = (plan, &self.family);
                let state = it.state(ids, context, history, is_skipped, now(&self.clock));
                all.push(format!("{} {task} {} {} {state}", it.day, it.last, it.due_at()));
            }
        }
        all
    }
}

fn now(clock: &Clock) -> Timestamp {
    Timestamp::from_microsecond(clock.now().as_micros()).unwrap()
}

async fn check(case: Case) {
    let (hand, machine) = Hand::new();
    hand.jump(case.starts * DAY);
    let clock = machine.clock.clone();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let mut group = Group::new(&server, (hand, clock), &case).await;
    group.assert_states().await;
    for step in case.steps {
        group.take(case.zone, step).await;
        group.assert_states().await;
    }
}

#[test]
fn states_are_those_of_a_second_implementation() {
    const CASES: u32 = 6;
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        Config::default().cases
    } else if is_on_postgres() {
        1
    } else {
        CASES
    };
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    TestRunner::new(config)
        .run(&case(), |case| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(check(case));
            Ok(())
        })
        .unwrap();
}
