//! The duration of a failed login must not reveal which accounts exist.

use std::time::{Duration, Instant};

use crate::budget::{Rounds, Run};
use crate::harness::{Settings, TestServer, assert_error, hash_as_for_users, log_in};

const ROUNDS: Rounds = Rounds { short: 3, long: 300 };
/// A difference counts from this number of logins of each kind on: fewer prove nothing on a busy
/// machine.
const ENOUGH: usize = 100;
/// The largest accepted difference of the two medians, in parts per thousand.
const APART: u128 = 50;

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn known_and_unknown_accounts_take_the_same_time() {
    let mut run = Run::of("logins", &ROUNDS);
    let configure = |config: &mut goldstar::config::Config| {
        hash_as_for_users(config);
        config.service.logins.per_account = 0;
        config.service.logins.per_address = 0;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let known = server.parent().await.email.clone();
    let browser = server.nobody();
    // The first login measures how long a hash takes.
    log_in(&browser, &known, "wrong").await.expect(401);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    while let Some(mut random) = run.next() {
        let unknown = format!("unknown{}@example.org", random.below(1 << 30));
        let is_first = random.below(2) == 0;
        // Alternately, in either order: load on the machine affects both.
        for is_known in [is_first, !is_first] {
            let (email, times) =
                if is_known { (&known, &mut with) } else { (&unknown, &mut without) };
            let started = Instant::now();
            let answer = log_in(&browser, email, "wrong").await;
            times.push(started.elapsed());
            assert_error(&answer, 401, "INVALID_CREDENTIALS");
        }
    }
    let pairs = with.len();
    let (with, without) = (median(&mut with), median(&mut without));
    let apart = with.abs_diff(without).as_micros() * 1000 / with.as_micros();
    let is_alike = pairs < ENOUGH || apart <= APART;
    assert!(is_alike, "{with:?} for known accounts, {without:?} for unknown ones");
    let (with, without) = (with.as_micros(), without.as_micros());
    run.report(&format!(
        "{pairs} pairs of logins that fail: medians of {with} µs with an account and {without} µs \
         without, {apart} ‰ apart"
    ));
}
