//! Rewards, what a child can afford, and pending requests.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer, activate_path, assert_error, text};

#[tokio::test]
async fn a_reward_is_created_read_updated_and_deleted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let wanted = json!({"name": "Kinoabend – 2 Stunden", "description": "Two\nlines", "cost": 60});
    let made = parent.post("/rewards", wanted).await.expect(201)["reward"].take();
    assert_eq!((&made["cost"], &made["description"]), (&json!(60), &json!("Two\nlines")));
    let path = format!("/rewards/{}", text(&made["id"]));
    assert_eq!(parent.get(&path).await.expect(200)["reward"], made);
    let change = json!({"cost": 35, "image_id": "cinema"});
    let changed = parent.patch(&path, change).await.expect(200)["reward"].take();
    assert_eq!((&changed["cost"], &changed["image_id"]), (&json!(35), &json!("cinema")));
    let list = parent.get("/rewards").await.expect(200);
    assert_eq!(list["rewards"], json!([changed]));
    assert_eq!(parent.delete(&path).await.status, 204);
    assert_eq!(parent.get(&path).await.status, 404);
}

#[tokio::test]
async fn amounts_below_zero_change_no_points() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let reward = parent.reward("Ice cream", 20).await;
    let asked_for = parent.reward("Cinema", 1).await;
    let path = |reward: &str, action: &str| format!("/children/{child}/rewards/{reward}/{action}");
    parent.act(&path(&asked_for, "request")).await.expect(200);
    let penalty = parent.penalty("Hit a sibling", 8).await;
    let before = parent.get(&format!("/children/{child}")).await.expect(200);
    server.stop().await;
    for (file, field, ids) in [
        ("rewards.json", "cost", vec![&reward, &asked_for]),
        ("tasks.json", "points", vec![&family.task, &penalty]),
    ] {
        let mut table = server.folders.json(file);
        for row in table["_default"].as_object_mut().unwrap().values_mut() {
            if ids.iter().any(|id| row["id"] == **id) {
                row[field] = json!(-5);
            }
        }
        server.folders.put(file, &table.to_string());
    }
    server.start_again().await;
    for action in [
        path(&reward, "request"),
        path(&reward, "redeem"),
        activate_path(child, &family.task),
        activate_path(child, &penalty),
    ] {
        assert_error(&parent.act(&action).await, 409, "AMOUNT_OUT_OF_RANGE");
    }
    assert_eq!(parent.get(&format!("/children/{child}")).await.expect(200), before);
    // A request keeps the cost of its time.
    parent.act(&path(&asked_for, "redeem")).await.expect(200);
    parent.patch(&format!("/rewards/{reward}"), json!({"cost": 1})).await.expect(200);
    parent.act(&path(&reward, "request")).await.expect(200);
}

#[tokio::test]
async fn a_reward_is_checked_field_by_field() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let reward = parent.reward("Ice cream", 20).await;
    for (field, value) in [
        ("name", json!("")),
        ("cost", json!(0)),
        ("cost", json!(1_000_001)),
        ("cost", json!("20")),
        ("cost", Value::Null),
        ("description", json!("x".repeat(1001))),
        ("description", json!("Two\n\u{2066}lines")),
    ] {
        let mut wanted = json!({"name": "Ice cream", "cost": 20});
        wanted[field] = value.clone();
        let made = parent.post("/rewards", wanted).await;
        let changed = parent.patch(&format!("/rewards/{reward}"), json!({field: value})).await;
        for answer in [made, changed] {
            let details = assert_error(&answer, 400, "VALIDATION_FAILED");
            assert_eq!(details["field"], field, "{field}={value}");
        }
    }
    let answer = parent.patch(&format!("/rewards/{reward}"), json!({"id": "x"})).await;
    assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
}

#[tokio::test]
async fn a_child_sees_affordable_and_requested_rewards_and_missing_points() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let dear = family.parent.reward("Bicycle", 80).await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    child.ask_for(&family.child, &family.reward).await.expect(200);
    let path = format!("/children/{}/rewards", family.child);
    for browser in [&*child, &*family.parent] {
        let offers = browser.get(&path).await.expect(200);
        let offers = offers["rewards"].as_array().unwrap();
        let of = |id: &str| offers.iter().find(|offer| offer["id"] == *id).unwrap();
        let (near, far) = (of(&family.reward), of(&dear));
        assert_eq!((&near["points_needed"], &far["points_needed"]), (&json!(0), &json!(30)));
        assert_eq!((&near["requested"], &far["requested"]), (&json!(true), &json!(false)));
        assert_eq!((&near["affordable"], &far["affordable"]), (&json!(true), &json!(false)));
    }
}

