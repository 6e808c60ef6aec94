//! Clients that send mutations until their server is killed, and record the responses.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::home::Family;
use crate::harness::{
    Answer, Client, adjust_path, reverse_path, reward_path, task_path, text, try_send,
};
use crate::random::Random;

/// The number of a family's connections with a parent's session. One more has a child's.
const PARENTS: usize = 7;
/// The pause of a client after an error of the database.
const PAUSE: Duration = Duration::from_millis(20);

/// A mutation that a client requests.
pub(crate) struct Attempt {
    pub(crate) family: usize,
    child: String,
    /// The task, the reward, or the event that is reversed.
    entity: String,
    is_of_task: bool,
    action: &'static str,
    /// The points of an adjustment.
    delta: i64,
    pub(crate) key: Option<String>,
}

/// The responses in one round.
#[derive(Default)]
pub(crate) struct Told {
    /// The mutations that were confirmed with a new event, and the event.
    pub(crate) acknowledged: Vec<(Attempt, Value)>,
    /// The mutations without a response.
    pub(crate) unknown: Vec<Attempt>,
    pub(crate) refused: usize,
    /// The number of changes that a database which could not be reached has made fail.
    pub(crate) failed: usize,
}

impl Attempt {
    fn path(&self) -> String {
        let verb = match self.action {
            "activated" => "activate",
            "requested" => "request",
            "redeemed" => "redeem",
            "adjusted" => return adjust_path(&self.child),
            "reversed" => return reverse_path(&self.child, &self.entity),
            _ => "cancel",
        };
        let path = if self.is_of_task { task_path } else { reward_path };
        path(&self.child, &self.entity, verb)
    }

    pub(crate) async fn send(&self, client: &Client) -> reqwest::Result<Answer> {
        let request = client.request(Method::POST, &self.path());
        let request = match self.action {
            "adjusted" => request.json(&json!({"delta": self.delta, "note": "wrong"})),
            "reversed" => request.json(&json!({"partial": true})),
            _ => request,
        };
        let key = self.key.iter().fold(request, |it, key| it.header("Idempotency-Key", key));
        try_send(key).await
    }

    /// Whether the event is the result of this attempt.
    pub(crate) fn is(&self, event: &Value) -> bool {
        let metadata = &event["metadata"];
        let is_it = match self.action {
            "reversed" => metadata["reverses"] == *self.entity,
            "adjusted" => metadata["adjustment"] == true && metadata["points"] == self.delta.abs(),
            action => {
                event["entity_id"] == *self.entity
                    && event["action"] == action
                    && metadata.get("reverses").is_none()
            }
        };
        is_it && event["child_id"] == *self.child
    }
}

/// A connection of a family.
struct Seat<'a> {
    number: usize,
    family: &'a Family,
    client: Client,
    is_kid: bool,
    is_on_database: bool,
    random: Random,
}

impl Seat<'_> {
    fn draw(&mut self, keys: &RefCell<usize>, told: &RefCell<Told>) -> Attempt {
        let (family, random) = (self.family, &mut self.random);
        let action = match random.below(10) {
            0..4 if !self.is_kid => "activated",
            4 if !self.is_kid => "redeemed",
            8 if !self.is_kid => "adjusted",
            9 if !self.is_kid => "reversed",
            0..2 | 6 => "cancelled",
            _ => "requested",
        };
        let child = if self.is_kid { 0 } else { random.below(family.children.len()) };
        let can_be_task = matches!(action, "requested" | "cancelled");
        let is_of_task = action == "activated" || can_be_task && random.coin();
        let entities = if is_of_task { &family.tasks } else { &family.rewards };
        let key = (random.below(3) == 0).then(|| {
            *keys.borrow_mut() += 1;
            format!("key {}", keys.borrow())
        });
        let mut attempt = Attempt {
            family: self.number,
            child: family.children[child].clone(),
            entity: entities[random.below(entities.len())].clone(),
            is_of_task,
            action,
            delta: if random.coin() { 7 } else { -4 },
            key,
        };
        if action == "reversed" {
            let told = told.borrow();
            let own = told.acknowledged.iter().filter(|(it, _)| it.family == self.number);
            let own: Vec<&Value> = own.map(|(_, event)| event).collect();
            if own.is_empty() {
                // There is nothing to reverse yet.
                attempt.action = "adjusted";
            } else {
                let event = own[random.below(own.len())];
                (attempt.child, attempt.entity) = (text(&event["child_id"]), id(event));
            }
        }
        attempt
    }

    async fn work(
        mut self,
        keys: &RefCell<usize>,
        told: &RefCell<Told>,
        is_over: &CancellationToken,
    ) {
        while !is_over.is_cancelled() {
            let attempt = self.draw(keys, told);
            let Ok(answer) = attempt.send(&self.client).await else {
                return told.borrow_mut().unknown.push(attempt);
            };
            match (answer.status, answer.body["code"].as_str()) {
                (200, _) => {
                    let event = new_event(answer);
                    assert!(attempt.is(&event), "{event}");
                    told.borrow_mut().acknowledged.push((attempt, event));
                }
                (409, _) => told.borrow_mut().refused += 1,
                (503, Some("SHUTTING_DOWN")) => return,
                (503, Some(code)) if self.is_on_database => {
                    match code {
                        "OUTCOME_UNKNOWN" => told.borrow_mut().unknown.push(attempt),
                        "NOT_DURABLE" | "DATABASE_UNAVAILABLE" | "OVERLOADED" => {
                            told.borrow_mut().failed += 1;
                        }
                        _ => panic!("{}", answer.text),
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                _ => panic!("{}", answer.text),
            }
        }
    }
}

/// The event in the response to a request that is not a repeat.
pub(crate) fn new_event(answer: Answer) -> Value {
    assert_eq!(answer.header("idempotent-replayed"), "", "{}", answer.text);
    let mut body = answer.expect(200);
    assert_eq!(body["child"]["points"], body["tracking_event"]["points_after"], "{body}");
    body["tracking_event"].take()
}

/// Sends mutations on eight connections for each family, spread over the servers, until their server
/// is killed or the load is over. `keys` numbers the idempotency keys.
pub(crate) async fn work(
    families: &[Family],
    gates: &[Client],
    random: &mut Random,
    (keys, told): (&RefCell<usize>, &RefCell<Told>),
    is_over: &CancellationToken,
) {
    let mut seats = Vec::new();
    for (number, family) in families.iter().enumerate() {
        for seat in 0..=PARENTS {
            let is_kid = seat == PARENTS;
            let browser = if is_kid { &family.kid } else { &*family.parent };
            let client = browser.beside(&gates[(number + seat) % gates.len()]);
            let (is_on_database, random) = (gates.len() > 1, random.fork());
            seats.push(Seat { number, family, client, is_kid, is_on_database, random });
        }
    }
    join_all(seats.into_iter().map(|seat| seat.work(keys, told, is_over))).await;
}

/// The id of an event.
pub(crate) fn id(event: &Value) -> String {
    text(&event["id"])
}
