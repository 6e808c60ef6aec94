//! What a deletion leaves of the adults of a family that has several.

use serde_json::{Value, json};

use super::{deleted, mark, run, set_threshold, unscheduled};
use crate::harness::{DAY, Hand, PASSWORD, Parent, Settings, TestServer};
use crate::households::{Household, id_of};

/// Whether a text is in any data file. Of a database, the server itself is asked.
fn is_stored(server: &TestServer, text: &str) -> bool {
    let files = server.folders.data_files().into_iter();
    let mut texts = files.map(|file| std::fs::read(file).unwrap());
    texts.any(|bytes| bytes.windows(text.len()).any(|it| it == text.as_bytes()))
}

async fn household() -> (TestServer, Hand, Household) {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let admin = server.admin().await;
    set_threshold(&admin, 24).await;
    let house = Household::new(&server, "helper").await;
    house.member.patch("/user", json!({"first_name": "Kanarienvogel"})).await.expect(200);
    house.member.activate(&house.family.child, &house.family.task).await.expect(200);
    (server, clock, house)
}

async fn page(reader: &Parent, child: &str) -> Value {
    reader.get(&format!("/children/{child}/tracking")).await.expect(200)
}

#[tokio::test]
async fn a_deleted_member_leaves_its_events_and_no_name() {
    let (mut server, clock, house) = household().await;
    let helper = id_of(house.owner(), "helper").await;
    let before = page(house.owner(), &house.family.child).await;
    mark(&house.member).await.expect(202);
    clock.forward(DAY);
    let admin = server.admin().await;
    assert_eq!(run(&admin).await, [deleted(&house.member.id)]);
    let owner = Parent::log_in(server.nobody(), &house.owner().email, PASSWORD).await;
    let after = page(&owner, &house.family.child).await;
    assert_eq!(after["tracking_events"], before["tracking_events"]);
    assert_eq!(after["tracking_events"][0]["metadata"]["actor_id"], json!(helper));
    assert_eq!(after["actors"][&helper], Value::Null);
    server.stop().await;
    for trace in ["Kanarienvogel", &house.member.email, &house.member.id] {
        assert!(!is_stored(&server, trace), "{trace}");
    }
}

#[tokio::test]
async fn members_of_a_deleted_family_return_to_their_own() {
    let (mut server, clock, house) = household().await;
    let body = json!({"password": PASSWORD, "delete_family": true});
    house.owner().post("/user/mark-for-deletion", body).await.expect(202);
    clock.forward(DAY);
    let admin = server.admin().await;
    assert_eq!(run(&admin).await, [deleted(&house.owner().id)]);
    let member = Parent::log_in(server.nobody(), &house.member.email, PASSWORD).await;
    let me = member.get("/auth/me").await.expect(200);
    assert_eq!((&me["family_id"], &me["family_role"]), (&json!(member.id), &json!("owner")));
    let own = member.get("/family/members").await.expect(200);
    assert_eq!(own["members"].as_array().unwrap().len(), 1);
    server.stop().await;
    assert!(!is_stored(&server, &house.owner().id), "the id of the deleted account");
}
