//! A child with points for one reward, and many concurrent requests on two servers to redeem it.

use crate::budget::{Rounds, Run};
use crate::harness::TestServer;
use crate::redeems::{redeem, settings};

const ROUNDS: Rounds = Rounds { short: 8, long: 500 };

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_of_many_redeems_on_two_servers_succeeds() {
    let servers = TestServer::two(settings()).await;
    let parent = servers[0].parent().await;
    let beside = parent.beside(&servers[1].nobody());
    let events = redeem(Run::of("paid_once", &ROUNDS), &[parent, beside]).await;
    assert_eq!(servers[0].folders.events().len(), events);
}
