//! Guessing passwords, and finding out which accounts exist.

use std::fs;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Scrape, Settings, TestServer, assert_error, log_in, send};

const GUESSES: usize = 10_000;

/// A guess by a client that writes another address into the headers of proxies each time.
async fn guess(server: &TestServer, n: usize) -> Answer {
    let address = format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255);
    let email = if n.is_multiple_of(2) { "admin@example.org" } else { "unknown@example.org" };
    let body = json!({"email": email, "password": format!("guess {n}")});
    let request = server.nobody().request(Method::POST, "/auth/login").json(&body);
    let request = request.header("X-Forwarded-For", &address).header("X-Real-IP", &address);
    send(request.header("Forwarded", format!("for={address}"))).await
}

#[tokio::test]
async fn forged_addresses_do_not_allow_more_guesses() {
    // One connection per guess would use up the machine's ports.
    let server = TestServer::start().await;
    let answers = stream::iter(0..GUESSES).map(|n| guess(&server, n)).buffer_unordered(16);
    let answers: Vec<Answer> = answers.collect().await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    let allowed = goldstar::config::Config::default().service.logins;
    // Each minute that this takes allows some further attempts.
    let most = 2 * usize::try_from(allowed.per_account + allowed.per_address).unwrap();
    assert!((1..most).contains(&tried), "{tried} passwords were tried");
    for answer in answers.iter().filter(|answer| answer.status != 401) {
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!(answer.status == 429 && wait > 0, "{}", answer.text);
    }
    let metrics = Scrape::of(&server).await;
    let refused = metrics.get("logins_refused_total{reason=\"credentials\"}");
    assert_eq!(usize::try_from(refused).unwrap(), tried);
}

/// The processor time of a process, in the system's ticks.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// `scripts/torture logins` measures the time of responses. This test checks that a login takes the
/// server the same work with and without an account.
#[tokio::test]
async fn known_and_unknown_accounts_get_the_same_response_at_the_same_cost() {
    const TIMES: u64 = 8;
    let flags = ["--logins-per-account=0", "--logins-per-address=0"].map(str::to_owned).to_vec();
    let server = TestServer::with(Settings { binary: true, flags, ..Settings::default() }).await;
    let known = server.parent().await.email.clone();
    // The first login measures how long a hash takes.
    log_in(&server.nobody(), "first@example.org", "wrong").await.expect(401);
    let mut costs = Vec::new();
    let mut texts = Vec::new();
    for email in [&*known, "unknown@example.org"] {
        let before = ticks(server.pid());
        for _ in 0..TIMES {
            let answer = log_in(&server.nobody(), email, "wrong").await;
            assert_error(&answer, 401, "INVALID_CREDENTIALS");
            let headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            texts.push((answer.text, headers));
        }
        costs.push(ticks(server.pid()) - before);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let (known, unknown) = (costs[0], costs[1]);
    assert!(known >= TIMES, "hashes cost nothing: {costs:?}");
    assert!(unknown * 2 > known && known * 2 > unknown, "{costs:?}");
}
