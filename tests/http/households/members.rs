//! What members may do, and what the family sees of it.

use serde_json::{Value, json};

use super::{Household, accept, id_of, invite, members, with_password};
use crate::harness::{
    Client, PASSWORD, Parent, TestServer, assert_error, log_in, reverse_path, reward_path,
    task_path, text,
};

async fn me(client: &Client) -> Value {
    client.get("/auth/me").await.expect(200)
}

#[tokio::test]
async fn a_member_works_in_the_family_with_an_account_of_its_own() {
    let server = TestServer::start().await;
    let alone = server.parent().await;
    let own = me(&alone).await;
    assert_eq!((&own["family_id"], &own["family_role"]), (&json!(alone.id), &json!("owner")));
    assert_eq!(members(&alone).await.len(), 1);
    assert_eq!(members(&alone).await[0]["id"], Value::Null);

    let Household { family, member } = Household::new(&server, "parent").await;
    let session = me(&member).await;
    assert_eq!(session["user"]["id"], json!(member.id));
    assert_eq!(session["family_id"], json!(family.parent.id));
    assert_eq!((&session["family_role"], &session["scope"]), (&json!("parent"), &json!("parent")));
    member.activate(&family.child, &family.task).await.expect(200);
    assert_eq!(member.points(&family.child).await, 55);
    let task = member.task("Dishes", 3).await;
    assert_eq!(family.parent.get(&format!("/tasks/{task}")).await.status, 200);
    // A session of a child that a member starts is one of the family.
    let child = server.nobody();
    log_in(&child, &member.email, PASSWORD).await.expect(200);
    child.post("/auth/child-session", json!({"child_id": family.child})).await.expect(200);
    assert_eq!(me(&child).await["family_role"], Value::Null);
    assert_eq!(me(&child).await["user"]["id"], json!(family.parent.id));

    let members = members(&member).await;
    let roles: Vec<_> = members.iter().map(|it| text(&it["role"])).collect();
    assert_eq!(roles, ["owner", "parent"]);
    for (path, body) in [
        ("/family/invitations", json!({"role": "parent"})),
        ("/family/transfer", with_password(json!({"member_id": members[1]["id"]}))),
    ] {
        assert_error(&member.post(path, body).await, 403, "OWNER_REQUIRED");
    }
    let path = format!("/family/members/{}", text(&members[0]["id"]));
    assert_error(&member.delete(&path).await, 403, "OWNER_REQUIRED");
}

#[tokio::test]
async fn events_say_who_acted() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.activate(&family.child, &family.task).await.expect(200);
    let member = server.parent().await;
    accept(&member, &invite(&family.parent, "helper").await).await;
    let [owner_id, helper_id] =
        [id_of(&family.parent, "owner").await, id_of(&family.parent, "helper").await];
    family.parent.activate(&family.child, &family.task).await.expect(200);
    member.activate(&family.child, &family.task).await.expect(200);
    let path = format!("/children/{}/tracking?order=asc", family.child);
    for reader in [&family.parent, &member] {
        let page = reader.get(&path).await.expect(200);
        let events = page["tracking_events"].as_array().unwrap().iter();
        let actors: Vec<_> = events.map(|it| it["metadata"]["actor_id"].clone()).collect();
        assert_eq!(actors, [Value::Null, json!(owner_id), json!(helper_id)]);
        assert_eq!(page["actors"][&owner_id], json!({"name": "Zoë", "role": "owner"}));
        assert_eq!(page["actors"][&helper_id], json!({"name": "Zoë", "role": "helper"}));
    }
    member.patch("/user", json!({"first_name": "Oma"})).await.expect(200);
    let page = family.parent.get("/family/tracking").await.expect(200);
    assert_eq!(page["actors"][&helper_id]["name"], "Oma");
    let admin = server.admin().await;
    let query = format!("/admin/tracking?user_id={}&order=asc", family.parent.id);
    let page = admin.get(&format!("{query}&offset=2")).await.expect(200);
    assert_eq!(page["actors"], json!({&helper_id: {"name": "Oma", "role": "helper"}}));
    let page = admin.get(&query).await.expect(200);
    assert_eq!(page["actors"][&owner_id]["role"], "owner");
    // Who has left has no name any more, and the events stay as they are.
    let before = family.parent.get(&path).await.expect(200)["tracking_events"].clone();
    member.act("/family/leave").await.expect(200);
    let page = family.parent.get(&path).await.expect(200);
    assert_eq!(page["tracking_events"], before);
    assert_eq!(page["actors"].as_object().unwrap().keys().collect::<Vec<_>>(), [&owner_id]);
}

