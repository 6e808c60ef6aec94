//! The requests of the model at two servers, also those about members, devices, tokens and webhooks, while the database
//! stops and starts again.

use std::sync::Arc;

use super::durable;
use crate::budget::{Rounds, Run};
use crate::harness::cluster::{Cluster, Stop};
use crate::harness::{TestServer, eventually};
use crate::model::{explain_disturbed, settings};

const ROUNDS: Rounds = Rounds { short: 2, long: 200 };

/// Waits until each server reports whether it can use the database.
async fn wait_for(servers: &[TestServer], status: u16) {
    for server in servers {
        let health = async || (server.nobody().get("/health").await.status == status).then_some(());
        eventually("the state of the database", health).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_around_an_outage_is_explained_by_an_order() {
    let cluster = Arc::new(Cluster::start(durable()));
    let mut servers = TestServer::two_on(&cluster.new_database(), settings()).await;
    let interrupt = async |servers: &mut [TestServer]| {
        // The clients continue meanwhile.
        let database = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || database.stop(Stop::Immediate)).await.unwrap();
        wait_for(servers, 503).await;
        let database = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || database.start_again()).await.unwrap();
        wait_for(servers, 200).await;
    };
    explain_disturbed(Run::of("model_outage", &ROUNDS), &mut servers, interrupt).await;
}
