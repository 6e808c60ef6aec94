//! Pages of other origins cannot change anything, although a browser sends the session cookie with
//! their requests.

mod bodies;

use goldstar::config::Config;
use goldstar::http::Origin;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::person::Session;
use crate::harness::wire::{Wire, assert_refusal};
use crate::harness::{
    Answer, Family, PASSWORD, Settings, TestServer, activate_path, assert_error, reward_path, send,
};

const JSON: &str = "Content-Type: application/json";

/// A family, and the changes that a foreign page could attempt.
struct Victim {
    server: TestServer,
    family: Family,
    session: Session,
}

/// How the requests present the session.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Cookie,
    Bearer,
    Nothing,
}

impl Victim {
    async fn new(configure: fn(&mut Config)) -> Self {
        let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
        let family = server.family().await;
        let session = Session::of(&server, &family.parent).await;
        Self { server, family, session }
    }

    /// One request for each kind of change; the last three end the session.
    fn changes(&self) -> Vec<(&'static str, String, String)> {
        let Family { child, task, reward, penalty, .. } = &self.family;
        let json = |text: &str| text.replace('\'', "\"");
        vec![
            ("POST", "/children".to_owned(), json("{'name': 'Changeling'}")),
            ("POST", "/tasks".to_owned(), json("{'name': 'Nothing', 'points': 1}")),
            ("POST", "/rewards".to_owned(), json("{'name': 'All', 'cost': 1}")),
            ("PATCH", format!("/children/{child}"), json("{'name': 'Changeling'}")),
            ("PATCH", format!("/tasks/{task}"), json("{'points': 1000}")),
            ("PATCH", format!("/rewards/{reward}"), json("{'cost': 1}")),
            ("POST", activate_path(child, task), String::new()),
            ("POST", activate_path(child, penalty), String::new()),
            ("POST", reward_path(child, reward, "request"), String::new()),
            ("POST", reward_path(child, reward, "cancel"), String::new()),
            ("POST", reward_path(child, reward, "redeem"), String::new()),
            ("DELETE", format!("/tasks/{task}"), String::new()),
            ("DELETE", format!("/rewards/{reward}"), String::new()),
            ("DELETE", format!("/children/{child}"), String::new()),
            (
                "PUT",
                "/auth/password".to_owned(),
                json(
                    "{'current_password': 'correct horse battery', 'new_password': 'of the thief'}",
                ),
            ),
            ("POST", "/auth/child-session".to_owned(), format!("{{\"child_id\": \"{child}\"}}")),
            ("POST", "/auth/logout".to_owned(), String::new()),
        ]
    }

    async fn send(&self, by: By, method: &str, path: &str, lines: &[&str], body: &str) -> Answer {
        let shown = match by {
            By::Cookie => format!("Cookie: {}", self.session.cookie),
            By::Bearer => format!("Authorization: Bearer {}", self.session.token),
            By::Nothing => "X-Nothing: shown".to_owned(),
        };
        let length = format!("Content-Length: {}", body.len());
        let own = [shown.as_str(), &length];
        let lines: Vec<&str> = own.into_iter().chain(lines.iter().copied()).collect();
        let mut wire = Wire::connect(&self.server).await;
        let request = crate::harness::person::head(method, path, &lines) + body;
        wire.answer_while_sending(request.as_bytes()).await.expect("an answer")
    }

    /// A harmless change with these headers: creates a child.
    async fn add_child(&self, by: By, lines: &[&str]) -> Answer {
        let lines: Vec<&str> = lines.iter().copied().chain([JSON]).collect();
        self.send(by, "POST", "/children", &lines, "{\"name\": \"Changeling\"}").await
    }

    /// Everything that the family has.
    async fn everything(&self) -> Vec<Value> {
        let tracking = format!("/children/{}/tracking", self.family.child);
        let mut all = Vec::new();
        for path in ["/auth/me", "/children", "/tasks", "/rewards", "/rewards/pending", &tracking] {
            all.push(self.send(By::Cookie, "GET", path, &[], "").await.expect(200));
        }
        all
    }

