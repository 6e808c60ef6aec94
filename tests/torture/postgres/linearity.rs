//! Clients of one family on two servers, compared with the simple model.

use crate::budget::{Rounds, Run};
use crate::harness::{Settings, TestServer};
use crate::model::explain;

const ROUNDS: Rounds = Rounds { short: 8, long: 1500 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_of_two_servers_is_explained_by_an_order() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let admin = one.admin().await.0;
    let beside = admin.beside(&other.nobody());
    explain(Run::of("linearity", &ROUNDS), &[admin, beside]).await;
}
