//! The requests of clients while the disk fails, and their responses.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::home::{Home, Served};
use super::nth::{Counted, Error, FailingDisk, Fault};
use crate::harness::{
    Answer, Client, Family, adjust_path, assert_error, reverse_path, task_path, text,
};
use crate::random::Random;

/// The number of concurrent changes.
const WIDTH: usize = 4;

/// A change that a client requests.
#[derive(Clone)]
pub(super) enum Attempt {
    /// A mutation with a task, a reward, `adjustment`, or the id of the event that is reversed.
    Event { action: &'static str, entity: String },
    /// A new task of that name.
    Task(String),
}

/// The responses to the clients.
#[derive(Default)]
pub(super) struct Told {
    /// The confirmed events.
    pub(super) events: Vec<Value>,
    /// The names of the tasks that were created, and of those that were not.
    pub(super) tasks: Vec<String>,
    pub(super) no_tasks: Vec<String>,
    /// Changes whose outcome is unknown.
    pub(super) unknown: Vec<Attempt>,
    /// The number of changes that failed because of the disk.
    pub(super) refused: usize,
    /// Whether a response said that no more changes are accepted.
    pub(super) is_read_only: bool,
    attempts: usize,
}

impl Attempt {
    /// Draws a change. `events` are the confirmed events, which can be reversed.
    fn draw(family: &Family, events: &[Value], random: &mut Random, number: usize) -> Self {
        let adjustment = "adjustment".to_owned();
        let (action, entity) = match random.below(12) {
            0..3 => ("activated", &family.task),
            3 => ("activated", &family.penalty),
            4 => ("requested", &family.reward),
            5 => ("redeemed", &family.reward),
            6 => ("cancelled", &family.reward),
            7 => ("adjusted", &adjustment),
            10 => ("requested", &family.task),
            11 => ("cancelled", &family.task),
            8 if !events.is_empty() => {
                let entity = text(&events[random.below(events.len())]["id"]);
                return Self::Event { action: "reversed", entity };
            }
            _ => return Self::Task(format!("task {number}")),
        };
        Self::Event { action, entity: entity.clone() }
    }

    async fn send(&self, parent: &Client, family: &Family) -> Answer {
        let child = &family.child;
        let of_task = async |verb| parent.act(&task_path(child, &family.task, verb)).await;
        match self {
            Self::Task(name) => {
                parent.post("/tasks", json!({"name": name, "points": 1, "is_good": true})).await
            }
            Self::Event { action: "activated", entity } => parent.activate(child, entity).await,
            Self::Event { action: "requested", entity } if *entity == family.task => {
                of_task("request").await
            }
            Self::Event { action: "requested", entity } => parent.ask_for(child, entity).await,
            Self::Event { action: "redeemed", entity } => parent.redeem(child, entity).await,
            Self::Event { action: "adjusted", .. } => {
                let body = json!({"delta": 3, "note": "wrong"});
                parent.post(&adjust_path(child), body).await
            }
            Self::Event { action: "reversed", entity } => {
                parent.post(&reverse_path(child, entity), json!({"partial": true})).await
            }
            Self::Event { entity, .. } if *entity == family.task => of_task("cancel").await,
            Self::Event { entity, .. } => parent.cancel(child, entity).await,
        }
    }