    async fn assert_foreign(&self, lines: &[&str]) {
        let answer = self.add_child(By::Cookie, lines).await;
        assert_eq!(answer.status, 403, "{lines:?}: {}", answer.text);
        assert_refusal(&answer, 403, "FOREIGN_ORIGIN");
    }

    async fn assert_own(&self, lines: &[&str]) {
        let answer = self.add_child(By::Cookie, lines).await;
        assert_eq!(answer.status, 201, "{lines:?}: {}", answer.text);
    }
}

/// Activates the family's task, with more headers.
async fn activate(family: &Family, headers: &[(&str, &str)]) -> Answer {
    let path = activate_path(&family.child, &family.task);
    send(with(family.parent.request(Method::POST, &path), headers)).await
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

#[tokio::test]
async fn a_foreign_page_changes_nothing() {
    let victim = Victim::new(|_| {}).await;
    victim.family.parent.ask_for(&victim.family.child, &victim.family.reward).await.expect(200);
    let before = victim.everything().await;
    for origin in ["http://elsewhere.example", "https://elsewhere.example", "null"] {
        let origin = format!("Origin: {origin}");
        for (method, path, body) in victim.changes() {
            for path in [path.clone(), format!("/api{path}"), format!("{path}/")] {
                let lines: &[&str] = if body.is_empty() { &[&origin] } else { &[&origin, JSON] };
                let answer = victim.send(By::Cookie, method, &path, lines, &body).await;
                assert_eq!(answer.status, 403, "{origin}: {method} {path}: {}", answer.text);
                assert_refusal(&answer, 403, "FOREIGN_ORIGIN");
                assert_eq!(answer.header("set-cookie"), "", "the session stays as it is");
            }
        }
        assert_eq!(victim.everything().await, before);
    }
    let email = &victim.family.parent.email;
    crate::harness::person::log_in(&victim.server.nobody(), email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn the_servers_own_page_can_send_every_change() {
    let mut victim = Victim::new(|_| {}).await;
    for (method, path, body) in victim.changes() {
        if path == "/auth/child-session" {
            // The browser would have the child's session, which has fewer permissions.
            continue;
        }
        if path == "/auth/logout" {
            // The previous password change has ended the session.
            victim = Victim::new(|_| {}).await;
        }
        let lines: &[&str] = &["Origin: http://localhost", "Sec-Fetch-Site: same-origin", JSON];
        let lines = if body.is_empty() { &lines[..2] } else { lines };
        let answer = victim.send(By::Cookie, method, &path, lines, &body).await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn other_origins_are_rejected_in_every_spelling() {
    let victim = Victim::new(|_| {}).await;
    for origin in [
        "http://localhost:8080",
        "http://localhost.elsewhere.example",
        "http://elsewhere.example",
        "http://notlocalhost",
        "http://127.0.0.1",
        "http://[::1]",
        "null",
        "NULL",
        "file://",
        "chrome-extension://abcdefgh",
        "localhost",
        "http://localhost@elsewhere.example",
        "http://elsewhere.example#http://localhost",
        "http://localhost, http://elsewhere.example",
    ] {
        victim.assert_foreign(&[&format!("Origin: {origin}")]).await;
    }
    victim.assert_foreign(&["Origin: http://elsewhere.example", "Origin: http://localhost"]).await;
    // Only a trusted proxy may say what the server's name is.
    for line in ["X-Forwarded-Host: elsewhere.example", "Forwarded: host=elsewhere.example"] {
        victim.assert_foreign(&["Origin: http://elsewhere.example", line]).await;
    }
    victim.assert_own(&["Origin: http://localhost"]).await;
    // A program sends neither header.
    victim.assert_own(&[]).await;
}

#[tokio::test]
async fn the_port_belongs_to_the_origin() {
    let victim = Victim::new(|_| {}).await;
    let body = "{\"name\": \"Changeling\"}";
    let length = format!("Content-Length: {}", body.len());
    for (host, origin, status) in [
        ("127.0.0.1:5000", "http://127.0.0.1:5000", 201),
        ("127.0.0.1:5000", "http://127.0.0.1", 403),
        ("127.0.0.1:5000", "http://127.0.0.1:5001", 403),
        ("[::1]:5000", "http://[::1]:5000", 201),
        ("[::1]:5000", "http://[::1]:5001", 403),
        ("localhost:443", "http://localhost", 403),
        ("Goldstar.example.org:80", "http://goldstar.example.org", 201),
    ] {
        let request = format!(
            "POST /children HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nCookie: {}\r\n{JSON}\r\n\
             {length}\r\n\r\n{body}",
            victim.session.cookie
        );
        let answer = Wire::connect(&victim.server).await.exchange(request).await;
        assert_eq!(answer.status, status, "{host} {origin}: {}", answer.text);
    }
}

#[tokio::test]
async fn sec_fetch_site_is_checked() {
    let victim = Victim::new(|_| {}).await;
    for site in ["cross-site", "same-site"] {
        victim.assert_foreign(&[&format!("Sec-Fetch-Site: {site}")]).await;
    }
    for site in ["same-origin", "none"] {
        victim.assert_own(&[&format!("Sec-Fetch-Site: {site}")]).await;
    }
    // The headers of a form on the server's own page with a policy that hides the address.
    victim.assert_own(&["Sec-Fetch-Site: same-origin", "Origin: null"]).await;
    // And behind a proxy that changes the host.
    let own = ["Sec-Fetch-Site: same-origin", "Origin: https://goldstar.example.org"];
    victim.assert_own(&own).await;
    victim.assert_foreign(&["Sec-Fetch-Site: cross-site", "Origin: http://localhost"]).await;
}

#[tokio::test]
async fn requests_with_a_bearer_token_are_not_checked() {
    let victim = Victim::new(|_| {}).await;
    for line in [
        "Origin: http://elsewhere.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Origin: http://localhost",
    ] {
        let answer = victim.add_child(By::Bearer, &[line]).await;
        assert_eq!(answer.status, 201, "{line}: {}", answer.text);
    }
}

#[tokio::test]
async fn requests_without_a_session_change_nothing() {
    let victim = Victim::new(|_| {}).await;
    let before = victim.everything().await;
    for line in ["Origin: http://elsewhere.example", "Origin: null", "Origin: http://localhost"] {
        for (method, path, body) in victim.changes() {
            let lines: &[&str] = if body.is_empty() { &[line] } else { &[line, JSON] };
            let answer = victim.send(By::Nothing, method, &path, lines, &body).await;
            assert!(matches!(answer.status, 401 | 403), "{method} {path}: {}", answer.text);
            let code = answer.body["code"].as_str().unwrap().to_owned();
            assert!(matches!(&*code, "UNAUTHENTICATED" | "FOREIGN_ORIGIN"), "{code}");
            assert_refusal(&answer, answer.status, &code);
        }
    }
    assert_eq!(victim.everything().await, before);
}

/// The browser does not show the response to the page.
#[tokio::test]
async fn a_foreign_page_may_read_but_gets_no_cors_header() {
    let victim = Victim::new(|_| {}).await;
    for method in ["GET", "HEAD", "OPTIONS"] {
        let lines = [
            "Origin: http://elsewhere.example",
            "Sec-Fetch-Site: cross-site",
            "Access-Control-Request-Method: POST",
        ];
        let mut wire = Wire::connect(&victim.server).await;
        wire.send(victim.session.head(method, "/children", &lines)).await;
        let answer = wire.bodiless_answer().await;
        assert_eq!(answer.status, 200, "{method}");
        let mut names = answer.headers.keys().map(reqwest::header::HeaderName::as_str);
        assert!(!names.any(|name| name.starts_with("access-control-")), "{:?}", answer.headers);
    }
}

#[tokio::test]
async fn the_public_url_is_the_servers_own_origin() {
    let configure = |config: &mut Config| {
        config.http.public_origin = Origin::parse("https://goldstar.example.org");
    };
    let victim = Victim::new(configure).await;
    victim.assert_own(&["Origin: https://goldstar.example.org"]).await;
    let cross_site = ["Origin: https://goldstar.example.org", "Sec-Fetch-Site: cross-site"];
    victim.assert_own(&cross_site).await;
    for origin in [
        "http://goldstar.example.org",
        "https://goldstar.example.org:8443",
        "https://www.goldstar.example.org",
        "https://goldstar.example.org.elsewhere.example",
        "https://elsewhere.example",
    ] {
        victim.assert_foreign(&[&format!("Origin: {origin}")]).await;
    }
}

#[tokio::test]
async fn allowed_origins_are_like_the_servers_own() {
    let configure = |config: &mut Config| {
        let allowed = ["http://app.example", "http://127.0.0.1:5173"];
        config.http.allowed_origins = allowed.map(|text| Origin::parse(text).unwrap()).to_vec();
    };
    let victim = Victim::new(configure).await;
    for origin in ["http://app.example", "http://127.0.0.1:5173", "http://localhost"] {
        victim.assert_own(&[&format!("Origin: {origin}")]).await;
    }
    // The headers of a browser for such a page.
    victim.assert_own(&["Origin: http://app.example", "Sec-Fetch-Site: cross-site"]).await;
    victim.assert_own(&["Origin: http://app.example", "Sec-Fetch-Site: same-site"]).await;
    for origin in ["https://app.example", "http://app.example:81", "http://elsewhere.example"] {
        victim.assert_foreign(&[&format!("Origin: {origin}")]).await;
    }
}

/// A page that would log in its visitor as somebody else during a session.
#[tokio::test]
async fn a_foreign_login_does_not_replace_a_session() {
    let victim = Victim::new(|_| {}).await;
    let thief = victim.server.parent().await;
    let credentials = json!({"email": thief.email, "password": PASSWORD}).to_string();
    for origin in ["Origin: http://elsewhere.example", "Origin: null"] {
        let lines = [origin, JSON];
        let answer = victim.send(By::Cookie, "POST", "/auth/login", &lines, &credentials).await;
        assert_refusal(&answer, 403, "FOREIGN_ORIGIN");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

/// A development server that changes `Host`, like Vite's short form, with a request of a phone over
/// http.
#[tokio::test]
async fn the_error_names_both_origins_and_the_settings() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let answer = activate(&family, &[("Origin", "http://192.168.1.5:5173")]).await;
    assert_error(&answer, 403, "FOREIGN_ORIGIN");
    let own = family.parent.url("");
    for named in ["http://192.168.1.5:5173", &own, "`public_url`", "`allowed_origins`", "`Host`"] {
        assert!(answer.text.contains(named), "{named}: {}", answer.text);
    }
    // The same request through a proxy that keeps the header.
    let kept = [("Origin", "http://192.168.1.5:5173"), ("Host", "192.168.1.5:5173")];
    activate(&family, &kept).await.expect(200);
}

#[tokio::test]
async fn bearer_tokens_and_logins_without_a_cookie_are_not_checked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let foreign = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
    let login = json!({"email": family.parent.email, "password": PASSWORD});
    let request = server.nobody().request(Method::POST, "/auth/login").json(&login);
    let answer = send(with(request, &foreign)).await;
    let cookie = answer.header("set-cookie").to_owned();
    answer.expect(200);
    let token = cookie.strip_prefix("session=").unwrap().split(';').next().unwrap();
    let path = activate_path(&family.child, &family.task);
    let request = server.nobody().request(Method::POST, &path).bearer_auth(token);
    send(with(request, &foreign)).await.expect(200);
}
