//! For random histories, with and without restarts: the stored points are the sum of the events, also after
//! everything that can be reversed is reversed, and progress and awards are those of the events that count.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use goldstar::domain::badges::{Metric, built_in};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::harness::{
    Answer, Parent, TestServer, adjust_path, assert_error, reverse_path, task_path, text,
};

const OPENING: [i64; 2] = [0, 30];

/// One step of a history. Numbers choose one of the two children, one of the tasks, and so on.
#[derive(Clone, Copy, Debug)]
enum Step {
    Activate(usize, usize),
    Request(usize, usize),
    Redeem(usize, usize),
    Cancel(usize, usize),
    /// A child requests the points of a task, or withdraws the request.
    RequestTask(usize, usize),
    CancelTask(usize, usize),
    /// The delta, and whether it may take less.
    Adjust(usize, i64, bool),
    /// The number of an earlier event, and whether it may take less.
    Reverse(usize, bool),
    Restart,
}

fn step(restarts: u32) -> impl Strategy<Value = Step> {
    let pair = || (0..2_usize, 0..2_usize);
    prop_oneof![
        6 => (0..2_usize, 0..4_usize).prop_map(|(child, task)| Step::Activate(child, task)),
        3 => pair().prop_map(|(child, reward)| Step::Request(child, reward)),
        3 => pair().prop_map(|(child, reward)| Step::Redeem(child, reward)),
        3 => pair().prop_map(|(child, reward)| Step::Cancel(child, reward)),
        3 => pair().prop_map(|(child, task)| Step::RequestTask(child, 2 * task)),
        1 => pair().prop_map(|(child, task)| Step::CancelTask(child, 2 * task)),
        2 => (0..2_usize, -20..20_i64, any::<bool>()).prop_map(|(child, delta, is_partial)| {
            Step::Adjust(child, if delta == 0 { 20 } else { delta }, is_partial)
        }),
        3 => (0..40_usize, any::<bool>())
            .prop_map(|(event, is_partial)| Step::Reverse(event, is_partial)),
        restarts => Just(Step::Restart),
    ]
}

/// The records that the steps use.
struct Cast {
    parent: Parent,
    children: Vec<String>,
    tasks: Vec<String>,
    rewards: Vec<String>,
}

impl Cast {
    async fn new(server: &TestServer) -> Self {
        let parent = server.parent().await;
        let (mut children, mut tasks, mut rewards) = (Vec::new(), Vec::new(), Vec::new());
        for points in OPENING {
            children.push(parent.child("Mía", points).await);
        }
        for points in [5, 12] {
            tasks.push(parent.task("Good", points).await);
            tasks.push(parent.penalty("Bad", points + 2).await);
        }
        for cost in [10, 25] {
            rewards.push(parent.reward("Nice", cost).await);
        }
        Self { parent, children, tasks, rewards }
    }

    /// Reverses an event, and returns the reversal.
    async fn reverse(&self, event: &Value, is_partial: bool) -> Answer {
        let path = reverse_path(&text(&event["child_id"]), &text(&event["id"]));
        self.parent.post(&path, json!({"partial": is_partial})).await
    }

    /// Executes one step, and returns its event. `earlier` are the events so far.
    async fn take(&self, server: &mut TestServer, step: Step, earlier: &[Value]) -> Option<Value> {
        let (parent, children, rewards) = (&self.parent, &self.children, &self.rewards);
        let answer = match step {
            Step::Activate(child, task) => {
                parent.activate(&children[child], &self.tasks[task]).await
            }
            Step::Request(child, reward) => {
                parent.ask_for(&children[child], &rewards[reward]).await
            }
            Step::Redeem(child, reward) => parent.redeem(&children[child], &rewards[reward]).await,
            Step::Cancel(child, reward) => parent.cancel(&children[child], &rewards[reward]).await,
            Step::RequestTask(child, task) => {
                parent.act(&task_path(&children[child], &self.tasks[task], "request")).await
            }
            Step::CancelTask(child, task) => {
                parent.act(&task_path(&children[child], &self.tasks[task], "cancel")).await
            }
            Step::Adjust(child, delta, is_partial) => {
                let body = json!({"delta": delta, "note": "wrong", "partial": is_partial});
                parent.post(&adjust_path(&children[child]), body).await
            }
            Step::Reverse(number, is_partial) => {
                let event = earlier.get(number.checked_rem(earlier.len())?)?;
                self.reverse(event, is_partial).await
            }
            Step::Restart => {
                server.restart().await;
                return None;
            }
        };
        assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
        (answer.status == 200).then(|| answer.body["tracking_event"].clone())
    }
}

