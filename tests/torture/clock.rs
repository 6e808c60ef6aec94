//! A clock that jumps back and ahead by ten years and by an hour, and is corrected again, while a
//! family sends requests and an account waits for its deletion.

use std::time::Duration;

use goldstar::config::Config;
use goldstar::domain::Timestamp;
use serde_json::{Value, json};

use crate::budget::{Rounds, Run};
use crate::harness::{
    Admin, Client, DAY, Family, HOUR, Hand, PASSWORD, Parent, Settings, TestServer, assert_error,
    eventually, text,
};
use crate::random::Random;

const ROUNDS: Rounds = Rounds { short: 2, long: 40 };
const STEPS: usize = 12;
/// The first time of the clock, in microseconds.
const START: i64 = 1_770_662_535_000_000;
const YEARS: i64 = 3652 * DAY;
/// How long a marked account waits.
const THRESHOLD: i64 = 30 * DAY;

/// The schedule of deletions has no pause.
fn restless(config: &mut Config) {
    config.service.deletion.interval = Duration::from_millis(10);
    config.service.logins.per_address = 0;
}

struct Round {
    server: TestServer,
    clock: Hand,
    /// The error of the clock.
    wrong: i64,
    family: Family,
    /// A session that is not used any more.
    forgotten: Client,
    leaver: Parent,
    /// The real time elapsed.
    passed: i64,
    /// Whether the clock was ahead when the server started: it is then trusted a day later.
    is_started_ahead: bool,
    /// The times of the family's events, in the order of writing.
    events: Vec<i64>,
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
        let (wrong, passed, is_started_ahead, events) = (0, 0, false, Vec::new());
        Self { server, clock, wrong, family, forgotten, leaver, passed, is_started_ahead, events }
    }

    /// Sets the clock.
    fn jump_to(&mut self, wrong: i64) {
        self.clock.jump(wrong - self.wrong);
        self.wrong = wrong;
    }

    /// Lets time pass while the server runs. A clock that was ahead at the start is corrected
    /// within a day.
    fn pass(&mut self, time: i64) {
        if self.is_started_ahead {
            self.jump_to(0);
            self.is_started_ahead = false;
        }
        self.clock.forward(time);
        self.passed += time;
    }

    /// Lets time pass while the server is down.
    async fn pass_down(&mut self, time: i64) {
        self.server.stop().await;
        self.clock.forward(time);
        self.passed += time;
        self.server.start_again().await;
        self.is_started_ahead = self.wrong > 0;
    }

    /// If the clock was set, or after a long time, the family's session may have expired.
    async fn log_in_again(&self) {
        let parent = &self.family.parent;
        if parent.get("/auth/me").await.status == 401 {
            crate::harness::log_in(parent, &parent.email, PASSWORD).await.expect(200);
        }
    }

    async fn step(&mut self, random: &mut Random) {
        match random.below(7) {
            0 => self.jump_to([-YEARS, -HOUR, HOUR, YEARS][random.below(4)]),
            1 => self.jump_to(0),
            down_or_up @ (2 | 3) => {
                let time = i64::try_from(1 + random.below(96)).unwrap() * HOUR;
                if down_or_up == 2 { self.pass_down(time).await } else { self.pass(time) }
            }
            _ => {
                self.log_in_again().await;
                let time = self.next_time();
                self.family.event().await;
                self.events.push(time);
            }
        }
        self.check().await;
    }

    /// The time of the family's next event: the clock's, but after its last event if that is at
    /// most five minutes ahead.
    fn next_time(&self) -> i64 {
        let now = START + self.passed + self.wrong;
        let last = self.events.last().filter(|last| **last <= now + HOUR / 12);
        last.map_or(now, |last| now.max(last + 1))
    }

    async fn check(&self) {
        self.log_in_again().await;
        let mut events = self.server.folders.events();
        for times in ["occurred_at", "created_at"] {
            let time = |event: &Value| Timestamp::parse_iso(&text(&event[times])).unwrap();
            let found: Vec<_> = events.iter().map(|event| time(event).as_micros()).collect();
            assert_eq!(found, self.events);
        }
        // A query sorts by time, and then by the order of writing.
        events.sort_by_key(|event| text(&event["occurred_at"]));
        let path = format!("/children/{}/tracking?order=asc&limit=500", self.family.child);
        let found = self.family.parent.get(&path).await.expect(200);
        assert_eq!(found["tracking_events"], json!(events));
        if self.passed < THRESHOLD {
            let what = format!("the account in its file after {} hours", self.passed / HOUR);
            // The file is written in the background.
            let waits = async || {
                let users = self.server.folders.rows("users.json");
                users.iter().any(|(_, user)| user["id"] == *self.leaver.id).then_some(())
            };
            eventually(&what, waits).await;
        }
    }

    /// Sessions that a clock set back would keep too long are shortened every hour, once the clock
    /// has not jumped for an hour.
    async fn restart_and_tidy(&mut self) {
        self.pass_down(0).await;
        self.clock.forward(HOUR);
        self.passed += HOUR;
        let latest = Duration::from_micros((START + self.passed + self.wrong).unsigned_abs());
        let latest = (latest + Duration::from_hours(31 * 24)).as_secs_f64();
        let ends_in_time = |row: &(u64, Value)| row.1["expires_at"].as_f64().unwrap() <= latest;
        let is_tidy = async || {
            let rows = self.server.folders.rows("sessions.json");
            rows.iter().all(ends_in_time).then_some(())
        };
        eventually("an earlier end of all sessions", is_tidy).await;
    }

    /// The unused session expires within a month, whatever the clock was, and the account is
    /// deleted once the clock has been right for the threshold.
    async fn end(mut self) {
        self.restart_and_tidy().await;
        self.pass_down(32 * DAY).await;
        self.check().await;
        assert_error(&self.forgotten.get("/auth/me").await, 401, "UNAUTHENTICATED");
        self.jump_to(0);
        let run = "/admin/deletion-queue/run";
        self.server.admin().await.act(run).await.expect(200);
        self.pass(THRESHOLD);
        let admin: Admin = self.server.admin().await;
        admin.act(run).await.expect(200);
        let queue: Value = admin.get("/admin/deletion-queue").await.expect(200);
        assert_eq!(queue["count"], 0, "{queue}");
    }
}

#[tokio::test]
async fn events_have_the_right_times_and_no_deletion_is_early_whatever_the_clock_shows() {
    let mut run = Run::of("clock", &ROUNDS);
    let (mut rounds, mut events) = (0, 0);
    while let Some(mut random) = run.next() {
        let mut round = Round::new().await;
        for _ in 0..STEPS {
            round.step(&mut random).await;
        }
        events += round.events.len();
        round.end().await;
        rounds += 1;
    }
    run.report(&format!(
        "{rounds} rounds of {STEPS} steps: {events} events with the right times, {rounds} \
         sessions over in time, {rounds} accounts deleted, 0 early"
    ));
}
