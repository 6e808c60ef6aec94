//! Parents see and end their sessions, and change the address that they log in with.

use serde_json::{Value, json};

use crate::harness::person::Session;
use crate::harness::{Client, PASSWORD, TestServer, assert_error, log_in};

async fn sessions(parent: &Client) -> Vec<Value> {
    let page = parent.get("/auth/sessions").await.expect(200);
    assert_eq!(page["total"], page["sessions"].as_array().unwrap().len());
    page["sessions"].as_array().unwrap().clone()
}

fn current(sessions: &[Value]) -> &Value {
    let mut current = sessions.iter().filter(|session| session["is_current"] == true);
    let found = current.next().unwrap();
    assert!(current.next().is_none(), "{sessions:?}");
    found
}

#[tokio::test]
async fn the_list_contains_all_sessions_of_the_family_and_no_secret() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let stranger = server.parent().await;
    let [phone, tablet] = [server.nobody(), server.nobody()];
    let answer = log_in(&phone, &family.parent.email, PASSWORD).await;
    let token = Session::in_answer(&answer).token;
    log_in(&tablet, &family.parent.email, PASSWORD).await.expect(200);
    tablet.post("/auth/child-session", json!({"child_id": family.child})).await.expect(200);

    let page = phone.get("/auth/sessions").await;
    assert!(!page.text.contains(&token), "{}", page.text);
    let all = sessions(&phone).await;
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(
        (&current(&all)["scope"], &current(&all)["child_id"]),
        (&json!("parent"), &Value::Null)
    );
    let of_child: Vec<&Value> = all.iter().filter(|session| session["scope"] == "child").collect();
    assert_eq!(of_child.len(), 1);
    assert_eq!(of_child[0]["child_id"], *family.child);
    let first = phone.get("/auth/sessions?limit=1").await.expect(200);
    assert_eq!((&first["total"], first["sessions"].as_array().unwrap().len()), (&json!(3), 1));
    assert_eq!(sessions(&stranger).await.len(), 1);
    assert_error(&tablet.get("/auth/sessions").await, 403, "PARENT_REQUIRED");
}

#[tokio::test]
async fn a_session_that_a_parent_ends_is_over_with_its_streams() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let lost = server.nobody();
    log_in(&lost, &family.parent.email, PASSWORD).await.expect(200);
    let mut stream = lost.events("/events").await;
    let all = sessions(&lost).await;
    let path = format!("/auth/sessions/{}", current(&all)["id"].as_str().unwrap());

    // The family of somebody else has no session with this id.
    let stranger = server.parent().await;
    assert_error(&stranger.delete(&path).await, 404, "NOT_FOUND");
    lost.get("/auth/me").await.expect(200);
    family.parent.delete(&path).await.expect(204);
    assert_error(&lost.get("/auth/me").await, 401, "UNAUTHENTICATED");
    stream.assert_end().await;
    assert_error(&family.parent.delete(&path).await, 404, "NOT_FOUND");
    assert_eq!(sessions(&family.parent).await.len(), 1);
}

#[tokio::test]
async fn a_parent_ends_all_sessions_at_once() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let others = [server.nobody(), server.nobody()];
    for other in &others {
        log_in(other, &family.parent.email, PASSWORD).await.expect(200);
    }
    others[1].post("/auth/child-session", json!({"child_id": family.child})).await.expect(200);
    let stranger = server.parent().await;
    let answer = family.parent.delete("/auth/sessions").await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{:?}", answer.headers);
    answer.expect(204);
    for ended in others.iter().chain([&*family.parent]) {
        assert_error(&ended.get("/auth/me").await, 401, "UNAUTHENTICATED");
    }
    stranger.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_changed_email_address_is_the_one_to_log_in_with() {
    let mut server = TestServer::start().await;
    let parent = server.parent().await;
    let body = json!({"email": "New.Address@example.org", "password": PASSWORD});
    let answer = parent.put("/user/email", body).await.expect(200);
    assert_eq!(answer["user"]["email"], "New.Address@example.org");
    // Its sessions stay.
    let me = parent.get("/auth/me").await.expect(200);
    assert_eq!(me["user"]["email"], "New.Address@example.org");
    for _ in 0..2 {
        let old = log_in(&server.nobody(), &parent.email, PASSWORD).await;
        assert_error(&old, 401, "INVALID_CREDENTIALS");
        log_in(&server.nobody(), "new.address@example.org", PASSWORD).await.expect(200);
        server.restart().await;
    }
    // The old address is free.
    let account = json!({
        "first_name": "N", "last_name": "N", "email": parent.email, "password": PASSWORD,
    });
    server.nobody().post("/auth/signup", account).await.expect(201);
}

#[tokio::test]
async fn a_refused_change_of_the_email_address_changes_nothing() {
    let server = TestServer::start().await;
    let [parent, other] = [server.parent().await, server.parent().await];
    let taken = json!({"email": other.email.to_uppercase(), "password": PASSWORD});
    assert_error(&parent.put("/user/email", taken).await, 409, "EMAIL_TAKEN");
    let wrong = json!({"email": "new@example.org", "password": "not this one"});
    assert_error(&parent.put("/user/email", wrong).await, 403, "WRONG_PASSWORD");
    for email in [json!("no address"), json!(""), json!(null), json!(7)] {
        let body = json!({"email": email, "password": PASSWORD});
        assert_eq!(parent.put("/user/email", body).await.status, 400, "{email}");
    }
    log_in(&server.nobody(), &parent.email, PASSWORD).await.expect(200);
    // The same address in another case is the own one.
    let same = json!({"email": parent.email.to_uppercase(), "password": PASSWORD});
    parent.put("/user/email", same).await.expect(200);
    log_in(&server.nobody(), &parent.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn guesses_of_the_password_for_a_new_address_are_limited() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let guess = json!({"email": "new@example.org", "password": "a guess of many"});
    let mut guesses = 0;
    loop {
        let answer = parent.put("/user/email", guess.clone()).await;
        if answer.status == 429 {
            assert_error(&answer, 429, "TOO_MANY_ATTEMPTS");
            break;
        }
        assert_error(&answer, 403, "WRONG_PASSWORD");
        guesses += 1;
        assert!(guesses <= 20, "{guesses}");
    }
}