/// The points and the number of pending requests after a history. Each step must be possible.
fn fold(events: &[Value], children: &[String]) -> (HashMap<String, i64>, usize) {
    let mut points: HashMap<String, i64> = children.iter().cloned().zip(OPENING).collect();
    let mut waiting = std::collections::HashSet::new();
    for event in events {
        let child = text(&event["child_id"]);
        let now = points.get_mut(&child).unwrap();
        assert_eq!(event["points_before"], *now, "{event}");
        *now += event["delta"].as_i64().unwrap();
        assert_eq!(event["points_after"], *now, "{event}");
        assert!(*now >= 0, "{event}");
        let request = (child, text(&event["entity_id"]));
        let has = |field| event["metadata"].get(field).is_some();
        match event["action"].as_str().unwrap() {
            "requested" => assert!(waiting.insert(request), "twice: {event}"),
            "cancelled" if has("reverses") && has("request_id") => {
                assert!(waiting.insert(request), "restored twice: {event}");
            }
            "cancelled" if has("reverses") => {}
            "cancelled" => assert!(waiting.remove(&request), "of nothing: {event}"),
            "redeemed" | "activated" => _ = waiting.remove(&request),
            _ => {}
        }
    }
    (points, waiting.len())
}

/// What the events of a child add up to: tasks, penalties, rewards, points earned and spent, and the change of the
/// points, computed from the list of the events only.
fn figures(events: &[Value], child: &str) -> [i64; 6] {
    let reversed: Vec<&str> =
        events.iter().filter_map(|event| event["metadata"]["reverses"].as_str()).collect();
    let mut sums = [0; 6];
    for event in events.iter().filter(|event| event["child_id"] == child) {
        let (delta, metadata) = (event["delta"].as_i64().unwrap(), &event["metadata"]);
        if reversed.contains(&event["id"].as_str().unwrap()) || !metadata["reverses"].is_null() {
            continue;
        }
        sums[5] += delta;
        match (event["action"].as_str().unwrap(), event["entity_type"].as_str().unwrap()) {
            _ if metadata["adjustment"] == true => sums[3] += delta.max(0),
            ("activated", "task") => {
                sums[0] += 1;
                sums[3] += delta;
            }
            ("activated", _) => sums[1] += 1,
            ("redeemed", _) => {
                sums[2] += 1;
                sums[4] -= delta;
            }
            _ => {}
        }
    }
    sums
}

