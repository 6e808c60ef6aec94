//! The server that writes the audit logs is paused under load, in the long form beyond its lease.

use std::fs;
use std::time::Duration;

use super::life::{Life, Tally};
use crate::budget::{Rounds, Run};
use crate::harness::cluster::new_database;
use crate::harness::{TestServer, eventually, names};

const ROUNDS: Rounds = Rounds { short: 1, long: 12 };
const SHORT: Duration = Duration::from_secs(2);
/// Longer than the lease.
const LONG: Duration = Duration::from_secs(20);
/// The largest number of lines that a server is writing when it is paused: a file cannot be fenced.
const UNDER_WAY: usize = 64;

/// The number of lines in the audit logs of a server.
fn lines(server: &TestServer) -> usize {
    let logs = server.folders.logs();
    let own = names(&logs).into_iter().filter(|name| name.starts_with("tracking_user_"));
    own.map(|name| fs::read_to_string(logs.join(name)).unwrap().lines().count()).sum()
}

#[tokio::test]
async fn a_paused_server_writes_no_line_without_its_lease() {
    let mut run = Run::of("paused", &ROUNDS);
    let time = if run.is_short { SHORT } else { LONG };
    let (mut tally, mut rounds, mut stale) = (Tally::default(), 0, 0);
    while let Some(mut random) = run.next() {
        let mut life = Life::begin(&new_database()).await;
        let mut paused = (0, 0);
        life.endure(&mut random, async |servers| {
            let writes = async || servers.iter().position(|server| lines(server) > 0);
            let holder = eventually("the first line", writes).await;
            servers[holder].signal("STOP");
            paused = (holder, lines(&servers[holder]));
            tokio::time::sleep(time).await;
            servers[holder].signal("CONT");
        })
        .await;
        life.check(&mut tally).await;
        let (holder, before) = paused;
        if !run.is_short {
            life.handovers += 1;
            let later = lines(&life.home.servers[holder]) - before;
            assert!(later <= UNDER_WAY, "{later} lines without the lease");
            stale += later;
        }
        life.end(&mut tally).await;
        rounds += 1;
    }
    let seconds = time.as_secs();
    run.report(&format!(
        "{rounds} pauses of {seconds} s: {stale} lines written without the lease; {}",
        tally.figures()
    ));
}
