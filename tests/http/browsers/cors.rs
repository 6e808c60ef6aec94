//! CORS: only pages of the origins that the operator lists may use the API.

use reqwest::Method;
use serde_json::json;

use goldstar::http::Origin;

use crate::harness::{Answer, Client, Settings, TestServer, assert_error, send};

const LISTED: &str = "https://app.example.org";

async fn server() -> TestServer {
    let settings = Settings {
        configure: |config| {
            config.http.allowed_origins = [LISTED].into_iter().filter_map(Origin::parse).collect();
        },
        ..Settings::default()
    };
    TestServer::with(settings).await
}

/// The names of the CORS headers of an answer.
fn cors_headers(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(reqwest::header::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

async fn preflight(client: &Client, origin: &str) -> Answer {
    let request = client.request(Method::OPTIONS, "/api/children").header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "POST");
    send(request.header("Access-Control-Request-Headers", "content-type,idempotency-key")).await
}

#[tokio::test]
async fn a_listed_origin_gets_cors_headers() {
    let server = server().await;
    let parent = server.parent().await;
    let answer = preflight(&parent, LISTED).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), LISTED);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert!(answer.header("access-control-allow-methods").contains(method), "{method}");
    }
    let headers = answer.header("access-control-allow-headers");
    for name in ["content-type", "idempotency-key", "authorization", "last-event-id"] {
        assert!(headers.contains(name), "{name}: {headers}");
    }

    let request = parent.request(Method::POST, "/api/children").header("Origin", LISTED);
    let request = request.header("Sec-Fetch-Site", "same-site");
    let made = send(request.json(&json!({"name": "Mía"}))).await;
    assert_eq!((made.status, made.header("access-control-allow-origin")), (201, LISTED));
    assert!(made.header("access-control-expose-headers").contains("retry-after"));

    // A page can read all errors, with and without a route.
    for (path, code) in [("/api/children/none", "NOT_FOUND"), ("/nowhere", "NOT_FOUND")] {
        let request = parent.request(Method::GET, path).header("Origin", LISTED);
        let answer = send(request).await;
        assert_error(&answer, 404, code);
        assert_eq!(answer.header("access-control-allow-origin"), LISTED, "{path}");
    }
    let form = parent.request(Method::POST, "/children").header("Origin", LISTED).body("a=b");
    let answer = send(form).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (415, LISTED));
}

#[tokio::test]
async fn other_origins_get_no_cors_header() {
    for server in [server().await, TestServer::start().await] {
        let parent = server.parent().await;
        let own = parent.url("");
        for origin in ["https://evil.example", "null", "http://app.example.org", &*own] {
            let answer = preflight(&parent, origin).await;
            assert_eq!((answer.status, cors_headers(&answer)), (200, vec![]), "{origin}");
            let request = parent.request(Method::GET, "/children").header("Origin", origin);
            let answer = send(request).await;
            assert_eq!((answer.status, cors_headers(&answer)), (200, vec![]), "{origin}");
        }
        let answer = parent.get("/children").await;
        assert_eq!(cors_headers(&answer), Vec::<&str>::new());
    }
}