/// Checks the progress and the awards of each child against its events.
async fn assert_progress(cast: &Cast, events: &[Value]) {
    for child in &cast.children {
        let [tasks, penalties, rewards, earned, spent, change] = figures(events, child);
        let path = format!("/children/{child}");
        let progress = cast.parent.get(&format!("{path}/progress")).await.expect(200);
        let total = &progress["balance"]["all_time"];
        assert_eq!(total["good"], json!({"count": tasks, "points": earned}));
        assert_eq!(total["not_good"]["count"], penalties);
        assert_eq!((&total["points_spent"], &total["net_change"]), (&json!(spent), &json!(change)));
        assert_eq!(progress["rank"]["points_earned"], earned);
        assert_eq!(progress["streak"]["longest"] != 0, tasks > 0);
        let awards = cast.parent.get(&format!("{path}/awards")).await.expect(200);
        let awards = awards["awards"].as_array().unwrap();
        for badge in built_in().iter().filter(|badge| badge.period.is_none()) {
            let value = match badge.metric {
                Metric::TasksDone => tasks,
                Metric::PointsEarned => earned,
                Metric::RewardsRedeemed => rewards,
                _ => continue,
            };
            for (number, threshold) in (1..).zip(badge.thresholds.values()) {
                let id = format!("{}.{number}", badge.id);
                let award = awards.iter().find(|award| award["id"] == id);
                let is_held = award.is_some_and(|award| award["revoked_at"].is_null());
                assert_eq!(is_held, value >= *threshold, "{id} with {value}: {award:?}");
            }
        }
    }
}

/// Reverses everything that can be reversed, in an order that `seed` chooses. Returns the reversals.
async fn reverse_all(cast: &Cast, events: &[Value], seed: u64) -> Vec<Value> {
    let mut order: Vec<&Value> = events.iter().collect();
    let place = |event: &Value| (seed, text(&event["id"]));
    order.sort_by_cached_key(|event| {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(place(event))
    });
    let mut reversals = Vec::new();
    for event in order {
        let answer = cast.reverse(event, true).await;
        if answer.status == 200 {
            reversals.push(answer.body["tracking_event"].clone());
            assert_error(&cast.reverse(event, true).await, 409, "ALREADY_REVERSED");
        } else {
            let code = text(&answer.body["code"]);
            assert!(["ALREADY_REVERSED", "NOT_REVERSIBLE"].contains(&&*code), "{}", answer.text);
        }
    }
    reversals
}

/// Each event that gives or takes points is reversed exactly once.
fn assert_all_reversed(events: &[Value]) {
    let mut reversed: Vec<&str> =
        events.iter().filter_map(|event| event["metadata"]["reverses"].as_str()).collect();
    let is_reversible =
        |event: &&Value| event["action"] == "activated" || event["action"] == "redeemed";
    let ids = events.iter().filter(is_reversible).map(|event| event["id"].as_str().unwrap());
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    reversed.sort_unstable();
    assert_eq!(reversed, ids);
}

async fn check(steps: Vec<Step>, seed: u64) {
    let mut server = TestServer::start().await;
    let cast = Cast::new(&server).await;
    let mut answered: Vec<Value> = Vec::new();
    for step in steps {
        let event = cast.take(&mut server, step, &answered).await;
        answered.extend(event);
    }
    assert_progress(&cast, &answered).await;
    let reversals = reverse_all(&cast, &answered, seed).await;
    answered.extend(reversals);
    assert_progress(&cast, &answered).await;
    assert_all_reversed(&answered);
    let (points, waiting) = fold(&answered, &cast.children);
    let mut pending = 0;
    for path in ["/rewards/pending", "/tasks/pending"] {
        let list = cast.parent.get(path).await.expect(200);
        pending += usize::try_from(list["total"].as_u64().unwrap()).unwrap();
    }
    assert_eq!(pending, waiting);
    for (child, points) in &points {
        assert_eq!(cast.parent.points(child).await, *points);
    }
    server.stop().await;
    assert_eq!(server.folders.events(), answered);
    for (child, points) in &points {
        assert_eq!(server.folders.record("children.json", child)["points"], *points);
    }
}

fn for_random_histories(restarts: u32) {
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let histories = prop::collection::vec(step(restarts), 1..40);
    TestRunner::new(config)
        .run(&(histories, any::<u64>()), |(steps, seed)| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(check(steps, seed));
            Ok(())
        })
        .unwrap();
}

#[test]
fn points_are_the_sum_of_the_events() {
    for_random_histories(0);
}

#[test]
fn points_are_the_sum_of_the_events_over_restarts() {
    for_random_histories(2);
}
