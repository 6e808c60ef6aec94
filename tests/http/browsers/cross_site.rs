//! What pages of other origins can't do with a browser's session, and the cookie's `Secure`.

use reqwest::{Body, Method, RequestBuilder};
use serde_json::json;

use goldstar::config::Config;
use goldstar::http::Origin;

use crate::harness::{
    Answer, Family, PASSWORD, Settings, TestServer, activate_path, assert_error, log_in, send,
};

const FORM: &str = "application/x-www-form-urlencoded";

async fn server_with(configure: fn(&mut Config)) -> TestServer {
    TestServer::with(Settings { configure, ..Settings::default() }).await
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
    let server = TestServer::start().await;
    let family = server.family().await;
    let own = family.parent.url("");
    let port = own.rsplit(':').next().unwrap();
    for headers in [
        &[("Origin", "https://evil.example")][..],
        &[("Origin", "null")],
        &[("Origin", &format!("http://localhost:{port}"))],
        &[("Origin", "http://127.0.0.1")],
        &[("Origin", &format!("{own}.evil.example"))],
        &[("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", &own), ("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        let answer = activate(&family, headers).await;
        assert_error(&answer, 403, "FOREIGN_ORIGIN");
    }
    for (method, path) in [
        (Method::POST, "/api/children".to_owned()),
        (Method::POST, "/auth/logout".to_owned()),
        (Method::PUT, "/auth/password".to_owned()),
        (Method::PATCH, format!("/children/{}", family.child)),
        (Method::DELETE, format!("/children/{}", family.child)),
    ] {
        let request = family.parent.request(method, &path).header("Origin", "null");
        assert_error(&send(request).await, 403, "FOREIGN_ORIGIN");
    }
    assert_eq!(family.parent.points(&family.child).await, 50);
}

/// A development server that changes `Host`, as Vite's short form does, on a phone's request over http.
#[tokio::test]
async fn a_blocked_page_is_named_beside_the_expected_one_and_the_settings() {
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
async fn the_servers_own_pages_need_no_configuration() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let own = family.parent.url("");
    for headers in [
        &[][..],
        &[("Origin", &*own)],
        &[("Origin", &own), ("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        // A proxy may send another host on: a browser of today says itself whose page it is.
        &[("Origin", "https://goldstar.example.org"), ("Sec-Fetch-Site", "same-origin")],
        // Or the usual port, and capitals.
        &[("Origin", "http://goldstar.example.org"), ("Host", "Goldstar.example.org:80")],
    ] {
        activate(&family, headers).await.expect(200);
    }
}

#[tokio::test]
async fn the_operator_names_further_origins() {
    let server = server_with(|config| {
        config.http.public_origin = Origin::parse("http://goldstar.example.org");
        let origins = ["https://app.example.org", "http://localhost:5173"];
        config.http.allowed_origins = origins.iter().filter_map(|o| Origin::parse(o)).collect();
    })
    .await;
    let family = server.family().await;
    for origin in
        ["http://goldstar.example.org", "https://app.example.org", "http://localhost:5173"]
    {
        // As from behind a proxy that sends its own name of this server on.
        let headers = [("Origin", origin), ("Host", "backend:5000")];
        activate(&family, &headers).await.expect(200);
        let headers = [("Origin", origin), ("Sec-Fetch-Site", "cross-site")];
        activate(&family, &headers).await.expect(200);
    }
    for origin in ["https://goldstar.example.org", "http://app.example.org", "http://localhost"] {
        let headers = [("Origin", origin), ("Host", "backend:5000")];
        assert_error(&activate(&family, &headers).await, 403, "FOREIGN_ORIGIN");
    }
}

#[tokio::test]
async fn what_no_browser_adds_by_itself_is_not_concerned() {
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

#[tokio::test]
async fn a_foreign_page_may_send_what_changes_nothing_but_reads_no_answer() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for (method, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 200)] {
        let request = parent.request(method, "/children");
        let headers =
            [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
        let answer = send(with(request, &headers)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        let names = answer.headers.keys().map(reqwest::header::HeaderName::as_str);
        let cors: Vec<_> = names.filter(|name| name.starts_with("access-control-")).collect();
        assert!(cors.is_empty(), "{cors:?}");
    }
}

#[tokio::test]
async fn with_a_cookie_a_body_is_json_or_refused() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (activate, children) = (activate_path(&family.child, &family.task), "/children".to_owned());
    for path in [&activate, &children] {
        for content_type in [FORM, "text/plain", "multipart/form-data; boundary=b", "text/json", ""]
        {
            let request = family.parent.request(Method::POST, path);
            let answer = send(request.header("Content-Type", content_type).body("{}")).await;
            assert_error(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
        }
        let answer = send(family.parent.request(Method::POST, path).body("{}")).await;
        assert_error(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let chunked = Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("a=b")]));
    let request = family.parent.request(Method::POST, &activate).header("Content-Type", FORM);
    let answer = send(request.body(chunked)).await;
    assert_error(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(family.parent.points(&family.child).await, 50);

    // Some clients send an empty object along, or say what they don't send.
    let json = "application/json; charset=utf-8";
    for (content_type, body) in [(json, "{}"), (json, ""), (FORM, "")] {
        let request = family.parent.request(Method::POST, &activate);
        send(request.header("Content-Type", content_type).body(body)).await.expect(200);
    }
}

#[tokio::test]
async fn a_foreign_form_is_refused_for_its_origin() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    for body in ["", "a=b"] {
        let request = family.parent.request(Method::POST, &path).body(body);
        let headers = [("Origin", "https://evil.example"), ("Content-Type", FORM)];
        assert_error(&send(with(request, &headers)).await, 403, "FOREIGN_ORIGIN");
    }
}

/// Whether every cookie that the server gives or takes is `Secure`, or none.
async fn assert_secure(server: &TestServer, is_secure: bool) {
    let browser = server.nobody();
    let (email, password) = ("zoe@example.org", PASSWORD);
    let account =
        json!({"first_name": "Zoë", "last_name": "Z", "email": email, "password": password});
    let mut answers = vec![browser.post("/auth/signup", account).await];
    let login = log_in(&server.nobody(), email, password).await;
    // A client of its own sends a `Secure` cookie over http all the same.
    let pair = login.header("set-cookie").split(';').next().unwrap().to_owned();
    answers.push(login);
    for (method, path) in [(Method::GET, "/auth/me"), (Method::POST, "/auth/logout")] {
        let request = server.nobody().request(method, path);
        answers.push(send(request.header("Cookie", &pair)).await);
    }
    for answer in &answers {
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("session="), "{answer:?}");
        assert_eq!(cookie.split(';').any(|part| part.trim() == "Secure"), is_secure, "{cookie}");
    }
}

#[tokio::test]
async fn the_cookie_is_for_https_where_browsers_use_it() {
    assert_secure(&TestServer::start().await, false).await;
    let over_http = |config: &mut Config| {
        config.http.public_origin = Origin::parse("http://goldstar.example.org");
    };
    assert_secure(&server_with(over_http).await, false).await;
    let over_https = |config: &mut Config| {
        config.http.public_origin = Origin::parse("https://goldstar.example.org");
    };
    assert_secure(&server_with(over_https).await, true).await;
}
