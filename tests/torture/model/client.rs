//! Clients that send random requests, and record the responses.

use std::cell::{Cell, RefCell};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::household::{Step, Who};
use super::order::Operation;
use super::people::{self, Door, People};
use super::state::{Action, Asked, Event, Id, Kind, Mutation, Told};
use crate::harness::{
    Answer, Client, Parent, activate_path, adjust_path, eventually, reverse_path, reward_path,
    task_path, text, try_send,
};

use crate::random::Random;

/// When a request was sent, and the response.
pub(super) type Sent = (usize, Told);

/// The number of idempotency keys that the clients of a history share.
const KEYS: usize = 6;

/// The shared state of the clients of a history.
pub(super) struct Scene<'a> {
    /// The owner of the family, once for each server.
    pub(super) parents: &'a [Parent],
    /// The client of everybody but the owner.
    pub(super) gate: Client,
    /// The number of the history, because keys are remembered for a day.
    number: usize,
    known: RefCell<Known>,
    pub(super) people: RefCell<People>,
    ticks: Cell<usize>,
    ticked: Notify,
}

/// All records that exist or have existed, by kind.
#[derive(Default)]
struct Known {
    children: Vec<Id>,
    tasks: Vec<Id>,
    rewards: Vec<Id>,
    /// The events that can be reversed, with their children.
    events: Vec<(Id, Id)>,
}

impl Known {
    fn list(&mut self, kind: Kind) -> &mut Vec<Id> {
        match kind {
            Kind::Child => &mut self.children,
            Kind::Task => &mut self.tasks,
            Kind::Reward => &mut self.rewards,
        }
    }

    fn draw(&mut self, kind: Kind, random: &mut Random) -> Id {
        let list = self.list(kind);
        list[random.below(list.len())].clone()
    }
}

impl<'a> Scene<'a> {
    pub(super) fn new(parents: &'a [Parent], gate: Client, number: usize) -> Self {
        let (known, people, ticks) = (RefCell::default(), RefCell::default(), Cell::default());
        Self { parents, gate, number, known, people, ticks, ticked: Notify::new() }
    }

    /// Requests everything that can be read of the family.
    pub(super) async fn look_around(&self) -> Vec<Operation> {
        let children = self.known.borrow().children.clone();
        let all = children.clone();
        let points = children.into_iter().map(Asked::ReadPoints);
        let requests = [Kind::Task, Kind::Reward].map(Asked::ReadRequests);
        let mut seen = Vec::new();
        for (number, asked) in points.chain(requests).enumerate() {
            seen.extend(self.ask(number, None, asked).await);
        }
        let called = self.tick();
        let told = self.read_all(&all).await;
        let (asked, returned) = (Asked::Household(Step::ReadAll), self.tick());
        seen.push(Operation { who: None, asked, told, called, returned });
        seen
    }

    pub(super) fn tick(&self) -> usize {
        self.ticks.update(|ticks| ticks + 1);
        self.ticked.notify_one();
        self.ticks.get()
    }

    /// Waits until that many more requests and responses were sent.
    pub(super) async fn moment(&self, ticks: usize) {
        let end = self.ticks.get() + ticks;
        while self.ticks.get() < end {
            self.ticked.notified().await;
        }
    }

    /// Sends the request of a client, and records the response and the times. After a failure, waits until the server
    /// can be used again: what has not happened until then never happens. `None` if nothing was sent.
    pub(super) async fn ask(&self, client: usize, who: Who, asked: Asked) -> Option<Operation> {
        let sent = match &asked {
            Asked::Household(Step::Accept(invitation)) => self.accept(client, invitation).await,
            Asked::Household(Step::Pair { child }) => self.pair(client, child).await,
            _ => Some(self.send(client, &who, &asked).await),
        };
        if matches!(sent, None | Some((_, Told::Failed | Told::Unknown))) {
            self.recovery(client).await;
        }
        let returned = self.tick();
        let Some((called, told)) = sent else {
            // As for a response, so that each request counts at least twice.
            self.tick();
            return None;
        };
        self.learn(&asked, &told);
        Some(Operation { who, asked, told, called, returned })
    }

