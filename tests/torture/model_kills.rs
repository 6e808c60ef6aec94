//! The requests of the model, also those about members, devices, tokens and webhooks, while the real program is killed with
//! `kill -9`.

use crate::budget::{Rounds, Run};
use crate::harness::{Settings, TestServer};
use crate::model::explain_disturbed;

const ROUNDS: Rounds = Rounds { short: 4, long: 400 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_around_a_kill_is_explained_by_an_order() {
    let flags = ["--server-log=error", "--logins-per-account=0", "--logins-per-address=0"];
    let flags = flags.map(str::to_owned).into();
    let server = TestServer::with(Settings { binary: true, flags, ..Settings::default() }).await;
    let kill = async |servers: &mut [TestServer]| {
        servers[0].kill();
        servers[0].start_again().await;
    };
    explain_disturbed(Run::of("model_kills", &ROUNDS), &mut [server], kill).await;
}