#[tokio::test]
async fn a_helper_may_do_little() {
    let server = TestServer::start().await;
    let Household { family, member: helper } = Household::new(&server, "helper").await;
    let (child, owner) = (&family.child, &family.parent);
    assert_eq!(me(&helper).await["family_role"], "helper");
    helper.activate(child, &family.task).await.expect(200);
    assert_error(&helper.activate(child, &family.penalty).await, 403, "PARENT_REQUIRED");
    owner.put("/family/settings", json!({"penalties_by_helpers": true})).await.expect(200);
    helper.activate(child, &family.penalty).await.expect(200);

    // Answers name the request.
    assert_error(&helper.redeem(child, &family.reward).await, 403, "PARENT_REQUIRED");
    assert_error(&helper.ask_for(child, &family.reward).await, 403, "PARENT_REQUIRED");
    let request =
        |event: Value| json!({"request_id": event["tracking_event"]["metadata"]["request_id"]});
    let asked = request(owner.ask_for(child, &family.reward).await.expect(200));
    helper.post(&reward_path(child, &family.reward, "redeem"), asked).await.expect(200);
    let asked = request(owner.act(&task_path(child, &family.task, "request")).await.expect(200));
    helper.post(&task_path(child, &family.task, "cancel"), asked).await.expect(200);

    // A parent decides about other points.
    let asked = request(owner.act(&task_path(child, &family.task, "request")).await.expect(200));
    let mut more = asked.clone();
    more["points"] = json!(1000);
    let approve = task_path(child, &family.task, "activate");
    assert_error(&helper.post(&approve, more).await, 403, "PARENT_REQUIRED");
    helper.post(&approve, asked).await.expect(200);

    // Only its own events, and only soon after them.
    let own = helper.activate(child, &family.task).await.expect(200);
    let others = owner.activate(child, &family.task).await.expect(200);
    let path = |event: &Value| reverse_path(child, &text(&event["tracking_event"]["id"]));
    assert_error(&helper.act(&path(&others)).await, 403, "PARENT_REQUIRED");
    helper.act(&path(&own)).await.expect(200);

    for path in ["/family/settings", "/family/members", "/family/tracking", "/badges"] {
        assert_error(&helper.get(path).await, 403, "PARENT_REQUIRED");
    }
    let answer = helper.post("/tasks", json!({"name": "Mine", "points": 100})).await;
    assert_error(&answer, 403, "PARENT_REQUIRED");
    let answer = helper.post("/auth/child-session", json!({"child_id": child})).await;
    assert_error(&answer, 403, "PARENT_REQUIRED");
    for path in ["/children", "/tasks", "/rewards", "/rewards/pending", "/tasks/pending"] {
        helper.get(path).await.expect(200);
    }
    helper.get(&format!("/children/{child}/today")).await.expect(200);
}

