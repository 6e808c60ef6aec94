//! For random histories, with and without restarts: the stored points are the sum of the events.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::harness::{Parent, TestServer, text};

const OPENING: [i64; 2] = [0, 30];

/// One step of a history. Numbers choose one of the two children, one of the tasks, and so on.
#[derive(Clone, Copy, Debug)]
enum Step {
    Activate(usize, usize),
    Request(usize, usize),
    Redeem(usize, usize),
    Cancel(usize, usize),
    Restart,
}

fn step(restarts: u32) -> impl Strategy<Value = Step> {
    let pair = || (0..2_usize, 0..2_usize);
    prop_oneof![
        6 => (0..2_usize, 0..4_usize).prop_map(|(child, task)| Step::Activate(child, task)),
        3 => pair().prop_map(|(child, reward)| Step::Request(child, reward)),
        3 => pair().prop_map(|(child, reward)| Step::Redeem(child, reward)),
        3 => pair().prop_map(|(child, reward)| Step::Cancel(child, reward)),
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

    /// Executes one step, and returns its event.
    async fn take(&self, server: &mut TestServer, step: Step) -> Option<Value> {
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
        match event["action"].as_str().unwrap() {
            "requested" => assert!(waiting.insert(request), "twice: {event}"),
            "cancelled" => assert!(waiting.remove(&request), "of nothing: {event}"),
            "redeemed" => _ = waiting.remove(&request),
            _ => {}
        }
    }
    (points, waiting.len())
}

async fn check(steps: Vec<Step>) {
    let mut server = TestServer::start().await;
    let cast = Cast::new(&server).await;
    let mut answered = Vec::new();
    for step in steps {
        answered.extend(cast.take(&mut server, step).await);
    }
    let (points, waiting) = fold(&answered, &cast.children);
    let pending = cast.parent.get("/rewards/pending").await.expect(200);
    assert_eq!(pending["pending_rewards"].as_array().unwrap().len(), waiting);
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
        .run(&histories, |steps| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(check(steps));
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
