//! A logged-in user with an explicit session: a plain connection has no cookie jar.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, PASSWORD, Parent, TestServer, send};

/// A session of an account.
#[derive(Clone)]
pub(crate) struct Session {
    /// `session=<token>`.
    pub(crate) cookie: String,
    pub(crate) token: String,
}

impl Session {
    /// A session of a new account.
    pub(crate) async fn new(server: &TestServer) -> Self {
        let parent = server.parent().await;
        Self::of(server, &parent).await
    }

    /// A further session of an account.
    pub(crate) async fn of(server: &TestServer, parent: &Parent) -> Self {
        let answer = log_in(&server.nobody(), &parent.email, PASSWORD).await;
        Self::in_answer(&answer)
    }

    /// A session of an account's child.
    pub(crate) async fn of_child(server: &TestServer, parent: &Parent, child: &str) -> Self {
        let browser = server.nobody();
        log_in(&browser, &parent.email, PASSWORD).await.expect(200);
        let body = json!({"child_id": child});
        Self::in_answer(&browser.post("/auth/child-session", body).await)
    }

    /// The session in a login's response.
    pub(crate) fn in_answer(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let token = cookie.split_once('=').unwrap().1.to_owned();
        Self { cookie, token }
    }

    /// The head of a request with the session's cookie and these header lines.
    pub(crate) fn head(&self, method: &str, path: &str, lines: &[&str]) -> String {
        let cookie = format!("Cookie: {}", self.cookie);
        let lines: Vec<&str> = lines.iter().copied().chain([cookie.as_str()]).collect();
        head(method, path, &lines)
    }

    /// A POST request with this body and the session's cookie.
    pub(crate) fn post(&self, path: &str, body: &Value) -> String {
        let body = body.to_string();
        let length = format!("Content-Length: {}", body.len());
        self.head("POST", path, &["Content-Type: application/json", &length]) + &body
    }
}

/// The head of a request with these header lines.
pub(crate) fn head(method: &str, path: &str, lines: &[&str]) -> String {
    let lines = lines.iter().fold(String::new(), |all, line| all + line + "\r\n");
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

/// A login with these headers, as bytes.
pub(crate) fn login_request(email: &str, password: &str, lines: &[&str]) -> (String, String) {
    let body = json!({"email": email, "password": password}).to_string();
    let length = format!("Content-Length: {}", body.len());
    let own = ["Content-Type: application/json", &length];
    let lines: Vec<&str> = own.into_iter().chain(lines.iter().copied()).collect();
    (head("POST", "/auth/login", &lines), body)
}

pub(crate) async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    crate::harness::log_in(client, email, password).await
}

/// A login whose request has this header.
pub(crate) async fn log_in_with(
    client: &Client,
    (name, value): (&str, &str),
    email: &str,
    password: &str,
) -> Answer {
    let request = client.request(reqwest::Method::POST, "/auth/login").header(name, value);
    send(request.json(&json!({"email": email, "password": password}))).await
}
