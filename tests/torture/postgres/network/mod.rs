//! The network between a server and its database fails after n bytes of a mutation, for every n: each
//! response is true, and a repeat with the same key gives the true result.

mod proxy;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use goldstar::config::Config;
use serde_json::{Value, json};

use super::check;
use crate::budget::{Rounds, Run};
use crate::harness::cluster::new_database;
use crate::harness::{
    Answer, Client, Events, Family, PASSWORD, Settings, TestServer, activate_path,
};
use crate::random::Random;
use proxy::{Direction, Fault, Network, Plan};

/// The distance of two faults in a round. With it, as many rounds cover every byte once.
const STRIDE: usize = 256;
const ROUNDS: Rounds = Rounds { short: 1, long: STRIDE };
/// The step from one round's first byte to the next.
const STEP: usize = 77;
/// The number of bytes among which a connection that stays silent fails: one case for each round,
/// because the server waits for eight seconds.
const SILENT: usize = 2000;
/// More reads than the connections of a server: one that got no answer must not be used again.
const READS: usize = 20;
/// A server has noticed that a connection stays silent if it has responded after this time.
const NOTICED: Duration = Duration::from_secs(8);

/// What a lane's client requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Activation,
    SignUp,
}

const LANES: [(Kind, Direction, Fault); 9] = [
    (Kind::Activation, Direction::ToDatabase, Fault::Cut),
    (Kind::Activation, Direction::ToDatabase, Fault::Late),
    (Kind::Activation, Direction::ToDatabase, Fault::Slow),
    (Kind::Activation, Direction::ToDatabase, Fault::Silent),
    (Kind::Activation, Direction::ToServer, Fault::Cut),
    (Kind::Activation, Direction::ToServer, Fault::Slow),
    (Kind::Activation, Direction::ToServer, Fault::Silent),
    (Kind::SignUp, Direction::ToDatabase, Fault::Late),
    (Kind::SignUp, Direction::ToServer, Fault::Cut),
];

/// Counts for the report.
#[derive(Default)]
struct Tally {
    faults: usize,
    succeeded: usize,
    refused: usize,
    unknown: usize,
    /// How many of those had happened.
    happened: usize,
}

/// A server behind a network, and the other server.
struct Lane<'a> {
    network: Network,
    server: TestServer,
    gate: Client,
    /// Its network does not fail.
    other: &'a TestServer,
    number: usize,
    tally: Tally,
}

/// What a response says about the mutation.
enum Said {
    Done(Value),
    /// The response.
    NotDone(String),
    Unknown,
}

fn said(answer: Answer) -> Said {
    match (answer.status, answer.body["code"].as_str().unwrap_or_default()) {
        (200, _) => {
            assert_eq!(answer.header("idempotent-replayed"), "", "{}", answer.text);
            Said::Done(answer.expect(200)["tracking_event"].take())
        }
        (201, _) => Said::Done(answer.expect(201)["user"].take()),
        (503, "OUTCOME_UNKNOWN") => Said::Unknown,
        (503, "NOT_DURABLE" | "DATABASE_UNAVAILABLE" | "OVERLOADED") => Said::NotDone(answer.text),
        _ => panic!("{} {}", answer.status, answer.text),
    }
}

/// All clients have one address.
fn settings() -> Settings {
    let configure = |config: &mut Config| config.service.logins.per_address = 0;
    Settings { configure, ..Settings::default() }
}

impl<'a> Lane<'a> {
    async fn new(url: &str, other: &'a TestServer) -> Self {
        let network = Network::to(url);
        let server = TestServer::on_database(&network.url(url), settings()).await;
        let gate = server.nobody();
        Self { network, server, gate, other, number: 0, tally: Tally::default() }
    }

    /// Sends a mutation while the network fails. Returns whether it has failed.
    async fn fail(&mut self, kind: Kind, plan: Plan, random: &mut Random) -> bool {
        self.number += 1;
        let has_struck = match kind {
            Kind::Activation => self.activate(plan, random.below(3) == 0, random.coin()).await,
            Kind::SignUp => self.sign_up(plan).await,
        };
        self.tally.faults += usize::from(has_struck);
        has_struck
    }

