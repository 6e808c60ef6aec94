//! A child with points for one reward, and many concurrent requests to redeem it.

use futures_util::future::join_all;
use goldstar::config::Config;

use crate::budget::{Rounds, Run};
use crate::harness::{Settings, TestServer, assert_error};

const ROUNDS: Rounds = Rounds { short: 20, long: 1000 };
const CLIENTS: usize = 64;
const COST: i64 = 50;

#[tokio::test]
async fn exactly_one_of_many_redeems_succeeds_with_points_for_one() {
    let mut run = Run::of("redeems", &ROUNDS);
    // Every round adds lines to the log and a child to the family.
    let configure = |config: &mut Config| config.service.family.children = 0;
    let settings = Settings { log_max_bytes: 0, configure, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let parent = server.parent().await;
    let task = parent.task("Mow the lawn", COST).await;
    let reward = parent.reward("Bicycle", COST).await;
    let (mut rounds, mut refused) = (0, 0);
    while let Some(mut random) = run.next() {
        // From no points to spare to nearly enough for two.
        let spare = i64::try_from(random.below(usize::try_from(COST).unwrap())).unwrap();
        let child = parent.child("Mía", spare).await;
        parent.activate(&child, &task).await.expect(200);
        let all = (0..CLIENTS).map(|_| parent.redeem(&child, &reward));
        let answers = join_all(all).await;
        let (paid, rest): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 200);
        assert_eq!(paid.len(), 1, "{paid:?}");
        for answer in rest {
            let details = assert_error(answer, 409, "INSUFFICIENT_POINTS");
            // No request failed before the successful one.
            assert_eq!(details["points_needed"], COST - spare);
            refused += 1;
        }
        assert_eq!(parent.points(&child).await, spare);
        let query = format!("/children/{child}/tracking?action=redeemed");
        assert_eq!(parent.get(&query).await.expect(200)["total"], 1);
        rounds += 1;
    }
    // One task and one redeemed reward per round, and no other events.
    assert_eq!(server.folders.events().len(), 2 * rounds);
    assert_eq!(server.folders.log_lines(&parent.id).len(), 2 * rounds);
    run.report(&format!(
        "{rounds} rounds of {CLIENTS} redeems: {rounds} paid for, {refused} refused"
    ));
}
