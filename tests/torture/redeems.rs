//! A child with points for one reward, and many concurrent requests to redeem it.

use futures_util::future::join_all;
use goldstar::config::Config;

use crate::budget::{Rounds, Run};
use crate::harness::{Parent, Settings, TestServer, assert_error};

const ROUNDS: Rounds = Rounds { short: 20, long: 1000 };
const CLIENTS: usize = 64;
const COST: i64 = 50;

#[tokio::test]
async fn exactly_one_of_many_redeems_succeeds_with_points_for_one() {
    let server = TestServer::with(settings()).await;
    let parent = server.parent().await;
    let events = redeem(Run::of("redeems", &ROUNDS), std::slice::from_ref(&parent)).await;
    assert_eq!(server.folders.events().len(), events);
    assert_eq!(server.folders.log_lines(&parent.id).len(), events);
}

/// Every round adds lines to the log and a child to the family.
pub(crate) fn settings() -> Settings {
    let configure = |config: &mut Config| config.service.family.children = 0;
    Settings { log_max_bytes: 0, configure, ..Settings::default() }
}

/// Redeems with clients of one parent at several servers. Returns the number of events.
pub(crate) async fn redeem(mut run: Run, parents: &[Parent]) -> usize {
    let parent = &parents[0];
    let task = parent.task("Mow the lawn", COST).await;
    let reward = parent.reward("Bicycle", COST).await;
    let (mut rounds, mut refused) = (0, 0);
    while let Some(mut random) = run.next() {
        // From no points to spare to nearly enough for two.
        let spare = i64::try_from(random.below(usize::try_from(COST).unwrap())).unwrap();
        let child = parent.child("Mía", spare).await;
        parent.activate(&child, &task).await.expect(200);
        let all = parents.iter().cycle().take(CLIENTS).map(|it| it.redeem(&child, &reward));
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
    run.report(&format!(
        "{rounds} rounds of {CLIENTS} redeems: {rounds} paid for, {refused} refused"
    ));
    // One task and one redeemed reward per round.
    2 * rounds
}
