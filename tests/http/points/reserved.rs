//! The points that a child needs for its pending requests, in each response about it.

use serde_json::{Value, json};

use crate::harness::{
    Client, Family, Folders, Settings, TestServer, reverse_path, reward_path, task_path, text,
};

/// The reserved points in each response that contains the child, which must be the same.
async fn reserved(family: &Family) -> i64 {
    let parent: &Client = &family.parent;
    let path = format!("/children/{}", family.child);
    let one = parent.get(&path).await.expect(200)["child"].take();
    let all = parent.get("/children").await.expect(200)["children"].take();
    let exported = parent.get("/account/export").await.expect(200)["children"].take();
    let patched = parent.patch(&path, json!({"age": 8})).await.expect(200)["child"].take();
    let goal = parent.put(&format!("{path}/goal"), json!({"reward_id": null})).await.expect(200);
    let each = [&one, &all[0], &exported[0], &patched, &goal["child"]];
    let each = each.map(|child| child["reserved"].as_i64().unwrap());
    assert_eq!(each, [each[0]; 5]);
    each[0]
}

fn of(answer: &Value) -> i64 {
    answer["child"]["reserved"].as_i64().unwrap()
}

#[tokio::test]
async fn requests_for_rewards_reserve_their_costs() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    assert_eq!(reserved(&family).await, 0);
    let first = parent.reward("Pizza", 12).await;
    let second = parent.reward("Cinema", 50).await;
    let asked = parent.ask_for(child, &first).await.expect(200);
    assert_eq!((of(&asked), reserved(&family).await), (12, 12));
    // More than the child has: reserved points are for display.
    let asked = parent.ask_for(child, &second).await.expect(200);
    assert_eq!((of(&asked), reserved(&family).await), (62, 62));
    // The costs are those at the time of the requests.
    parent.patch(&format!("/rewards/{second}"), json!({"cost": 1})).await.expect(200);
    assert_eq!(of(&parent.activate(child, &family.task).await.expect(200)), 62);
    let redeemed = parent.redeem(child, &first).await.expect(200);
    assert_eq!((of(&redeemed), reserved(&family).await), (50, 50));
    let event = text(&redeemed["tracking_event"]["id"]);
    let path = reverse_path(child, &event);
    let reversed = parent.act(&path).await.expect(200);
    assert_eq!((of(&reversed), reserved(&family).await), (62, 62));
    let cancelled = parent.cancel(child, &second).await.expect(200);
    assert_eq!((of(&cancelled), reserved(&family).await), (12, 12));
    assert_eq!(parent.delete(&format!("/rewards/{first}")).await.status, 204);
    assert_eq!(reserved(&family).await, 0);
}

#[tokio::test]
async fn requests_for_tasks_and_those_of_siblings_reserve_nothing() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let sibling = parent.child("Aarav", 50).await;
    parent.ask_for(&sibling, &family.reward).await.expect(200);
    let path = task_path(child, &family.task, "request");
    assert_eq!(of(&parent.act(&path).await.expect(200)), 0);
    assert_eq!(reserved(&family).await, 0);
}

#[tokio::test]
async fn a_child_and_a_repeat_see_them() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let path = reward_path(&family.child, &family.reward, "request");
    let first = family.parent.act_once(&path, "k").await.expect(200);
    let reserved = of(&first);
    assert!(reserved > 0);
    server.restart().await;
    assert_eq!(of(&family.parent.act_once(&path, "k").await.expect(200)), reserved);
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let children = child.get("/children").await.expect(200);
    assert_eq!(children["children"][0]["reserved"], reserved);
}

#[tokio::test]
async fn requests_of_older_files_reserve_the_current_cost() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let put = |file: &str, rows: Value| {
        folders.put(file, &json!({"_default": rows}).to_string());
    };
    put("children.json", json!({"1": {"id": "c", "user_id": "admin-1", "reserved": "mine"}}));
    put(
        "rewards.json",
        json!({
            "1": {"id": "r", "user_id": "admin-1", "name": "R", "cost": 7},
            "2": {"id": "shared", "user_id": null, "name": "S", "cost": 20},
            "3": {"id": "odd", "user_id": "admin-1", "name": "O", "cost": -100},
        }),
    );
    let pending = |n: usize, reward: &str| json!({"id": format!("p{n}"), "user_id": "admin-1", "child_id": "c", "reward_id": reward});
    let [r, shared, odd, gone] =
        [(1, "r"), (2, "shared"), (3, "odd"), (4, "gone")].map(|(n, reward)| pending(n, reward));
    put("pending_rewards.json", json!({"1": r, "2": shared, "3": odd, "4": gone}));
    let server = TestServer::on(folders.clone(), Settings::default()).await;
    let admin = server.admin().await;
    let child = admin.get("/children/c").await.expect(200);
    assert_eq!(child["child"]["reserved"], 27);
    admin.patch("/rewards/r", json!({"cost": 8})).await.expect(200);
    let child = admin.patch("/children/c", json!({"age": 7})).await.expect(200);
    assert_eq!(child["child"]["reserved"], 28);
    // The field of another program stays.
    assert_eq!(folders.rows("children.json")[0].1["reserved"], "mine");
}
