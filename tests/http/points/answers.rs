//! A request is answered once: by two parents, against a withdrawal, in every order, at the same time and
//! after a restart.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Family, TestServer, assert_error};

/// Who answers, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Approve,
    Reject,
    Withdraw,
}

const MOVES: [Move; 3] = [Move::Approve, Move::Reject, Move::Withdraw];

/// What is requested.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Task,
    Reward,
}

struct Bench {
    server: TestServer,
    family: Family,
    child: Client,
}

impl Bench {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let family = server.family().await;
        let child = family.parent.hand_over(server.nobody(), &family.child).await;
        // Enough points for every reward.
        let task = family.parent.task("Homework", 1_000).await;
        family.parent.activate(&family.child, &task).await.expect(200);
        Self { server, family, child: (*child).clone() }
    }

    fn path(&self, kind: Kind, verb: &str) -> String {
        let Family { child, task, reward, .. } = &self.family;
        match kind {
            Kind::Task => format!("/children/{child}/tasks/{task}/{verb}"),
            Kind::Reward => format!("/children/{child}/rewards/{reward}/{verb}"),
        }
    }

    /// Requests it. Returns the answer that names the request.
    async fn request(&self, kind: Kind) -> Value {
        let asked = self.child.act(&self.path(kind, "request")).await.expect(200);
        json!({"request_id": asked["tracking_event"]["metadata"]["request_id"]})
    }

    async fn answer(&self, kind: Kind, answer: Move, body: &Value) -> Answer {
        let (client, verb): (&Client, _) = match (answer, kind) {
            (Move::Approve, Kind::Task) => (&*self.family.parent, "activate"),
            (Move::Approve, Kind::Reward) => (&*self.family.parent, "redeem"),
            (Move::Reject, _) => (&*self.family.parent, "cancel"),
            (Move::Withdraw, _) => (&self.child, "cancel"),
        };
        client.post(&self.path(kind, verb), body.clone()).await
    }

    async fn points(&self) -> i64 {
        self.family.parent.points(&self.family.child).await
    }

    async fn events(&self) -> u64 {
        self.family.parent.get("/family/tracking").await.expect(200)["total"].as_u64().unwrap()
    }

    /// Checks that the first answer ended the request, and that the others name its event.
    fn check(answers: &[Answer]) {
        let done: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(done.len(), 1, "{answers:?}");
        for late in answers.iter().filter(|answer| answer.status != 200) {
            let details = assert_error(late, 409, "REQUEST_GONE");
            assert_eq!(details["tracking_event_id"], done[0].body["tracking_event"]["id"]);
        }
    }
}

#[tokio::test]
async fn answers_in_every_order_have_one_event() {
    let mut bench = Bench::new().await;
    for kind in [Kind::Task, Kind::Reward] {
        for first in MOVES {
            for second in MOVES {
                let body = bench.request(kind).await;
                let before = bench.events().await;
                let answers = [
                    bench.answer(kind, first, &body).await,
                    bench.answer(kind, second, &body).await,
                ];
                assert_eq!(answers[0].status, 200, "{kind:?} {first:?} {second:?}");
                Bench::check(&answers);
                assert_eq!(bench.events().await, before + 1);
            }
        }
    }
    // A stale answer after a restart.
    let body = bench.request(Kind::Task).await;
    let first = bench.answer(Kind::Task, Move::Approve, &body).await;
    let (before, points) = (bench.events().await, bench.points().await);
    bench.server.restart().await;
    for late in MOVES {
        let answer = bench.answer(Kind::Task, late, &body).await;
        let details = assert_error(&answer, 409, "REQUEST_GONE");
        assert_eq!(details["tracking_event_id"], first.body["tracking_event"]["id"]);
        assert_eq!(details["ended"], "activated");
    }
    assert_eq!(bench.events().await, before);
    assert_eq!(bench.points().await, points);
}

#[tokio::test]
async fn answers_at_the_same_time_have_one_event() {
    let bench = Bench::new().await;
    for kind in [Kind::Task, Kind::Reward] {
        for _ in 0..4 {
            let body = bench.request(kind).await;
            let before = bench.events().await;
            let moves = MOVES.into_iter().cycle().take(9);
            let answers = join_all(moves.map(|it| bench.answer(kind, it, &body))).await;
            Bench::check(&answers);
            assert_eq!(bench.events().await, before + 1);
        }
    }
}

/// Reverses a redemption, and redeems the request that it ended, in this order or at the same time. The
/// request can be redeemed again only after the reversal.
#[tokio::test]
async fn a_redemption_and_its_reversal_have_one_event_each() {
    let mut bench = Bench::new().await;
    for (first, second) in [("reverse", "redeem"), ("redeem", "reverse"), ("both", "both")] {
        let request = bench.request(Kind::Reward).await;
        let redeemed = bench.answer(Kind::Reward, Move::Approve, &request).await.expect(200);
        let event = redeemed["tracking_event"]["id"].as_str().unwrap().to_owned();
        let reverse = format!("/children/{}/tracking/{event}/reverse", bench.family.child);
        let (before, points) = (bench.events().await, bench.points().await);

        let send = async |what: &str| match what {
            "reverse" => bench.family.parent.act(&reverse).await,
            _ => bench.answer(Kind::Reward, Move::Approve, &request).await,
        };
        let all = if first == "both" {
            join_all(["redeem", "reverse"].into_iter().cycle().take(10).map(send)).await
        } else {
            // Each of them twice.
            let mut all = Vec::new();
            for what in [first, first, second, second] {
                all.push(send(what).await);
            }
            all
        };
        let done: Vec<_> = all.iter().filter(|it| it.status == 200).collect();
        let is_reversal = |it: &&&Answer| it.body["tracking_event"]["action"] == "cancelled";
        let reversals: Vec<_> = done.iter().filter(is_reversal).collect();
        assert_eq!(reversals.len(), 1, "{all:?}");
        let redeems = done.len() - 1;
        match first {
            "reverse" => assert_eq!(redeems, 1),
            "redeem" => assert_eq!(redeems, 0),
            _ => assert!(redeems <= 1, "{all:?}"),
        }
        assert_eq!(bench.events().await, before + done.len() as u64);
        let returned = if redeems == 1 { 0 } else { 20 };
        assert_eq!(bench.points().await, points + returned);

        bench.server.restart().await;
        let again = bench.family.parent.act(&reverse).await;
        let details = assert_error(&again, 409, "ALREADY_REVERSED");
        assert_eq!(details["reversal_id"], reversals[0].body["tracking_event"]["id"]);
        if redeems == 0 {
            // The request is pending again.
            bench.answer(Kind::Reward, Move::Reject, &request).await.expect(200);
        }
    }
}
