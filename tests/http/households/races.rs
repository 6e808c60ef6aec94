//! Members who come, act and go at the same time.

use futures_util::future::join_all;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Household, accept, invite, members, with_password};
use crate::harness::{Client, Family, PASSWORD, TestServer, log_in, text};

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

/// Requests at random, one after the other. Returns how many tasks it has activated. Once its session has ended, every
/// request is refused.
async fn act_at_random(client: &Client, family: &Family, seed: usize) -> usize {
    let Family { child, task, reward, .. } = family;
    let (mut activated, mut has_ended) = (0, false);
    for step in 0..20 {
        let answer = match Sha256::digest(format!("{seed} {step}"))[0] % 6 {
            0 | 1 => {
                let answer = client.activate(child, task).await;
                activated += usize::from(answer.status == 200);
                answer
            }
            2 => client.get(&format!("/children/{child}/tracking")).await,
            3 => client.get("/children").await,
            4 => client.redeem(child, reward).await,
            _ => client.post("/tasks", json!({"name": "New", "points": 1})).await,
        };
        // Helpers may neither redeem without a request nor create a task, and the points may not be enough.
        assert!([200, 201, 401, 403, 409].contains(&answer.status), "{}", answer.text);
        assert!(!has_ended || answer.status == 401, "{}", answer.text);
        has_ended |= answer.status == 401;
    }
    activated
}

#[tokio::test]
async fn members_act_on_many_devices_while_others_come_and_go() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let owner = &family.parent;
    let mut devices = Vec::new();
    for number in 0..10 {
        let member = server.parent().await;
        let role = if number % 2 == 0 { "parent" } else { "helper" };
        accept(&member, &invite(owner, role).await).await;
        devices.push(Client::clone(&member));
        if number < 2 {
            let second = server.nobody();
            log_in(&second, &member.email, PASSWORD).await.expect(200);
            devices.push(second);
        }
    }
    let ids: Vec<_> = members(owner).await[1..].iter().map(|it| text(&it["id"])).collect();
    let come_and_go = async {
        for id in &ids[..4] {
            owner.delete(&format!("/family/members/{id}")).await.expect(204);
            let newcomer = server.parent().await;
            accept(&newcomer, &invite(owner, "helper").await).await;
            newcomer.get("/children").await.expect(200);
        }
        let role = json!({"role": "parent"});
        owner.patch(&format!("/family/members/{}", ids[5]), role).await.expect(204);
    };
    let act = devices.iter().zip(1..).map(|(device, seed)| act_at_random(device, &family, seed));
    let (activated, ()) = tokio::join!(join_all(act), come_and_go);
    let path = format!("/children/{}/tracking?action=activated&limit=500", family.child);
    let total = owner.get(&path).await.expect(200)["total"].clone();
    assert_eq!(total, activated.iter().sum::<usize>());
    assert_eq!(members(owner).await.len(), 11);
}
