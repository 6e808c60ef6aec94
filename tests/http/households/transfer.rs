//! The transfer of a family to another owner.

use serde_json::json;

use super::{Household, accept, id_of, invite, members, with_password};
use crate::harness::{ADMIN, PASSWORD, Parent, TestServer, assert_error, log_in, text};

#[tokio::test]
async fn a_transfer_exchanges_the_persons() {
    let mut server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let (owner, member) = (house.owner(), &house.member);
    member.patch("/user", json!({"first_name": "Oma", "language": "de"})).await.expect(200);
    member.activate(&house.family.child, &house.family.task).await.expect(200);
    let [owner_id, helper_id] = [house.id_of("owner").await, house.id_of("helper").await];
    let body = json!({"member_id": helper_id, "password": "wrong"});
    assert_error(&owner.post("/family/transfer", body).await, 403, "WRONG_PASSWORD");
    let body = with_password(json!({"member_id": helper_id}));
    let child = owner.hand_over(server.nobody(), &house.family.child).await;
    owner.post("/family/transfer", body).await.expect(204);
    for old in [owner, member] {
        assert_error(&old.get("/auth/me").await, 401, "UNAUTHENTICATED");
    }
    // A child goes on.
    child.get("/auth/me").await.expect(200);
    server.restart().await;

    let new = Parent::log_in(server.nobody(), &member.email, PASSWORD).await;
    let me = new.get("/auth/me").await.expect(200);
    assert_eq!(me["user"]["id"], json!(owner.id), "the account of the family's records");
    assert_eq!((&me["user"]["first_name"], &me["user"]["language"]), (&json!("Oma"), &json!("de")));
    assert_eq!(me["family_role"], "owner");
    let former = Parent::log_in(server.nobody(), &owner.email, PASSWORD).await;
    let me = former.get("/auth/me").await.expect(200);
    assert_eq!((&me["user"]["id"], &me["family_id"]), (&json!(member.id), &json!(owner.id)));
    assert_eq!(me["family_role"], "parent");
    let now = members(&new).await;
    assert_eq!((&now[0]["id"], &now[0]["first_name"]), (&json!(helper_id), &json!("Oma")));
    assert_eq!((&now[1]["id"], &now[1]["first_name"]), (&json!(owner_id), &json!("Zoë")));
    // No event was rewritten, and the names follow the persons.
    let path = format!("/children/{}/tracking", house.family.child);
    let page = former.get(&path).await.expect(200);
    assert_eq!(text(&page["tracking_events"][0]["metadata"]["actor_id"]), helper_id);
    assert_eq!(page["actors"][&helper_id], json!({"name": "Oma", "role": "owner"}));
    let answer =
        former.post("/family/transfer", with_password(json!({"member_id": owner_id}))).await;
    assert_error(&answer, 403, "OWNER_REQUIRED");
    log_in(&server.nobody(), &owner.email, "wrong").await.expect(401);
}

#[tokio::test]
async fn the_role_on_the_server_goes_with_the_person() {
    let server = TestServer::start().await;
    let (admin, member) = (server.admin().await, server.parent().await);
    accept(&member, &invite(&admin, "helper").await).await;
    let id = id_of(&admin, "helper").await;
    let body = json!({"member_id": id, "password": ADMIN.1});
    admin.post("/family/transfer", body).await.expect(204);
    let owner = Parent::log_in(server.nobody(), &member.email, PASSWORD).await;
    assert_eq!(owner.get("/auth/me").await.expect(200)["scope"], "parent");
    assert_error(&owner.get("/admin/stats").await, 403, "ADMIN_REQUIRED");
    let former = server.admin().await;
    let me = former.get("/auth/me").await.expect(200);
    assert_eq!((&me["scope"], &me["family_role"]), (&json!("admin"), &json!("parent")));
    former.get("/admin/stats").await.expect(200);
}

#[tokio::test]
async fn only_a_member_becomes_the_owner() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let body = with_password(json!({"member_id": "unknown"}));
    assert_error(&house.owner().post("/family/transfer", body).await, 404, "NOT_FOUND");
    let own = house.id_of("owner").await;
    let body = with_password(json!({"member_id": own}));
    assert_error(&house.owner().post("/family/transfer", body).await, 409, "OWNER_REMAINS");
}