#[tokio::test]
async fn a_removed_member_acts_no_more() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let (owner, member) = (house.owner(), &house.member);
    let id = house.id_of("parent").await;
    let mut stream = member.events("/events").await;
    owner.delete(&format!("/family/members/{id}")).await.expect(204);
    stream.assert_end().await;
    assert_error(&member.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let answer = member.activate(&house.family.child, &house.family.task).await;
    assert_error(&answer, 401, "UNAUTHENTICATED");
    assert_error(&owner.delete(&format!("/family/members/{id}")).await, 404, "NOT_FOUND");

    // The person keeps an account with an empty family.
    let again = Parent::log_in(server.nobody(), &member.email, PASSWORD).await;
    assert_eq!(me(&again).await["family_id"], json!(member.id));
    assert!(again.get("/children").await.expect(200)["children"].as_array().unwrap().is_empty());
    let answer = again.activate(&house.family.child, &house.family.task).await;
    assert_error(&answer, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_new_role_ends_the_sessions() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let (owner, member) = (house.owner(), &house.member);
    let path = format!("/family/members/{}", house.id_of("parent").await);
    owner.patch(&path, json!({"role": "parent"})).await.expect(204);
    assert_eq!(me(member).await["family_role"], "parent");
    owner.patch(&path, json!({"role": "helper"})).await.expect(204);
    assert_error(&member.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let member = Parent::log_in(server.nobody(), &member.email, PASSWORD).await;
    assert_eq!(me(&member).await["family_role"], "helper");
    let answer = owner.patch(&path, json!({"role": "owner"})).await;
    assert_error(&answer, 400, "VALIDATION_FAILED");
    let own = format!("/family/members/{}", house.id_of("owner").await);
    assert_error(&owner.patch(&own, json!({"role": "helper"})).await, 409, "OWNER_REMAINS");
    assert_error(&owner.delete(&own).await, 409, "OWNER_REMAINS");
    assert_error(&owner.act("/family/leave").await, 409, "OWNER_REMAINS");
}

#[tokio::test]
async fn each_adult_has_sessions_and_keys_of_its_own() {
    let server = TestServer::start().await;
    let Household { family, member } = Household::new(&server, "parent").await;
    let sessions = async |adult: &Parent| {
        let page = adult.get("/auth/sessions").await.expect(200);
        page["sessions"].as_array().unwrap().len()
    };
    assert_eq!((sessions(&family.parent).await, sessions(&member).await), (1, 1));
    let browser = server.nobody();
    log_in(&browser, &member.email, PASSWORD).await.expect(200);
    assert_eq!((sessions(&family.parent).await, sessions(&member).await), (1, 2));
    // The same key of two adults is two keys.
    let path = task_path(&family.child, &family.task, "activate");
    let first = family.parent.act_once(&path, "key").await.expect(200);
    let second = member.act_once(&path, "key").await.expect(200);
    assert_ne!(first["tracking_event"]["id"], second["tracking_event"]["id"]);
    let again = member.act_once(&path, "key").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.body["tracking_event"]["id"], second["tracking_event"]["id"]);

    let change = json!({"current_password": PASSWORD, "new_password": "another password"});
    member.put("/auth/password", change).await.expect(204);
    assert_error(&browser.get("/auth/me").await, 401, "UNAUTHENTICATED");
    assert_eq!(me(&member).await["family_id"], json!(family.parent.id));
    assert_eq!((sessions(&family.parent).await, sessions(&member).await), (1, 1));
    let change = json!({"current_password": PASSWORD, "new_password": "a third password"});
    family.parent.put("/auth/password", change).await.expect(204);
    assert_eq!(me(&member).await["family_id"], json!(family.parent.id));
    log_in(&server.nobody(), &member.email, "another password").await.expect(200);
}

#[tokio::test]
async fn the_owner_helps_a_member_with_a_forgotten_password() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let path = |id: &str| format!("/family/members/{id}/reset-link");
    let id = house.id_of("helper").await;
    let wrong = house.owner().post(&path(&id), json!({"password": "wrong"})).await;
    assert_error(&wrong, 403, "WRONG_PASSWORD");
    let own = path(&house.id_of("owner").await);
    let answer = house.owner().post(&own, with_password(json!({}))).await;
    assert_error(&answer, 409, "OWNER_REMAINS");
    let made = house.owner().post(&path(&id), with_password(json!({}))).await.expect(201);
    let secret = made["link"].as_str().unwrap().split_once("/reset#").unwrap().1;
    let body = json!({"secret": secret, "new_password": "another password"});
    server.nobody().post("/auth/reset", body).await.expect(204);
    assert_error(&house.member.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let member = Parent::log_in(server.nobody(), &house.member.email, "another password").await;
    assert_eq!(me(&member).await["family_role"], "helper");
}

#[tokio::test]
async fn an_account_ends_with_its_own_person_only() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let (owner, member) = (house.owner(), &house.member);
    member.activate(&house.family.child, &house.family.task).await.expect(200);
    let mark = with_password(json!({}));
    member.post("/user/mark-for-deletion", mark).await.expect(202);
    assert_error(&member.get("/auth/me").await, 401, "UNAUTHENTICATED");
    assert_eq!(owner.points(&house.family.child).await, 55);
    let body = json!({"email": member.email, "password": PASSWORD});
    let member = server.nobody();
    member.post("/auth/restore", body).await.expect(200);
    assert_eq!(me(&member).await["family_id"], json!(owner.id));

    let answer = owner.post("/user/mark-for-deletion", with_password(json!({}))).await;
    let details = assert_error(&answer, 409, "FAMILY_HAS_MEMBERS");
    assert_eq!(details["members"], json!(["Zoë"]));
    let mark = with_password(json!({"delete_family": true}));
    owner.post("/user/mark-for-deletion", mark).await.expect(202);
    assert_error(&member.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let own = Parent::log_in(server.nobody(), &house.member.email, PASSWORD).await;
    assert_eq!(me(&own).await["family_id"], json!(own.id));
}

#[tokio::test]
async fn a_member_of_a_marked_family_can_leave_it() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let mark = with_password(json!({"delete_family": true}));
    house.owner().post("/user/mark-for-deletion", mark).await.expect(202);
    let member = Parent::log_in(server.nobody(), &house.member.email, PASSWORD).await;
    let other = server.parent().await;
    let secret = json!({"secret": invite(&other, "parent").await});
    let answer = member.post("/auth/invitation/accept", secret.clone()).await;
    assert_error(&answer, 409, "ALREADY_A_MEMBER");
    member.act("/family/leave").await.expect(200);
    assert_error(&member.act("/family/leave").await, 409, "OWNER_REMAINS");
    member.post("/auth/invitation/accept", secret).await.expect(200);
    assert_eq!(me(&member).await["family_id"], json!(other.id));
    let credentials = json!({"email": house.owner().email, "password": PASSWORD});
    let owner = server.nobody();
    owner.post("/auth/restore", credentials).await.expect(200);
    assert_eq!(members(&owner).await.len(), 1);
}

#[tokio::test]
async fn administrators_see_the_sessions_of_a_member_as_its_own() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "parent").await;
    let admin = server.admin().await;
    let path = format!("/admin/accounts/{}", house.member.id);
    assert_eq!(admin.get(&path).await.expect(200)["sessions"], 1);
    let listed = admin.get("/admin/sessions").await.expect(200)["sessions"].clone();
    let of =
        |email: &str| listed.as_array().unwrap().iter().filter(|it| it["email"] == email).count();
    assert_eq!((of(&house.member.email), of(&house.owner().email)), (1, 1), "{listed}");
    admin.act(&format!("{path}/end-sessions")).await.expect(204);
    assert_error(&house.member.get("/auth/me").await, 401, "UNAUTHENTICATED");
    house.owner().get("/auth/me").await.expect(200);
}