    async fn activate(&mut self, plan: Plan, has_rival: bool, repeats_here: bool) -> bool {
        // A new one each time: the records of its keys would make the traffic grow.
        let family = self.other.family().await;
        let parent = family.parent.beside(&self.gate);
        let streams = [parent.events("/events").await, family.parent.events("/events").await];
        let path = activate_path(&family.child, &family.task);
        self.network.plan(plan);
        let sent = Instant::now();
        // A change of the same family at the other server.
        let rival = async { if has_rival { Some(family.event().await) } else { None } };
        let answer = async {
            let answer = parent.act_once(&path, "key").await;
            (answer, self.network.has_struck(), sent.elapsed())
        };
        let ((answer, has_struck, said_after), rival) = tokio::join!(answer, rival);
        let said = self.tally.count(said(answer));
        let repeat = if repeats_here { &parent } else { &family.parent };
        let repeat = repeat.act_once(&path, "key").await;
        let was_done = repeat.header("idempotent-replayed") == "true";
        let event = repeat.expect(200)["tracking_event"].take();
        match said {
            Said::Done(done) => assert!(was_done && done == event, "{plan:?} {done} {event}"),
            Said::NotDone(text) => assert!(!was_done, "{plan:?}: {text}, and it was done: {event}"),
            Said::Unknown => self.tally.happened += usize::from(was_done),
        }
        if said_after >= NOTICED {
            for _ in 0..READS {
                parent.points(&family.child).await;
            }
        }
        check_family(&family, streams, &[Some(event), rival]).await;
        has_struck
    }

    async fn sign_up(&mut self, plan: Plan) -> bool {
        let email = format!("{}-{}@example.org", self.network.name(), self.number);
        let account = json!({
            "first_name": "Zoë", "last_name": "Example", "email": email, "password": PASSWORD,
        });
        self.network.plan(plan);
        let answer = self.gate.post("/auth/signup", account.clone()).await;
        let has_struck = self.network.has_struck();
        let said = self.tally.count(said(answer));
        let repeat = self.other.nobody().post("/auth/signup", account).await;
        let was_done = repeat.body["code"] == "EMAIL_TAKEN";
        assert!(was_done || repeat.status == 201, "{}", repeat.text);
        match said {
            Said::Done(_) => assert!(was_done, "{plan:?}"),
            Said::NotDone(text) => assert!(!was_done, "{plan:?}: {text}, and it was done"),
            Said::Unknown => self.tally.happened += usize::from(was_done),
        }
        has_struck
    }
}

/// Checks that a family's events are these, once and in one order, also in its streams.
async fn check_family(family: &Family, streams: [Events; 2], events: &[Option<Value>]) {
    let Family { parent, child, .. } = family;
    let page = parent.get(&format!("/children/{child}/tracking?order=asc")).await.expect(200);
    let rows = page["tracking_events"].as_array().unwrap();
    let mut points = 50;
    for row in rows {
        assert_eq!(row["points_before"], points, "{row}");
        points += row["delta"].as_i64().unwrap();
    }
    assert_eq!(parent.points(child).await, points);
    let mut told: Vec<&Value> = events.iter().flatten().collect();
    told.sort_by_key(|event| event["points_after"].as_i64());
    assert!(told.iter().copied().eq(rows), "{told:?} is not {rows:?}");
    for mut stream in streams {
        let frames = stream.take(rows.len()).await;
        let received = frames.iter().map(|frame| (frame.id.clone(), frame.event_id()));
        let expected = (1..).map(|seq: usize| seq.to_string());
        let expected = expected.zip(rows.iter().map(|row| row["id"].as_str().unwrap()));
        assert!(received.eq(expected), "{frames:?}");
    }
}

impl Tally {
    fn count(&mut self, said: Said) -> Said {
        *match said {
            Said::Done(_) => &mut self.succeeded,
            Said::NotDone(_) => &mut self.refused,
            Said::Unknown => &mut self.unknown,
        } += 1;
        said
    }

    fn add(&mut self, other: &Self) {
        self.faults += other.faults;
        self.succeeded += other.succeeded;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.happened += other.happened;
    }

    fn figures(&self) -> String {
        let Self { faults, succeeded, refused, unknown, happened } = self;
        format!(
            "{faults} faults: {succeeded} mutations succeeded, each once; {refused} refused: 0 there; \
             of {unknown} with an unknown outcome {happened} were there; each repeat gave the true \
             result"
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_response_is_true_whichever_byte_is_lost() {
    let mut run = Run::of("network", &ROUNDS);
    let url = new_database();
    let [direct, _] = TestServer::two_on(&url, settings()).await;
    let mut tally = Tally::default();
    let mut first = None;
    while let Some(mut random) = run.next() {
        let start = first.map_or_else(|| random.below(STRIDE), |last| (last + STEP) % STRIDE);
        first = Some(start);
        let lanes = LANES.map(|(kind, direction, fault)| {
            let (mut random, url, other) = (random.fork(), &url, &direct);
            async move {
                let mut lane = Lane::new(url, other).await;
                let mut after = if fault == Fault::Silent { random.below(SILENT) } else { start };
                let plan = |after| Plan { direction, after, fault };
                while lane.fail(kind, plan(after), &mut random).await && fault != Fault::Silent {
                    after += STRIDE;
                }
                lane.server.stop().await;
                lane.tally
            }
        });
        for lane in join_all(lanes).await {
            tally.add(&lane);
        }
    }
    check(&direct, &url);
    run.report(&tally.figures());
}
