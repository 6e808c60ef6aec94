//! Members who come, act and go at the same time.

use futures_util::future::join_all;
use serde_json::json;

use super::{Household, invite, members, with_password};
use crate::harness::{TestServer, text};

#[tokio::test]
async fn of_many_who_accept_one_invitation_one_joins() {
    const PERSONS: usize = 12;
    let server = TestServer::start().await;
    let owner = server.parent().await;
    let secret = invite(&owner, "parent").await;
    let persons = join_all((0..PERSONS).map(|_| server.parent())).await;
    let body = json!({"secret": secret});
    let accepted = persons.iter().map(|it| it.post("/auth/invitation/accept", body.clone()));
    let answers = join_all(accepted).await;
    assert_eq!(answers.iter().filter(|it| it.status == 200).count(), 1);
    assert!(answers.iter().all(|it| [200, 403].contains(&it.status)));
    assert_eq!(members(&owner).await.len(), 2);
}

#[tokio::test]
async fn nobody_acts_after_the_removal() {
    const ROUNDS: usize = 6;
    const ACTIONS: usize = 20;
    let server = TestServer::start().await;
    for _ in 0..ROUNDS {
        let house = Household::new(&server, "parent").await;
        let (owner, member) = (house.owner(), &house.member);
        let id = house.id_of("parent").await;
        let path = format!("/family/members/{id}");
        let act = || member.activate(&house.family.child, &house.family.task);
        let (removed, answers) =
            tokio::join!(owner.delete(&path), join_all((0..ACTIONS).map(|_| act())));
        removed.expect(204);
        let done = answers.iter().filter(|it| it.status == 200).count();
        assert!(answers.iter().all(|it| [200, 401].contains(&it.status)));
        // What succeeded was before the removal, and everything after it fails.
        let points = 50 + 5 * i64::try_from(done).unwrap();
        assert_eq!(owner.points(&house.family.child).await, points);
        assert_eq!(act().await.status, 401);
    }
}

#[tokio::test]
async fn of_many_transfers_one_happens() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let second = server.parent().await;
    super::accept(&second, &invite(house.owner(), "helper").await).await;
    let ids: Vec<_> = members(house.owner()).await.iter().map(|it| text(&it["id"])).collect();
    let transfer = |id: &String| {
        let body = with_password(json!({"member_id": id}));
        let owner = house.owner().clone();
        async move { owner.post("/family/transfer", body).await.status }
    };
    let statuses = join_all([&ids[1], &ids[2], &ids[1], &ids[2]].map(transfer)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [204, 401, 409].contains(status)), "{statuses:?}");
}
