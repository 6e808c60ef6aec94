//! Clients of one family on two servers, compared with the simple model.

use crate::budget::{Rounds, Run};
use crate::harness::TestServer;
use crate::model::{explain, settings};

const ROUNDS: Rounds = Rounds { short: 8, long: 1500 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_of_two_servers_is_explained_by_an_order() {
    let mut servers = TestServer::two(settings()).await;
    explain(Run::of("linearity", &ROUNDS), &mut servers).await;
}
