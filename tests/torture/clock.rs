//! A clock that jumps back by ten years, back and ahead by an hour, and is set right again, while a
//! family goes on and somebody waits for the deletion of an account.

use std::time::Duration;

use goldstar::config::Config;
use serde_json::{Value, json};

use crate::budget::{Rounds, Run};
use crate::harness::{
    Admin, Client, DAY, Family, HOUR, Hand, PASSWORD, Parent, Settings, TestServer, assert_error,
    eventually, text,
};
use crate::random::Random;

const ROUNDS: Rounds = Rounds { short: 2, long: 40 };
const STEPS: usize = 12;
/// What the clock shows at first, in microseconds.
const START: i64 = 1_770_662_535_000_000;
const YEARS: i64 = 3652 * DAY;
/// How long a marked account waits.
const THRESHOLD: i64 = 30 * DAY;
/// A jump ahead of less than a day is believed: by that much an account may be gone too early.
const AHEAD: i64 = HOUR;

/// The schedule of deletions has no pause.
fn restless(config: &mut Config) {
    config.service.deletion.interval = Duration::from_millis(10);
    config.service.logins.per_address = 0;
}

struct Round {
    server: TestServer,
    clock: Hand,
    /// By how much the clock is wrong.
    wrong: i64,
    family: Family,
    /// A session that nobody uses any more.
    forgotten: Client,
    leaver: Parent,
    /// How much time has really passed.
    passed: i64,
    /// Whether a jump ahead by more than a day was seen, after which nothing is deleted for a day.
    is_doubted: bool,
    events: usize,
}

impl Round {
    async fn new() -> Self {
        let (clock, machine) = Hand::new();
        let settings = Settings { machine, configure: restless, ..Settings::default() };
        let server = TestServer::with(settings).await;
        let family = server.family().await;
        let forgotten = server.nobody();
        crate::harness::log_in(&forgotten, &family.parent.email, PASSWORD).await.expect(200);
        let leaver = server.parent().await;
        let password = json!({"password": PASSWORD});
        leaver.post("/user/mark-for-deletion", password).await.expect(202);
        let (wrong, passed, is_doubted, events) = (0, 0, false, 0);
        Self { server, clock, wrong, family, forgotten, leaver, passed, is_doubted, events }
    }

    /// Sets the clock while the server runs.
    fn jump_to(&mut self, wrong: i64) {
        self.is_doubted |= wrong - self.wrong > DAY;
        self.clock.forward(wrong - self.wrong);
        self.wrong = wrong;
    }

    /// Lets time pass while the server is down.
    async fn pass(&mut self, time: i64) {
        self.server.stop().await;
        self.clock.forward(time);
        self.passed += time;
        self.server.start_again().await;
    }

    /// By a clock that was set, or after a long time, the family's session may be over.
    async fn log_in_again(&self) {
        let parent = &self.family.parent;
        if parent.get("/auth/me").await.status == 401 {
            crate::harness::log_in(parent, &parent.email, PASSWORD).await.expect(200);
        }
    }

    async fn step(&mut self, random: &mut Random) {
        match random.below(6) {
            0 => self.jump_to([-YEARS, -HOUR, AHEAD][random.below(3)]),
            1 => self.jump_to(0),
            2 => {
                let hours = 1 + random.below(96);
                self.pass(i64::try_from(hours).unwrap() * HOUR).await;
            }
            _ => {
                self.log_in_again().await;
                self.family.event().await;
                self.events += 1;
            }
        }
        self.check().await;
    }

    async fn check(&self) {
        self.log_in_again().await;
        let events = self.server.folders.events();
        assert_eq!(events.len(), self.events);
        for times in ["occurred_at", "created_at"] {
            assert!(events.iter().map(|event| text(&event[times])).is_sorted(), "{events:?}");
        }
        let path = format!("/children/{}/tracking?order=asc&limit=500", self.family.child);
        let found = self.family.parent.get(&path).await.expect(200);
        assert_eq!(found["tracking_events"], json!(events));
        if self.passed < THRESHOLD - AHEAD {
            let users = self.server.folders.rows("users.json");
            let waits = users.iter().any(|(_, user)| user["id"] == *self.leaver.id);
            assert!(waits, "deleted after {} hours", self.passed / HOUR);
        }
    }

    /// What a clock set back would keep is shortened every hour, and at a start.
    async fn restart_and_tidy(&mut self) {
        self.server.restart().await;
        let latest = Duration::from_micros((START + self.passed + self.wrong).unsigned_abs());
        let latest = (latest + Duration::from_hours(31 * 24)).as_secs_f64();
        let ends_in_time = |row: &(u64, Value)| row.1["expires_at"].as_f64().unwrap() <= latest;
        let is_tidy = async || {
            let rows = self.server.folders.rows("sessions.json");
            rows.iter().all(ends_in_time).then_some(())
        };
        eventually("an earlier end of all sessions", is_tidy).await;
    }

    /// The session that nobody uses is over a month later, wherever the clock stands, and a
    /// deletion that no jump has held is done.
    async fn end(mut self) -> bool {
        self.restart_and_tidy().await;
        self.pass(32 * DAY).await;
        self.check().await;
        assert_error(&self.forgotten.get("/auth/me").await, 401, "UNAUTHENTICATED");
        if self.is_doubted || self.wrong < 0 {
            return false;
        }
        let admin: Admin = self.server.admin().await;
        let waiting = async || -> Value { admin.get("/admin/deletion-queue").await.expect(200) };
        let is_gone = async || (waiting().await["count"] == 0).then_some(());
        eventually("the account's end", is_gone).await;
        true
    }
}

#[tokio::test]
async fn whatever_the_clock_does_nothing_runs_backwards_and_nobody_goes_early() {
    let mut run = Run::of("clock", &ROUNDS);
    let (mut rounds, mut events, mut deleted) = (0, 0, 0);
    while let Some(mut random) = run.next() {
        let mut round = Round::new().await;
        for _ in 0..STEPS {
            round.step(&mut random).await;
        }
        events += round.events;
        deleted += usize::from(round.end().await);
        rounds += 1;
    }
    run.report(&format!(
        "{rounds} rounds of {STEPS} steps: {events} events in the order of their times, {rounds} \
         sessions over in time, {deleted} accounts deleted when due, 0 early"
    ));
}
