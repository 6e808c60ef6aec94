//! The primary ends like in a crash under load, and its synchronous standby becomes the primary.

use super::durable;
use super::life::{Life, Tally};
use crate::budget::{Rounds, Run};
use crate::harness::cluster::{Cluster, Stop};

const ROUNDS: Rounds = Rounds { short: 1, long: 30 };

/// The URL of a database with the hosts of both clusters, which are directories of sockets.
fn both(url: &str, other: &str) -> String {
    let host = |url: &str| {
        let (_, host) = url.split_once("host=").unwrap();
        host.split('&').next().unwrap().replace('/', "%2F")
    };
    let (start, _) = url.split_once('?').unwrap();
    start.replace('@', &format!("@{},{}", host(url), host(other)))
}

#[tokio::test]
async fn nothing_is_lost_in_a_failover() {
    let mut run = Run::of("failover", &ROUNDS);
    let (mut tally, mut rounds) = (Tally::default(), 0);
    while let Some(mut random) = run.next() {
        let primary = Cluster::start(durable());
        let standby = primary.standby();
        primary.wait_for_standby();
        let url = both(&primary.new_database(), &standby.url("goldstar", ""));
        let mut life = Life::begin(&url).await;
        life.endure(&mut random, async |_| {
            primary.stop(Stop::Immediate);
            standby.promote();
        })
        .await;
        life.end(&mut tally).await;
        rounds += 1;
    }
    run.report(&format!("{rounds} failovers; {}", tally.figures()));
}
