//! Several concurrent clients of one family, compared with a simple model: there must be an order
//! of the requests in which the model gives each client the server's responses.

mod client;
mod order;
mod state;

use futures_util::future::join_all;

use crate::budget::{Rounds, Run};
use crate::harness::{Parent, TestServer, text};
use crate::random::Random;
use client::Scene;
use order::{History, Operation};
use state::{Action, Asked, Event, Id, Mutation, State, Told};

const ROUNDS: Rounds = Rounds { short: 40, long: 3000 };
const CLIENTS: usize = 6;
/// The number of requests of each client in a history.
const REQUESTS: usize = 15;

/// The records at the start of a history.
const OPENING: [Asked; 7] = [
    Asked::AddChild { points: 20 },
    Asked::AddChild { points: 0 },
    Asked::AddTask { points: 7, is_good: true },
    Asked::AddTask { points: 15, is_good: true },
    Asked::AddTask { points: 10, is_good: false },
    Asked::AddReward { cost: 10 },
    Asked::AddReward { cost: 25 },
];

/// Removes the records of an earlier history.
async fn clear(parent: &Parent) {
    for kind in ["children", "tasks", "rewards"] {
        let listed = parent.get(&format!("/{kind}")).await.expect(200);
        for record in listed[kind].as_array().unwrap() {
            let path = format!("/{kind}/{}", text(&record["id"]));
            assert_eq!(parent.delete(&path).await.status, 204);
        }
    }
}

/// Lets the clients create a history. `written` is the number of earlier events in the table.
async fn history(
    scene: &Scene<'_>,
    admin: &Parent,
    random: &mut Random,
    written: usize,
) -> History {
    let mut opening = Vec::new();
    for (number, asked) in OPENING.into_iter().enumerate() {
        opening.push(scene.ask(number, asked).await);
    }
    let clients = (0..CLIENTS).map(|number| scene.client(number, random.fork(), REQUESTS));
    let mut clients = join_all(clients).await;
    clients.push(opening);
    clients.push(scene.look_around().await);
    History { clients, events: events(admin, written).await }
}

/// The events after the first `written`, in the order of the table.
async fn events(admin: &Parent, written: usize) -> Vec<Id> {
    let path = format!("/admin/tracking?order=asc&limit=500&offset={written}");
    let page = admin.get(&path).await.expect(200);
    let events: Vec<Id> = page["tracking_events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(&event["id"]).into())
        .collect();
    assert_eq!(page["total"], written + events.len());
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_is_explained_by_an_order() {
    let server = TestServer::start().await;
    explain(Run::of("model", &ROUNDS), &[server.admin().await.0]).await;
}

/// Compares histories of a family whose clients use several servers. The parents are one administrator,
/// a parent that can read the whole table, at each server.
pub(crate) async fn explain(mut run: Run, parents: &[Parent]) {
    let admin = &parents[0];
    let (mut histories, mut requests, mut refused, mut written) = (0, 0, 0, 0);
    while let Some(mut random) = run.next() {
        clear(admin).await;
        let scene = Scene::new(parents, histories);
        let history = history(&scene, admin, &mut random, written).await;
        history.explain(&State::default()).unwrap_or_else(|error| panic!("{error}"));
        let operations = history.clients.iter().flatten();
        refused += operations.clone().filter(|it| matches!(it.told, Told::Refused(..))).count();
        requests += operations.count();
        written += history.events.len();
        histories += 1;
    }
    run.report(&format!(
        "{histories} histories of {CLIENTS} clients: {requests} answers, {refused} of them \
         refusals, and {written} events: each explained"
    ));
}

/// Two clients of a child with 50 points, and a reward that costs 50.
fn of_two(one: (Asked, Told), other: (Asked, Told), is_overlapping: bool) -> Result<(), String> {
    let operation = |(asked, told), called, returned| Operation { asked, told, called, returned };
    let child = (Asked::AddChild { points: 50 }, Told::Added("c".into()));
    let reward = (Asked::AddReward { cost: 50 }, Told::Added("r".into()));
    let opening = vec![operation(child, 1, 2), operation(reward, 3, 4)];
    let returned = if is_overlapping { 9 } else { 6 };
    let clients = vec![opening, vec![operation(one, 5, returned)], vec![operation(other, 7, 8)]];
    let event = |operation: &Operation| match &operation.told {
        Told::Mutated { event, .. } => Some(event.id.clone()),
        _ => None,
    };
    let events = clients.iter().flatten().filter_map(event).collect();
    History { clients, events }.explain(&State::default())
}

fn redeem(id: &str) -> (Asked, Told) {
    let mutation = Mutation { action: Action::Redeem, child: "c".into(), entity: "r".into() };
    let event = Event { id: id.into(), before: 50, after: 0, amount: 50 };
    let told = Told::Mutated { event, points: 0, replayed: false };
    (Asked::Mutate { mutation, key: None }, told)
}

fn read(points: i64) -> (Asked, Told) {
    (Asked::ReadPoints("c".into()), Told::Points(points))
}

#[test]
fn impossible_responses_are_found() {
    for overlapping in [true, false] {
        of_two(redeem("one"), redeem("two"), overlapping).unwrap_err();
        of_two(redeem("one"), read(49), overlapping).unwrap_err();
        of_two(redeem("one"), read(0), overlapping).unwrap();
    }
    of_two(redeem("one"), read(50), true).unwrap();
    of_two(redeem("one"), read(50), false).unwrap_err();
}
