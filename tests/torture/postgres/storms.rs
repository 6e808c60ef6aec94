//! Servers, connections and the whole database are killed under load.

use std::process::Command;

use super::durable;
use super::life::{Life, Tally};
use crate::budget::{Rounds, Run};
use crate::harness::TestServer;
use crate::harness::cluster::{Cluster, Stop, execute};
use crate::random::Random;

const ROUNDS: Rounds = Rounds { short: 4, long: 200 };
/// After this many rounds, a new database is used.
const LIFE: usize = 20;

/// How an administrator ends all connections of the servers.
const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE datname = current_database() AND pid <> pg_backend_pid()";
/// A process of the database that serves one of them.
const PROCESS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                       AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1";

/// What is killed.
#[derive(Clone, Copy)]
enum Target {
    Server,
    Connections,
    /// One process of the database, which restarts all of them.
    Process,
    Database,
}

const TARGETS: [Target; 4] =
    [Target::Server, Target::Connections, Target::Process, Target::Database];

impl Target {
    /// Kills it. The server that was killed, if it was one, does not run afterwards.
    fn kill(self, cluster: &Cluster, url: &str, server: &mut TestServer) {
        match self {
            Self::Server => server.kill(),
            Self::Connections => {
                for _ in 0..3 {
                    execute(url, TERMINATE);
                }
            }
            Self::Process => {
                let pids = execute(url, PROCESS);
                let status = Command::new("kill").arg("-KILL").args(&pids).status().unwrap();
                assert!(status.success() && pids.len() == 1, "{pids:?}");
            }
            Self::Database => {
                cluster.stop(Stop::Immediate);
                cluster.start_again();
            }
        }
    }
}

/// A round with one target.
async fn round(life: &mut Life, target: Target, cluster: &Cluster, random: &mut Random) {
    let (number, url) = (random.below(2), life.url.clone());
    life.endure(random, async |servers| target.kill(cluster, &url, &mut servers[number])).await;
    if matches!(target, Target::Server) {
        life.handovers += 1;
        life.home.servers[number].start_again().await;
    }
}

#[tokio::test]
async fn nothing_is_lost_whatever_is_killed() {
    let mut run = Run::of("storms", &ROUNDS);
    let (mut tally, mut counts) = (Tally::default(), [0; TARGETS.len()]);
    let cluster = Cluster::start(durable());
    let mut life: Option<Life> = None;
    let mut rounds = 0;
    while let Some(mut random) = run.next() {
        let mut current = match life.take() {
            Some(life) => life,
            None => Life::begin(&cluster.new_database()).await,
        };
        let number = (random.below(TARGETS.len()) * usize::from(!run.is_short) + rounds) % 4;
        round(&mut current, TARGETS[number], &cluster, &mut random).await;
        counts[number] += 1;
        rounds += 1;
        current.check(&mut tally).await;
        if rounds % LIFE == 0 {
            current.end(&mut tally).await;
        } else {
            life = Some(current);
        }
    }
    if let Some(life) = life {
        life.end(&mut tally).await;
    }
    let [servers, connections, processes, databases] = counts;
    run.report(&format!(
        "{servers} times a server was killed, {connections} times all connections, {processes} times \
         a process of the database, {databases} times the database; {}",
        tally.figures()
    ));
}
