//! The session cookie among others and under another name, and which sessions end with it.

use goldstar::config::Config;
use goldstar::http::{CookieName, Origin};
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Client, Family, PASSWORD, Parent, Settings, TestServer, assert_error, goldstar, log_in,
    send,
};

/// A token without a session.
const DEAD: &str = "0123456789012345678901234567890123456789012345678901234567890123";

/// The token in a response's cookie of that name.
#[track_caller]
fn token_in(answer: &Answer, name: &str) -> String {
    let cookie = answer.header("set-cookie");
    let value = cookie.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
    let value = value.unwrap_or_else(|| panic!("{}: {cookie:?}", answer.text));
    value.split(';').next().unwrap().to_owned()
}

/// A new session of the parent, whose cookie is in no cookie jar.
async fn session(server: &TestServer, parent: &Parent) -> String {
    token_in(&log_in(&server.nobody(), &parent.email, PASSWORD).await, "session")
}

/// Sends a request with these header lines of cookies.
async fn with_cookies(
    server: &TestServer,
    method: Method,
    path: &str,
    lines: &[String],
    body: Option<Value>,
) -> Answer {
    let mut request = server.nobody().request(method, path);
    for line in lines {
        request = request.header(COOKIE, line);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    send(request).await
}

async fn bearer_status(client: &Client, token: &str) -> u16 {
    send(client.request(Method::GET, "/auth/me").bearer_auth(token)).await.status
}

/// Checks which of these sessions are live.
async fn assert_live(server: &TestServer, tokens: &[(&str, bool)]) {
    let client = server.nobody();
    for (n, (token, is_live)) in tokens.iter().enumerate() {
        let status = bearer_status(&client, token).await;
        assert_eq!(status, if *is_live { 200 } else { 401 }, "number {n}");
    }
}

#[tokio::test]
async fn the_first_live_cookie_acts_in_any_order_and_over_several_lines() {
    let server = TestServer::start().await;
    let (one, other) = (server.parent().await, server.parent().await);
    let (a, b) = (session(&server, &one).await, session(&server, &other).await);
    for (lines, id) in [
        (vec![format!("session={DEAD}; session={a}")], &one.id),
        (vec![format!("session={a}; session={DEAD}")], &one.id),
        (
            vec!["session=".to_owned(), format!("x=y; session={DEAD}"), format!("session={a}")],
            &one.id,
        ),
        (vec![format!("session={a}; session={b}")], &one.id),
        (vec![format!("session={b}"), format!("session={a}")], &other.id),
    ] {
        let answer = with_cookies(&server, Method::GET, "/auth/me", &lines, None).await;
        // The cookie of the session that was used is renewed.
        let acted = if *id == one.id { &a } else { &b };
        assert_eq!(token_in(&answer, "session"), *acted, "{lines:?}");
        assert_eq!(answer.expect(200)["user"]["id"], **id, "{lines:?}");
    }
    let dead = [format!("session={DEAD}; session=x")];
    let answer = with_cookies(&server, Method::GET, "/auth/me", &dead, None).await;
    assert_error(&answer, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn cookies_are_ignored_beside_a_bearer_token() {
    let server = TestServer::start().await;
    let (one, other) = (server.parent().await, server.parent().await);
    let (a, b) = (session(&server, &one).await, session(&server, &other).await);
    let me = |token: &str| {
        let request = server.nobody().request(Method::GET, "/auth/me").bearer_auth(token);
        send(request.header(COOKIE, format!("session={b}")))
    };
    assert_eq!(me(&a).await.expect(200)["user"]["id"], *one.id);
    assert_error(&me(DEAD).await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_logout_ends_every_live_session_that_was_sent() {
    let server = TestServer::start().await;
    let (one, other) = (server.parent().await, server.parent().await);
    let (a, b) = (session(&server, &one).await, session(&server, &other).await);
    let stays = session(&server, &one).await;
    let lines = [format!("session={DEAD}; session={a}"), format!("session={b}")];
    let answer = with_cookies(&server, Method::POST, "/auth/logout", &lines, None).await;
    assert_eq!(token_in(&answer, "session"), "");
    answer.expect(204);
    assert_live(&server, &[(&a, false), (&b, false), (&stays, true)]).await;

    // The response removes the cookie, whatever has authenticated the request.
    let (a, b) = (session(&server, &one).await, session(&server, &other).await);
    let request = server.nobody().request(Method::POST, "/auth/logout").bearer_auth(&a);
    send(request.header(COOKIE, format!("session={b}"))).await.expect(204);
    assert_live(&server, &[(&a, false), (&b, false), (&stays, true)]).await;
}

/// A response with a new cookie ends the sessions of all cookies in the request: a remaining one
/// could be used instead of the new one.
#[tokio::test]
async fn a_new_cookie_ends_the_sessions_of_the_cookies_that_were_sent() {
    let server = TestServer::start().await;
    let Family { parent, child, .. } = server.family().await;
    let other = server.parent().await;
    let account = json!({
        "first_name": "N", "last_name": "N", "email": "new@example.org", "password": PASSWORD,
    });
    let login = json!({"email": parent.email, "password": PASSWORD});
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    for (method, path, body, status) in [
        (Method::POST, "/auth/login", login.clone(), 200),
        (Method::POST, "/auth/signup", account, 201),
        (Method::POST, "/auth/child-session", json!({"child_id": child}), 200),
        (Method::PUT, "/auth/password", change, 204),
        (Method::POST, "/user/mark-for-deletion", json!({"password": PASSWORD}), 202),
        (Method::POST, "/auth/restore", login, 200),
    ] {
        let is_restore = path == "/auth/restore";
        let sender = if is_restore { &other } else { &parent };
        let (a, b) = (session(&server, sender).await, session(&server, &other).await);
        let lines = [format!("session={a}; session={b}")];
        let answer = with_cookies(&server, method, path, &lines, Some(body)).await;
        let given = token_in(&answer, "session");
        answer.expect(status);
        assert!(![&a, &b].contains(&&given), "{path}");
        let is_live = path != "/user/mark-for-deletion";
        assert_live(&server, &[(&a, false), (&b, false), (&given, is_live)]).await;
    }
}

#[tokio::test]
async fn a_failed_login_ends_no_session() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let own = session(&server, &parent).await;
    let body = json!({"email": parent.email, "password": "wrong password"});
    let lines = [format!("session={own}")];
    let answer = with_cookies(&server, Method::POST, "/auth/login", &lines, Some(body)).await;
    assert_error(&answer, 401, "INVALID_CREDENTIALS");
    assert_live(&server, &[(&own, true)]).await;
}

#[tokio::test]
async fn a_login_ends_the_streams_of_the_session_that_it_replaces() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let mut stream = parent.events("/events").await;
    log_in(&parent, &parent.email, PASSWORD).await.expect(200);
    stream.assert_end().await;
    parent.get("/auth/me").await.expect(200);
}

fn renamed(config: &mut Config) {
    config.http.session_cookie = CookieName::parse("family.goldstar", false).unwrap();
}

#[tokio::test]
async fn the_name_of_the_cookie_can_be_configured() {
    let server = TestServer::with(Settings { configure: renamed, ..Settings::default() }).await;
    let parent = server.parent().await;
    let answer = log_in(&server.nobody(), &parent.email, PASSWORD).await;
    let token = token_in(&answer, "family.goldstar");
    let me = async |name: &str| {
        let lines = [format!("session={DEAD}; {name}={token}")];
        with_cookies(&server, Method::GET, "/auth/me", &lines, None).await.status
    };
    assert_eq!((me("family.goldstar").await, me("session").await), (200, 401));
    parent.get("/auth/me").await.expect(200);

    // The rule about pages of other origins uses this cookie, too.
    let foreign = async |name: &str| {
        let request = server.nobody().request(Method::POST, "/auth/logout");
        let request = request.header(COOKIE, format!("{name}={token}"));
        send(request.header("Origin", "https://evil.example")).await
    };
    assert_error(&foreign("family.goldstar").await, 403, "FOREIGN_ORIGIN");
    assert_error(&foreign("session").await, 401, "UNAUTHENTICATED");
    let document = server.nobody().get("/openapi.json").await.expect(200);
    let scheme = &document["components"]["securitySchemes"]["session"];
    assert_eq!(scheme["name"], "family.goldstar", "{scheme}");

    let answer = parent.act("/auth/logout").await;
    assert_eq!(token_in(&answer, "family.goldstar"), "");
}

#[test]
fn a_cookie_name_that_browsers_reject_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = |flags: &[&str]| {
        let output = goldstar(folder.path()).arg("config").args(flags).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let long = "x".repeat(65);
    for name in ["a b", "a=b", "a;b", "a,b", "\"a\"", "sitzüng", "a/b", &long, ""] {
        let (code, said) = config(&[&format!("--session-cookie={name}")]);
        assert_eq!(code, Some(2), "{name}");
        assert!(said.contains("--session-cookie must"), "{said}");
    }
    for name in ["__Host-session", "__Secure-session", "__host-session", "__Host-Http-session"] {
        let flag = format!("--session-cookie={name}");
        for url in ["--public-url=", "--public-url=http://goldstar.example.org"] {
            let (code, said) = config(&[&flag, url]);
            assert_eq!(code, Some(2), "{name}");
            assert!(said.contains("public_url begins with https"), "{said}");
        }
        let (code, said) = config(&[&flag, "--public-url=https://goldstar.example.org"]);
        assert_eq!(code, Some(0), "{said}");
    }
    assert_eq!(config(&["--session-cookie=_family-1.goldstar"]).0, Some(0));
}

/// Checks that every cookie that the server sets or removes is `Secure`, or none is.
async fn assert_secure(server: &TestServer, is_secure: bool) {
    let browser = server.nobody();
    let (email, password) = ("zoe@example.org", PASSWORD);
    let account =
        json!({"first_name": "Zoë", "last_name": "Z", "email": email, "password": password});
    let mut answers = vec![browser.post("/auth/signup", account).await];
    let login = log_in(&server.nobody(), email, password).await;
    // A client other than a browser sends a `Secure` cookie over http, too.
    let pair = login.header("set-cookie").split(';').next().unwrap().to_owned();
    answers.push(login);
    for (method, path) in [(Method::GET, "/auth/me"), (Method::POST, "/auth/logout")] {
        let request = server.nobody().request(method, path);
        answers.push(send(request.header("Cookie", &pair)).await);
    }
    for answer in &answers {
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("session="), "{answer:?}");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.split("; ").any(|found| found == part), "{cookie}");
        }
        assert_eq!(cookie.split(';').any(|part| part.trim() == "Secure"), is_secure, "{cookie}");
    }
}

#[tokio::test]
async fn the_cookie_is_secure_if_the_public_url_is() {
    let secure_server = |configure: fn(&mut Config)| {
        TestServer::with(Settings { configure, ..Settings::default() })
    };
    assert_secure(&TestServer::start().await, false).await;
    let over_http = |config: &mut Config| {
        config.http.public_origin = Origin::parse("http://goldstar.example.org");
    };
    assert_secure(&secure_server(over_http).await, false).await;
    let over_https = |config: &mut Config| {
        config.http.public_origin = Origin::parse("https://goldstar.example.org");
    };
    assert_secure(&secure_server(over_https).await, true).await;
}