    /// Sends one request.
    async fn send(&self, client: usize, who: &Who, asked: &Asked) -> Sent {
        let called = self.tick();
        let (method, path, body) = route(asked);
        let request = self.request(client, who, method, &path);
        let request = body.into_iter().fold(request, |it, body| it.json(&body));
        let key = if let Asked::Mutate { key, .. } = asked { key.as_ref() } else { None };
        let request = key.into_iter().fold(request, |it, key| it.header("Idempotency-Key", key));
        let answer = try_send(request).await.ok();
        if let Some(told) = failure(answer.as_ref()) {
            return (called, told);
        }
        let answer = answer.unwrap();
        self.people.borrow_mut().learn(who, asked, &answer.body);
        (called, told(asked, answer))
    }

    /// Waits until the owner can read at the server of a client.
    async fn recovery(&self, client: usize) {
        let parent = &self.parents[client % self.parents.len()];
        eventually("the server to work again", async || {
            let read = try_send(parent.request(Method::GET, "/children")).await;
            read.ok().filter(|answer| answer.status == 200).map(drop)
        })
        .await;
    }

    fn learn(&self, asked: &Asked, told: &Told) {
        if let (Asked::Mutate { mutation, .. }, Told::Mutated { event, .. }) = (asked, told)
            && matches!(mutation.action, Action::Activate | Action::Redeem | Action::Adjust)
        {
            let event = (event.id.clone(), mutation.child.clone());
            self.known.borrow_mut().events.push(event);
        }
        if let Told::Added(id) = told {
            let kind = match asked {
                Asked::AddChild { .. } => Kind::Child,
                Asked::AddTask { .. } => Kind::Task,
                Asked::AddReward { .. } => Kind::Reward,
                _ => return,
            };
            self.known.borrow_mut().list(kind).push(id.clone());
        }
    }

    /// Sends random requests, one after another.
    pub(super) async fn client(
        &self,
        number: usize,
        mut random: Random,
        count: usize,
    ) -> Vec<Operation> {
        let mut own = Vec::new();
        for _ in 0..count {
            let (who, asked) = self.draw(&mut random);
            own.extend(self.ask(number, who, asked).await);
        }
        own
    }

    /// Draws a request of the owner about records or about who may act, or one of somebody else.
    fn draw(&self, random: &mut Random) -> (Who, Asked) {
        let people = self.people.borrow();
        match random.below(10) {
            0..2 => {
                let child = self.known.borrow_mut().draw(Kind::Child, random);
                people.step(random, child)
            }
            2..6 => {
                let Some((id, door)) = people.somebody(random) else {
                    return (None, self.draw_of_owner(random));
                };
                (Some(id), self.draw_of(door, random))
            }
            _ => (None, self.draw_of_owner(random)),
        }
    }

    /// Draws a request of somebody who is not the owner.
    fn draw_of(&self, door: &Door, random: &mut Random) -> Asked {
        let (child, actions) = match door {
            Door::Member => loop {
                // Whose event a helper reverses is not a part of the model.
                let asked = self.draw_of_owner(random);
                if !matches!(&asked, Asked::Mutate { mutation, .. } if mutation.action == Action::Reverse)
                {
                    return asked;
                }
            },
            Door::Token => {
                let child = self.known.borrow_mut().draw(Kind::Child, random);
                (child, &[(Action::Activate, Kind::Task)][..])
            }
            Door::Device(child) => (
                child.clone(),
                &[
                    (Action::RequestTask, Kind::Task),
                    (Action::CancelTask, Kind::Task),
                    (Action::Request, Kind::Reward),
                    (Action::Cancel, Kind::Reward),
                ][..],
            ),
        };
        if random.below(4) == 0 {
            return Asked::ReadPoints(child);
        }
        let (action, kind) = actions[random.below(actions.len())];
        let entity = self.known.borrow_mut().draw(kind, random);
        let mutation = Mutation { action, child, entity };
        Asked::Mutate { mutation, key: self.draw_key(random) }
    }

