//! An imported password hash that is far more expensive to check than others.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;

use crate::harness::{Folders, PASSWORD, Settings, TestServer, log_in};

/// Ten times as expensive as a new hash. Its password is unknown.
fn hash() -> String {
    format!("scrypt:1024:8:1000$salt${}", "0".repeat(128))
}

const IMPORTED: &str = "imported@example.org";

fn folders() -> Folders {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let mut users = folders.json("users.json");
    users["_default"]["2"] = json!({"id": "u2", "email": IMPORTED, "password": hash()});
    folders.put("users.json", &users.to_string());
    folders
}

#[tokio::test]
async fn checks_of_an_expensive_hash_do_not_delay_other_logins() {
    const GUESSES: usize = 6;
    let server = TestServer::on(folders(), Settings::default()).await;
    let parent = server.parent().await;
    let (attacker, other) = (server.nobody(), server.nobody());
    let attempt = || log_in(&attacker, IMPORTED, "wrong password");
    let mut guesses: FuturesUnordered<_> = (0..GUESSES).map(|_| attempt()).collect();
    guesses.next().await.unwrap().expect(401);
    let mut answered = 1;
    let login = log_in(&other, &parent.email, PASSWORD);
    tokio::pin!(login);
    loop {
        tokio::select! {
            answer = &mut login => {
                answer.expect(200);
                break;
            }
            Some(answer) = guesses.next() => {
                answer.expect(401);
                answered += 1;
            }
        }
    }
    assert!(answered < GUESSES, "the login waited for all the checks of the expensive hash");
}

#[tokio::test]
async fn other_logins_are_faster_than_one_with_an_expensive_hash() {
    let server = TestServer::on(folders(), Settings::default()).await;
    let took = async |email: &str| {
        let start = Instant::now();
        log_in(&server.nobody(), email, "wrong password").await.expect(401);
        start.elapsed()
    };
    let expensive = took(IMPORTED).await;
    // The fastest of several: on a busy machine, a single one may be slow for other reasons.
    let mut usual = Duration::MAX;
    for email in ["nobody@example.org", "admin@example.org", "nobody@example.org"] {
        usual = usual.min(took(email).await);
    }
    assert!(usual * 2 < expensive, "{usual:?} and {expensive:?}");
}

#[tokio::test]
async fn a_start_warns_of_the_number_of_expensive_hashes() {
    const WARNING: &str = "take more than four times the time or memory";
    let mut users = folders().json("users.json");
    users["_default"]["3"] = json!({"id": "u3", "email": "c@example.org", "password": hash()});
    let warned = folders();
    warned.put("users.json", &users.to_string());
    let binary = || Settings { binary: true, ..Settings::default() };
    let mut server = TestServer::on(warned, binary()).await;
    let (_, said) = server.stop_by("TERM");
    let line = said.lines().find(|line| line.contains(WARNING)).unwrap_or_else(|| panic!("{said}"));
    assert!(line.contains("WARN") && line.contains("accounts=2"), "{line}");

    let mut usual = TestServer::with(binary()).await;
    let (_, said) = usual.stop_by("TERM");
    assert!(!said.contains(WARNING), "{said}");
}