#[tokio::test]
async fn pending_requests_name_the_child_and_the_reward() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let sibling = family.parent.child("Aarav", 50).await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    child.ask_for(&family.child, &family.reward).await.expect(200);
    family.parent.ask_for(&sibling, &family.reward).await.expect(200);
    let pending = family.parent.get("/rewards/pending").await.expect(200);
    let waiting = pending["pending_rewards"].as_array().unwrap();
    assert_eq!(waiting.len(), 2);
    assert_eq!(waiting[0]["child_name"], "Mía");
    assert_eq!(waiting[0]["reward_name"], "Ice cream");
    assert_eq!(waiting[1]["child_id"], *sibling);
    // The child sees its own requests.
    let own = child.get("/rewards/pending").await.expect(200);
    assert_eq!(own["pending_rewards"], json!([waiting[0]]));
}

/// The values of one field of a page's records, and the page's total, limit and offset.
fn page_of(page: &Value, records: &str, field: &str) -> (Vec<String>, [Value; 3]) {
    let values = page[records].as_array().unwrap().iter().map(|record| text(&record[field]));
    (values.collect(), ["total", "limit", "offset"].map(|name| page[name].clone()))
}

/// Requests all pages of a list of three.
async fn assert_pages(browser: &Client, path: &str, records: &str, field: &str, all: &[&str; 3]) {
    let whole = browser.get(path).await.expect(200);
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(page_of(&whole, records, field), (names(all), [json!(3), json!(500), json!(0)]));
    for (limit, offset, shown) in [(1, 1, &all[1..2]), (2, 2, &all[2..]), (1, 3, &[])] {
        let (limit_text, offset_text) = (limit.to_string(), offset.to_string());
        let query = [("limit", &*limit_text), ("offset", &*offset_text)];
        let page = browser.get_with(path, &query).await.expect(200);
        let said = [json!(3), json!(limit), json!(offset)];
        assert_eq!(page_of(&page, records, field), (names(shown), said), "{path} {query:?}");
    }
    let most = browser.get_with(path, &[("limit", "501")]).await.expect(200);
    assert_eq!(most["limit"], 500);
}

/// Sends parameters that no list accepts.
async fn assert_strict(browser: &Client, path: &str) {
    for (query, wrong) in [
        (&[("limit", "0")][..], "limit"),
        (&[("offset", "-1")], "offset"),
        (&[("offset", "")], "offset"),
        (&[("page", "2")], "page"),
        (&[("limit", "1"), ("limit", "2")], "limit"),
    ] {
        let answer = browser.get_with(path, query).await;
        let details = assert_error(&answer, 400, "INVALID_PARAMETER");
        assert_eq!(details["parameter"], wrong, "{path} {query:?}");
    }
}

#[tokio::test]
async fn the_rewards_of_a_child_come_in_pages() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for name in ["Kite", "Zoo"] {
        family.parent.reward(name, 10).await;
    }
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let path = format!("/children/{}/rewards", family.child);
    for browser in [&*child, &*family.parent] {
        assert_pages(browser, &path, "rewards", "name", &["Ice cream", "Kite", "Zoo"]).await;
        assert_strict(browser, &path).await;
    }
}

#[tokio::test]
async fn pending_requests_come_in_pages() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    for name in ["Aarav", "Zoé"] {
        let sibling = family.parent.child(name, 50).await;
        family.parent.ask_for(&sibling, &family.reward).await.expect(200);
    }
    let names = ["Mía", "Aarav", "Zoé"];
    assert_pages(&family.parent, "/rewards/pending", "pending_rewards", "child_name", &names).await;
    assert_strict(&family.parent, "/rewards/pending").await;
    // A child's pages do not contain requests of other children.
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let own = child.get("/rewards/pending").await.expect(200);
    assert_eq!(own["total"], 1);
}

#[tokio::test]
async fn deleting_a_reward_ends_its_requests_without_an_event() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    family.parent.delete(&format!("/rewards/{}", family.reward)).await;
    let pending = family.parent.get("/rewards/pending").await.expect(200);
    assert_eq!(pending["pending_rewards"], json!([]));
    assert_eq!(server.folders.events().len(), 1);
}