    fn draw_key(&self, random: &mut Random) -> Option<String> {
        let key = random.below(3) == 0;
        key.then(|| format!("{} of {}", random.below(KEYS), self.number))
    }

    fn draw_of_owner(&self, random: &mut Random) -> Asked {
        let mut known = self.known.borrow_mut();
        let amount = |random: &mut Random| 1 + i64::try_from(random.below(40)).unwrap();
        match random.below(56) {
            0 => Asked::AddChild { points: amount(random) },
            1 => Asked::AddTask { points: amount(random), is_good: random.coin() },
            2 => Asked::AddReward { cost: amount(random) },
            3 => Asked::Delete(Kind::Child, known.draw(Kind::Child, random)),
            4 => Asked::Delete(Kind::Task, known.draw(Kind::Task, random)),
            5 => Asked::Delete(Kind::Reward, known.draw(Kind::Reward, random)),
            6..8 => Asked::SetPoints(known.draw(Kind::Task, random), amount(random)),
            8..10 => Asked::SetCost(known.draw(Kind::Reward, random), amount(random)),
            10..14 => Asked::ReadPoints(known.draw(Kind::Child, random)),
            14 => Asked::ReadRequests(Kind::Task),
            15 => Asked::ReadRequests(Kind::Reward),
            40..43 => {
                let delta = if random.coin() { amount(random) } else { -amount(random) };
                let (child, entity) = (known.draw(Kind::Child, random), delta.to_string().into());
                let mutation = Mutation { action: Action::Adjust, child, entity };
                Asked::Mutate { mutation, key: None }
            }
            43..48 if !known.events.is_empty() => {
                let (entity, child) = known.events[random.below(known.events.len())].clone();
                let mutation = Mutation { action: Action::Reverse, child, entity };
                Asked::Mutate { mutation, key: None }
            }
            choice => {
                let (action, kind) = match choice {
                    16..24 => (Action::Activate, Kind::Task),
                    24..31 => (Action::Request, Kind::Reward),
                    31..36 => (Action::Redeem, Kind::Reward),
                    48..53 => (Action::RequestTask, Kind::Task),
                    53..56 => (Action::CancelTask, Kind::Task),
                    _ => (Action::Cancel, Kind::Reward),
                };
                let (child, entity) = (known.draw(Kind::Child, random), known.draw(kind, random));
                let mutation = Mutation { action, child, entity };
                Asked::Mutate { mutation, key: self.draw_key(random) }
            }
        }
    }
}

/// The method, the path and the body of a request.
fn route(asked: &Asked) -> (Method, String, Option<Value>) {
    match asked {
        Asked::Mutate { mutation, .. } => mutation_route(mutation),
        Asked::AddChild { points } => {
            let child = json!({"name": "Mía", "points": points});
            (Method::POST, "/children".to_owned(), Some(child))
        }
        Asked::AddTask { points, is_good } => {
            let task = json!({"name": "Task", "points": points, "is_good": is_good});
            (Method::POST, "/tasks".to_owned(), Some(task))
        }
        Asked::AddReward { cost } => {
            let reward = json!({"name": "Reward", "cost": cost});
            (Method::POST, "/rewards".to_owned(), Some(reward))
        }
        Asked::SetPoints(id, points) => {
            (Method::PATCH, format!("/tasks/{id}"), Some(json!({"points": points})))
        }
        Asked::SetCost(id, cost) => {
            (Method::PATCH, format!("/rewards/{id}"), Some(json!({"cost": cost})))
        }
        Asked::Delete(Kind::Child, id) => (Method::DELETE, format!("/children/{id}"), None),
        Asked::Delete(Kind::Task, id) => (Method::DELETE, format!("/tasks/{id}"), None),
        Asked::Delete(Kind::Reward, id) => (Method::DELETE, format!("/rewards/{id}"), None),
        Asked::ReadPoints(id) => (Method::GET, format!("/children/{id}"), None),
        Asked::ReadRequests(Kind::Task) => (Method::GET, "/tasks/pending".to_owned(), None),
        Asked::ReadRequests(_) => (Method::GET, "/rewards/pending".to_owned(), None),
        Asked::Household(step) => people::route(step),
    }
}

