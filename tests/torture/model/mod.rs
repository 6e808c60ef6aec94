//! Several concurrent clients of one family, compared with a simple model: there must be an order
//! of the requests in which the model gives each client the server's responses.

mod client;
mod household;
mod order;
mod people;
mod state;

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use goldstar::config::Config;

use crate::budget::{Rounds, Run};
use crate::harness::{Parent, Settings, TestServer, text};
use crate::random::Random;
use client::Scene;
use household::Step;
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

/// Removes the records of an earlier history, and everybody but the owner.
async fn clear(parent: &Parent) {
    for path in [
        "/children",
        "/tasks",
        "/rewards",
        "/webhooks",
        "/tokens",
        "/family/invitations",
        "/family/members",
    ] {
        let listed = parent.get(path).await.expect(200);
        let kind = path.rsplit('/').next().unwrap();
        let records = listed[kind].as_array().unwrap().iter();
        for record in records.filter(|record| record["role"] != "owner" || kind != "members") {
            let path = format!("{path}/{}", text(&record["id"]));
            assert_eq!(parent.delete(&path).await.status, 204);
        }
    }
}

/// All clients of a history have one address, and it is not that of the others.
pub(crate) fn settings() -> Settings {
    let configure = |config: &mut Config| {
        config.service.logins.per_account = 0;
        config.service.logins.per_address = 0;
    };
    Settings { configure, ..Settings::default() }
}

/// An address for the clients of a history: few devices of one address can wait for a session.
fn address(history: usize) -> Ipv4Addr {
    let [.., second, third] = history.to_be_bytes();
    Ipv4Addr::new(127, 1, second, third)
}

/// Lets the clients create a history, while `disturb` interrupts the servers. `written` is the number of earlier events
/// in the table.
async fn history(
    scene: &Scene<'_>,
    admin: &Parent,
    random: &mut Random,
    written: usize,
    disturb: impl Future<Output = ()>,
) -> History {
    let mut opening = Vec::new();
    for (number, asked) in OPENING.into_iter().enumerate() {
        opening.extend(scene.ask(number, None, asked).await);
    }
    for is_helper in [false, true] {
        let invite = Asked::Household(Step::Invite { is_helper });
        let invited = scene.ask(0, None, invite).await.unwrap();
        let Told::Added(invitation) = &invited.told else { panic!("{invited:?}") };
        let accept = Asked::Household(Step::Accept(invitation.clone()));
        opening.push(invited);
        opening.extend(scene.ask(1, None, accept).await);
    }
    let clients = (0..CLIENTS).map(|number| scene.client(number, random.fork(), REQUESTS));
    let (mut clients, ()) = tokio::join!(join_all(clients), disturb);
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
    let server = TestServer::with(settings()).await;
    explain(Run::of("model", &ROUNDS), &mut [server]).await;
}

/// Compares histories of a family whose clients use several servers.
pub(crate) async fn explain(run: Run, servers: &mut [TestServer]) {
    let tally = explain_disturbed(run, servers, async |_| {}).await;
    assert_eq!((tally.failed, tally.unknown), (0, 0));
}

/// The same, while the servers are interrupted: what was not answered has happened as a whole, or not at all. `disturb`
/// gets the servers at a random moment of each history, and returns when the servers work again.
/// The owner of the family is an administrator, who can read the whole table.
pub(crate) async fn explain_disturbed(
    mut run: Run,
    servers: &mut [TestServer],
    disturb: impl AsyncFn(&mut [TestServer]),
) -> Tally {
    let admin = servers[0].admin().await.0;
    let parents: Vec<_> = servers.iter().map(|server| admin.beside(&server.nobody())).collect();
    let mut tally = Tally::default();
    while let Some(mut random) = run.next() {
        clear(&admin).await;
        let gate = servers[0].nobody_at(address(tally.histories));
        let scene = Scene::new(&parents, gate, tally.histories);
        let mut moments = random.fork();
        let disturbance = async {
            // Each client has sent its first request.
            scene.moment(2 * moments.below(CLIENTS * (REQUESTS - 1))).await;
            disturb(servers).await;
        };
        let history = history(&scene, &admin, &mut random, tally.events, disturbance).await;
        history.explain(&State::default()).unwrap_or_else(|error| panic!("{error}"));
        tally.count(&history);
    }
    run.report(&tally.figures());
    tally
}

