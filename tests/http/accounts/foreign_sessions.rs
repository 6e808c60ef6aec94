//! Sessions that an attacker has chosen, and sessions that have ended.

use reqwest::Method;
use serde_json::json;

use crate::access::home::By;
use crate::harness::{Answer, Family, PASSWORD, Parent, TestServer, assert_error, log_in, send};

/// The token in a response.
fn token(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    let (_, rest) = cookie.split_once("session=").unwrap_or_else(|| panic!("{cookie}"));
    rest.split(';').next().unwrap().to_owned()
}

async fn me(server: &TestServer, token: &str, by: By) -> Answer {
    let request = server.nobody().request(Method::GET, "/auth/me");
    let request = match by {
        By::Cookie => request.header("Cookie", format!("session={token}")),
        By::Bearer => request.bearer_auth(token),
    };
    send(request).await
}

async fn assert_over(server: &TestServer, token: &str) {
    for by in [By::Cookie, By::Bearer] {
        assert_error(&me(server, token, by).await, 401, "UNAUTHENTICATED");
    }
}

/// A new session of the parent.
async fn session(server: &TestServer, parent: &Parent) -> String {
    token(&log_in(&server.nobody(), &parent.email, PASSWORD).await)
}

#[tokio::test]
async fn a_chosen_session_token_is_never_accepted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for chosen in ["chosen-by-another", &"0".repeat(64), "", "null", "a=b"] {
        let body = json!({"email": parent.email, "password": PASSWORD});
        let request = server.nobody().request(Method::POST, "/auth/login").json(&body);
        let answer = send(request.header("Cookie", format!("session={chosen}"))).await;
        let given = token(&answer);
        assert!(given != chosen && given.len() == 64, "{given}");
        assert_over(&server, chosen).await;
        assert_eq!(me(&server, &given, By::Cookie).await.status, 200);
    }
}

/// If somebody knows a parent's token, such as a child with access to the browser, the token is
/// useless after the session is replaced by a child's or the parent's.
#[tokio::test]
async fn a_token_changes_when_its_rights_change() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parents = session(&server, &family.parent).await;
    let body = json!({"child_id": family.child});
    let request = server.nobody().request(Method::POST, "/auth/child-session").json(&body);
    let childs = token(&send(request.bearer_auth(&parents)).await);
    assert_ne!(childs, parents);
    assert_over(&server, &parents).await;

    let body = json!({"email": family.parent.email, "password": PASSWORD});
    let request = server.nobody().request(Method::POST, "/auth/login").json(&body);
    let again = token(&send(request.header("Cookie", format!("session={childs}"))).await);
    assert_ne!(again, childs);
    assert_over(&server, &childs).await;
}

#[tokio::test]
async fn an_ended_session_stays_ended_after_a_restart() {
    let mut server = TestServer::start().await;
    let family: Family = server.family().await;
    let parent = &family.parent;
    let mut ended = Vec::new();

    let logged_out = session(&server, parent).await;
    let request = server.nobody().request(Method::POST, "/auth/logout");
    send(request.bearer_auth(&logged_out)).await.expect(204);
    ended.push(logged_out);

    let child = session(&server, parent).await;
    let body = json!({"child_id": family.child});
    let request = server.nobody().request(Method::POST, "/auth/child-session").json(&body);
    let child = token(&send(request.bearer_auth(&child)).await);
    assert_eq!(me(&server, &child, By::Bearer).await.status, 200);
    parent.delete(&format!("/children/{}", family.child)).await.expect(204);
    ended.push(child);

    // A stolen copy of the token that changes the password, and another session.
    let stolen = session(&server, parent).await;
    ended.push(session(&server, parent).await);
    let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    let request = server.nobody().request(Method::PUT, "/auth/password").json(&change);
    send(request.bearer_auth(&stolen)).await.expect(204);
    ended.push(stolen);

    log_in(parent, &parent.email, "battery staple").await.expect(200);
    let last = token(&log_in(&server.nobody(), &parent.email, "battery staple").await);
    let mark = json!({"password": "battery staple"});
    parent.post("/user/mark-for-deletion", mark).await.expect(202);
    ended.push(last);

    for token in &ended {
        assert_over(&server, token).await;
    }
    server.restart().await;
    for token in &ended {
        assert_over(&server, token).await;
    }
}