fn mutation_route(mutation: &Mutation) -> (Method, String, Option<Value>) {
    let Mutation { action, child, entity } = mutation;
    let path = match action {
        Action::Activate => activate_path(child, entity),
        Action::RequestTask => task_path(child, entity, "request"),
        Action::CancelTask => task_path(child, entity, "cancel"),
        Action::Request => reward_path(child, entity, "request"),
        Action::Redeem => reward_path(child, entity, "redeem"),
        Action::Cancel => reward_path(child, entity, "cancel"),
        Action::Adjust => adjust_path(child),
        Action::Reverse => reverse_path(child, entity),
    };
    let delta = || entity.parse::<i64>().unwrap();
    let is_adjustment = *action == Action::Adjust;
    let body = is_adjustment.then(|| json!({"delta": delta(), "note": "wrong"}));
    (Method::POST, path, body)
}

/// A response that is not a success, or none, in the terms of the model; `None` for a success.
pub(super) fn failure(answer: Option<&Answer>) -> Option<Told> {
    let Some(Answer { status, body, text: whole, .. }) = answer else { return Some(Told::Unknown) };
    let code = body["code"].as_str().unwrap_or_default();
    match (status, code) {
        (200..300, _) => None,
        (503, "OUTCOME_UNKNOWN") => Some(Told::Unknown),
        (503, "NOT_DURABLE" | "DATABASE_UNAVAILABLE" | "OVERLOADED") => Some(Told::Failed),
        (400 | 401 | 403 | 404 | 409 | 422, _) => {
            let needed = body["details"]["points_needed"].as_i64();
            Some(Told::Refused(code.to_owned(), needed))
        }
        _ => panic!("{status}: {whole}"),
    }
}

/// A successful response in the terms of the model.
fn told(asked: &Asked, answer: Answer) -> Told {
    let replayed = answer.header("idempotent-replayed") == "true";
    let Answer { status, body, text: whole, .. } = answer;
    let id = |value: &Value| Id::from(text(value));
    match (asked, status) {
        (Asked::Mutate { .. }, 200) => {
            let points = body["child"]["points"].as_i64().unwrap();
            Told::Mutated { event: event(&body["tracking_event"]), points, replayed }
        }
        (Asked::AddChild { .. }, 201) => Told::Added(id(&body["child"]["id"])),
        (Asked::AddTask { .. }, 201) => Told::Added(id(&body["task"]["id"])),
        (Asked::AddReward { .. }, 201) => Told::Added(id(&body["reward"]["id"])),
        (Asked::SetPoints(_, points), 200) if body["task"]["points"] == *points => Told::Changed,
        (Asked::SetCost(_, cost), 200) if body["reward"]["cost"] == *cost => Told::Changed,
        (Asked::Delete(..), 204) => Told::Deleted,
        (Asked::ReadPoints(_), 200) => Told::Points(body["child"]["points"].as_i64().unwrap()),
        (Asked::ReadRequests(kind), 200) => {
            let kind = if *kind == Kind::Task { "task" } else { "reward" };
            let requests = body[format!("pending_{kind}s")].as_array().unwrap().iter();
            let of = format!("{kind}_id");
            Told::Requests(requests.map(|it| (id(&it["child_id"]), id(&it[&of]))).collect())
        }
        (Asked::Household(step), _) => people::told(step, status, &body),
        _ => panic!("{asked:?} was answered with {status}: {whole}"),
    }
}

fn event(event: &Value) -> Event {
    let number = |value: &Value| value.as_i64().unwrap();
    let amount = &event["metadata"];
    let amount = amount.get("points").or(amount.get("cost")).unwrap();
    let (before, after) = (number(&event["points_before"]), number(&event["points_after"]));
    assert_eq!(number(&event["delta"]), after - before, "{event}");
    Event { id: text(&event["id"]).into(), before, after, amount: number(amount) }
}
