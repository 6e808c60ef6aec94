//! Clients that send random requests, and record the responses.

use std::cell::{Cell, RefCell};

use reqwest::Method;
use serde_json::{Value, json};

use super::order::Operation;
use super::state::{Action, Asked, Event, Id, Kind, Mutation, Told};
use crate::harness::{
    Answer, Parent, activate_path, adjust_path, reverse_path, reward_path, send, task_path, text,
};
use crate::random::Random;

/// The number of idempotency keys that the clients of a history share.
const KEYS: usize = 6;

/// The shared state of the clients of a history.
pub(super) struct Scene<'a> {
    /// One for each server.
    parents: &'a [Parent],
    /// The number of the history, because keys are remembered for a day.
    number: usize,
    known: RefCell<Known>,
    ticks: Cell<usize>,
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
    pub(super) fn new(parents: &'a [Parent], number: usize) -> Self {
        Self { parents, number, known: RefCell::default(), ticks: Cell::default() }
    }

    /// Requests everything that can be read of the family.
    pub(super) async fn look_around(&self) -> Vec<Operation> {
        let children = self.known.borrow().children.clone();
        let points = children.into_iter().map(Asked::ReadPoints);
        let mut seen = Vec::new();
        for (number, asked) in
            points.chain([Kind::Task, Kind::Reward].map(Asked::ReadRequests)).enumerate()
        {
            seen.push(self.ask(number, asked).await);
        }
        seen
    }

    fn tick(&self) -> usize {
        self.ticks.update(|ticks| ticks + 1);
        self.ticks.get()
    }

    /// Sends the request of a client, and records the response and the times.
    pub(super) async fn ask(&self, client: usize, asked: Asked) -> Operation {
        let called = self.tick();
        let answer = send_by(&self.parents[client % self.parents.len()], &asked).await;
        let returned = self.tick();
        let told = told(&asked, answer);
        if let (Asked::Mutate { mutation, .. }, Told::Mutated { event, .. }) = (&asked, &told)
            && matches!(mutation.action, Action::Activate | Action::Redeem | Action::Adjust)
        {
            let event = (event.id.clone(), mutation.child.clone());
            self.known.borrow_mut().events.push(event);
        }
        if let Told::Added(id) = &told {
            let kind = match &asked {
                Asked::AddChild { .. } => Kind::Child,
                Asked::AddTask { .. } => Kind::Task,
                _ => Kind::Reward,
            };
            self.known.borrow_mut().list(kind).push(id.clone());
        }
        Operation { asked, told, called, returned }
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
            let asked = self.draw(&mut random);
            own.push(self.ask(number, asked).await);
        }
        own
    }

    fn draw(&self, random: &mut Random) -> Asked {
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
                let key = random.below(3) == 0;
                let key = key.then(|| format!("{} of {}", random.below(KEYS), self.number));
                Asked::Mutate { mutation: Mutation { action, child, entity }, key }
            }
        }
    }
}

async fn send_by(parent: &Parent, asked: &Asked) -> Answer {
    match asked {
        Asked::Mutate { mutation: Mutation { action, child, entity }, key } => {
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
            let request = parent.request(Method::POST, &path);
            let request = match action {
                Action::Adjust => {
                    let delta: i64 = entity.parse().unwrap();
                    request.json(&json!({"delta": delta, "note": "wrong"}))
                }
                _ => request,
            };
            send(key.iter().fold(request, |it, key| it.header("Idempotency-Key", key))).await
        }
        Asked::AddChild { points } => {
            parent.post("/children", json!({"name": "Mía", "points": points})).await
        }
        Asked::AddTask { points, is_good } => {
            let task = json!({"name": "Task", "points": points, "is_good": is_good});
            parent.post("/tasks", task).await
        }
        Asked::AddReward { cost } => {
            parent.post("/rewards", json!({"name": "Reward", "cost": cost})).await
        }
        Asked::SetPoints(id, points) => {
            parent.patch(&format!("/tasks/{id}"), json!({"points": points})).await
        }
        Asked::SetCost(id, cost) => {
            parent.patch(&format!("/rewards/{id}"), json!({"cost": cost})).await
        }
        Asked::Delete(Kind::Child, id) => parent.delete(&format!("/children/{id}")).await,
        Asked::Delete(Kind::Task, id) => parent.delete(&format!("/tasks/{id}")).await,
        Asked::Delete(Kind::Reward, id) => parent.delete(&format!("/rewards/{id}")).await,
        Asked::ReadPoints(id) => parent.get(&format!("/children/{id}")).await,
        Asked::ReadRequests(Kind::Task) => parent.get("/tasks/pending").await,
        Asked::ReadRequests(_) => parent.get("/rewards/pending").await,
    }
}

/// A response in the terms of the model.
fn told(asked: &Asked, answer: Answer) -> Told {
    let replayed = answer.header("idempotent-replayed") == "true";
    let Answer { status, body, text: whole, .. } = answer;
    if matches!(status, 404 | 409 | 422) {
        let needed = body["details"]["points_needed"].as_i64();
        return Told::Refused(text(&body["code"]), needed);
    }
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
