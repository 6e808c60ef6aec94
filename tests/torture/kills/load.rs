//! Clients that send mutations until the server is killed, and record the responses.

use std::cell::RefCell;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

use super::home::Family;
use crate::harness::{Answer, Client, activate_path, reward_path, text, try_send};
use crate::random::Random;

/// The number of a family's connections with a parent's session. One more has a child's.
const PARENTS: usize = 7;

/// A mutation that a client requests.
pub(super) struct Attempt {
    pub(super) family: usize,
    child: String,
    entity: String,
    action: &'static str,
    pub(super) key: Option<String>,
}

/// The responses in one round.
#[derive(Default)]
pub(super) struct Told {
    /// The mutations that were confirmed with a new event, and the event.
    pub(super) acknowledged: Vec<(Attempt, Value)>,
    /// The mutations without a response.
    pub(super) unknown: Vec<Attempt>,
    pub(super) refused: usize,
}

impl Attempt {
    fn path(&self) -> String {
        let verb = match self.action {
            "activated" => return activate_path(&self.child, &self.entity),
            "requested" => "request",
            "redeemed" => "redeem",
            _ => "cancel",
        };
        reward_path(&self.child, &self.entity, verb)
    }

    pub(super) async fn send(&self, client: &Client) -> reqwest::Result<Answer> {
        let request = client.request(Method::POST, &self.path());
        let key = self.key.iter().fold(request, |it, key| it.header("Idempotency-Key", key));
        try_send(key).await
    }

    /// Whether the event is the result of this attempt.
    pub(super) fn is(&self, event: &Value) -> bool {
        event["child_id"] == *self.child
            && event["entity_id"] == *self.entity
            && event["action"] == self.action
    }
}

/// A connection of a family.
struct Seat<'a> {
    number: usize,
    family: &'a Family,
    client: &'a Client,
    is_kid: bool,
    random: Random,
}

impl Seat<'_> {
    fn draw(&mut self, keys: &RefCell<usize>) -> Attempt {
        let (family, random) = (self.family, &mut self.random);
        let action = match random.below(8) {
            0..4 if !self.is_kid => "activated",
            4 if !self.is_kid => "redeemed",
            0..2 | 6 => "cancelled",
            _ => "requested",
        };
        let child = if self.is_kid { 0 } else { random.below(family.children.len()) };
        let entities = if action == "activated" { &family.tasks } else { &family.rewards };
        let key = (random.below(3) == 0).then(|| {
            *keys.borrow_mut() += 1;
            format!("key {}", keys.borrow())
        });
        Attempt {
            family: self.number,
            child: family.children[child].clone(),
            entity: entities[random.below(entities.len())].clone(),
            action,
            key,
        }
    }

    async fn work(mut self, keys: &RefCell<usize>, told: &RefCell<Told>) {
        loop {
            let attempt = self.draw(keys);
            let Ok(answer) = attempt.send(self.client).await else {
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
                _ => panic!("{}", answer.text),
            }
        }
    }
}

/// The event in the response to a request that is not a repeat.
pub(super) fn new_event(answer: Answer) -> Value {
    assert_eq!(answer.header("idempotent-replayed"), "", "{}", answer.text);
    let mut body = answer.expect(200);
    assert_eq!(body["child"]["points"], body["tracking_event"]["points_after"], "{body}");
    body["tracking_event"].take()
}

/// Sends mutations on 64 connections until the server is killed. `keys` numbers the idempotency
/// keys.
pub(super) async fn work(
    families: &[Family],
    random: &mut Random,
    keys: &RefCell<usize>,
    told: &RefCell<Told>,
) {
    let mut seats = Vec::new();
    for (number, family) in families.iter().enumerate() {
        for seat in 0..=PARENTS {
            let is_kid = seat == PARENTS;
            let client = if is_kid { &family.kid } else { &*family.parent };
            seats.push(Seat { number, family, client, is_kid, random: random.fork() });
        }
    }
    join_all(seats.into_iter().map(|seat| seat.work(keys, told))).await;
}

/// The id of an event.
pub(super) fn id(event: &Value) -> String {
    text(&event["id"])
}
