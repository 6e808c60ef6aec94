//! Points for one reward, and many who redeem it at once.

use futures_util::future::join_all;
use reqwest::Method;

use crate::budget::{Rounds, Run};
use crate::harness::{Parent, TestServer, activate_path, assert_error, reward_path, send};

const ROUNDS: Rounds = Rounds { short: 20, long: 1000 };
const CLIENTS: usize = 64;
const COST: i64 = 50;

/// The child's points are given back by a task, so that each round finds them where the last did.
async fn fill_up(parent: &Parent, child: &str, task: &str) {
    let answer = parent.act(&activate_path(child, task)).await.expect(200);
    assert!((COST..2 * COST).contains(&answer["child"]["points"].as_i64().unwrap()));
}

#[tokio::test]
async fn of_many_redeems_with_points_for_one_exactly_one_succeeds() {
    let mut run = Run::of("redeems", &ROUNDS);
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let task = parent.task("Mow the lawn", COST).await;
    let reward = parent.reward("Bicycle", COST).await;
    let (mut rounds, mut refused) = (0, 0);
    while let Some(mut random) = run.next() {
        // Nearly enough for two, for one, or anything between.
        let spare = random.below(usize::try_from(COST).unwrap());
        let child = parent.child("Mía", i64::try_from(spare).unwrap()).await;
        fill_up(&parent, &child, &task).await;
        let path = reward_path(&child, &reward, "redeem");
        let redeem = || send(parent.request(Method::POST, &path));
        let answers = join_all((0..CLIENTS).map(|_| redeem())).await;
        let (paid, rest): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 200);
        assert_eq!(paid.len(), 1, "{paid:?}");
        for answer in rest {
            let details = assert_error(answer, 409, "INSUFFICIENT_POINTS");
            // Nobody was refused before the one was paid for.
            assert_eq!(details["points_needed"], COST - spare as i64);
            refused += 1;
        }
        assert_eq!(parent.points(&child).await, spare as i64);
        let query = format!("/children/{child}/tracking?action=redeemed");
        assert_eq!(parent.get(&query).await.expect(200)["total"], 1);
        rounds += 1;
    }
    run.report(&format!(
        "{rounds} rounds of {CLIENTS} redeems: {rounds} paid for, {refused} refused"
    ));
}