/// Counts for the report.
#[derive(Default)]
pub(crate) struct Tally {
    histories: usize,
    requests: usize,
    refused: usize,
    /// The number of requests of members, devices and tokens that had been removed.
    removed: usize,
    failed: usize,
    unknown: usize,
    events: usize,
}

impl Tally {
    fn count(&mut self, history: &History) {
        self.histories += 1;
        self.events += history.events.len();
        for operation in history.clients.iter().flatten() {
            self.requests += 1;
            match &operation.told {
                Told::Refused(code, _) => {
                    self.refused += 1;
                    self.removed += usize::from(code == "UNAUTHENTICATED");
                }
                Told::Failed => self.failed += 1,
                Told::Unknown => self.unknown += 1,
                _ => {}
            }
        }
    }

    fn figures(&self) -> String {
        let Self { histories, requests, refused, removed, failed, unknown, events } = self;
        let interrupted = match failed + unknown {
            0 => String::new(),
            _ => format!(", {failed} failed, {unknown} without a known outcome"),
        };
        format!(
            "{histories} histories of {CLIENTS} clients: {requests} requests, {refused} of them refused \
             ({removed} because the member, device or token was removed){interrupted}, and {events} \
             events: each explained"
        )
    }
}

/// A member whose request is sent at that time, and the owner who removes the member from 5 to 6.
fn of_a_removed_member(asked: Asked, told: Told, called: usize) -> Result<(), String> {
    let operation = |who: Option<&str>, asked, told, called| {
        let who = who.map(Into::into);
        Operation { who, asked, told, called, returned: called + 1 }
    };
    let step = Asked::Household;
    let added = |id: &str| Told::Added(id.into());
    let owner = vec![
        operation(None, Asked::AddChild { points: 50 }, added("c"), 1),
        operation(None, step(Step::Invite { is_helper: false }), added("i"), 2),
        operation(None, step(Step::Accept("i".into())), added("m"), 3),
        operation(None, step(Step::RemoveMember("m".into())), Told::Deleted, 5),
    ];
    let events = told.event().cloned().into_iter().collect();
    let clients = vec![owner, vec![operation(Some("m"), asked, told, called)]];
    History { clients, events }.explain(&State::default())
}

#[test]
fn who_acts_after_the_removal_is_found() {
    let mutation = Mutation { action: Action::Adjust, child: "c".into(), entity: "7".into() };
    let event = Event { id: "e".into(), before: 50, after: 57, amount: 7 };
    let adjust = || Asked::Mutate { mutation: mutation.clone(), key: None };
    let done = || Told::Mutated { event: event.clone(), points: 57, replayed: false };
    let (asked, told) = read(50);
    for called in [4, 5] {
        of_a_removed_member(adjust(), done(), called).unwrap();
        of_a_removed_member(asked.clone(), told.clone(), called).unwrap();
    }
    of_a_removed_member(adjust(), done(), 7).unwrap_err();
    of_a_removed_member(asked, told, 7).unwrap_err();
    of_a_removed_member(adjust(), state::refused("UNAUTHENTICATED"), 7).unwrap();
    of_a_removed_member(adjust(), state::refused("UNAUTHENTICATED"), 4).unwrap_err();
    for (told, is_possible) in [(Told::Unknown, true), (Told::Failed, true)] {
        assert_eq!(of_a_removed_member(adjust(), told, 5).is_ok(), is_possible);
    }
}

/// Two clients of a child with 50 points, and a reward that costs 50.
fn of_two(one: (Asked, Told), other: (Asked, Told), is_overlapping: bool) -> Result<(), String> {
    let operation =
        |(asked, told), called, returned| Operation { who: None, asked, told, called, returned };
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