    /// Whether the event is the result of this attempt.
    pub(super) fn is(&self, event: &Value) -> bool {
        let reversed = event["metadata"]["reverses"].as_str();
        let action = match (event["action"].as_str().unwrap(), reversed) {
            (_, Some(_)) => "reversed",
            ("activated", None) if event["entity_id"] == "adjustment" => "adjusted",
            (action, None) => action,
        };
        let entity = reversed.or(event["entity_id"].as_str());
        matches!(self, Self::Event { action: own, entity: of }
            if *own == action && Some(&**of) == entity)
    }
}

impl Told {
    /// Sends some changes at once, with a read among them, and then reads everything.
    pub(super) async fn wave(
        &mut self,
        home: &Home,
        served: &Served,
        disk: &FailingDisk,
        random: &mut Random,
    ) {
        let (was_read_only, failures) = (self.is_read_only, disk.failures());
        let must_succeed = !disk.is_failing() && !was_read_only;
        let family = &home.family;
        let attempts: Vec<Attempt> = (0..=random.below(WIDTH))
            .map(|_| {
                self.attempts += 1;
                Attempt::draw(family, &self.events, random, self.attempts)
            })
            .collect();
        let sent = attempts.iter().map(|it| it.send(&served.parent, family));
        let (answers, children) = tokio::join!(join_all(sent), served.parent.get("/children"));
        children.expect(200);
        let (unknown, refused) = (self.unknown.len(), self.refused);
        for (attempt, answer) in attempts.into_iter().zip(answers) {
            if was_read_only {
                assert_error(&answer, 503, "READ_ONLY");
            }
            self.record(attempt, answer, disk);
        }
        let is_refused = (self.unknown.len(), self.refused) != (unknown, refused);
        // A note of the maintenance thread may have met the fault.
        if must_succeed && !self.is_read_only && disk.failures() == failures {
            assert!(!is_refused, "a change was refused though nothing had failed");
        }
        if disk.failures() > 0 {
            self.read(home, served).await;
        }
    }

    /// Records a response, which must be possible with a failing disk.
    fn record(&mut self, attempt: Attempt, answer: Answer, disk: &FailingDisk) {
        let code = answer.body["code"].as_str().unwrap_or_default();
        match (answer.status, code) {
            (200, _) => self.events.push(answer.expect(200)["tracking_event"].take()),
            (201, _) => self.tasks.push(text(&answer.body["task"]["name"])),
            (
                409,
                "REWARD_ALREADY_REQUESTED"
                | "TASK_ALREADY_REQUESTED"
                | "NO_PENDING_REQUEST"
                | "INSUFFICIENT_POINTS"
                | "ALREADY_REVERSED"
                | "NOT_REVERSIBLE",
            ) => {}
            (503, "OUTCOME_UNKNOWN") => {
                self.end(&answer, disk);
                self.unknown.push(attempt);
            }
            (503, "READ_ONLY") => {
                self.end(&answer, disk);
                self.refuse(attempt);
            }
            _ => {
                let (status, code) = match disk.fault.error {
                    Error::Full => (507, "STORAGE_FULL"),
                    Error::Broken => (503, "NOT_DURABLE"),
                };
                assert_error(&answer, status, code);
                assert!(disk.failures() > 0, "{}", answer.text);
                self.refuse(attempt);
            }
        }
    }

    /// No more changes are accepted. A full disk alone is no reason for that.
    fn end(&mut self, answer: &Answer, disk: &FailingDisk) {
        let Fault { counted, error, .. } = disk.fault;
        assert_ne!((counted, error), (Counted::Writes, Error::Full), "{}", answer.text);
        assert!(disk.failures() > 0, "{}", answer.text);
        self.is_read_only = true;
    }

    fn refuse(&mut self, attempt: Attempt) {
        self.refused += 1;
        if let Attempt::Task(name) = attempt {
            self.no_tasks.push(name);
        }
    }

    /// Checks that everything can be read and matches the responses, and that the failure is
    /// reported.
    async fn read(&mut self, home: &Home, served: &Served) {
        let child = &home.family.child;
        served.parent.get(&format!("/children/{child}")).await.expect(200);
        served.parent.get(&format!("/children/{child}/tracking")).await.expect(200);
        let found = served.admin.get("/admin/tracking").await.expect(200);
        assert_eq!(found["total"], home.rows.len() + self.events.len(), "as it was answered");
        let health = served.admin.get("/health").await;
        let status = text(&health.body["status"]);
        let is_read_only = (health.status, &*status) == (503, "read_only");
        let is_failing = (health.status, &*status) == (503, "failing");
        assert!(is_read_only || is_failing || health.status == 200, "{}", health.text);
        assert!(is_read_only || !self.is_read_only, "{}", health.text);
        self.is_read_only = is_read_only;
    }
}
