//! The limits of one address, and the connections reserved for health checks.

use std::net::Ipv4Addr;

use goldstar::config::Config;
use reqwest::Method;

use crate::harness::{Events, Raw, Settings, TestServer, assert_error, eventually, send};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

async fn server_with(configure: fn(&mut Config)) -> TestServer {
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// Four connections, at most two per address, and none reserved.
fn four(config: &mut Config) {
    config.http.limits.max_connections = 4;
    config.http.limits.max_connections_per_address = 0;
}

/// The same, with two reserved for health checks.
fn four_and_two(config: &mut Config) {
    four(config);
    config.http.limits.health_connections = 2;
}

/// A connection from that address on which the server responds. Waits until there is one.
async fn admitted(server: &TestServer, own: Ipv4Addr) -> Raw {
    eventually("a connection", async || {
        let mut raw = server.connect_from(own).await;
        (raw.get("/openapi.json").await.status == 200).then_some(raw)
    })
    .await
}

async fn assert_refused(server: &TestServer, own: Ipv4Addr, path: &str) {
    let mut raw = server.connect_from(own).await;
    raw.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
    let answer = raw.answer().await;
    assert_error(&answer, 503, "TOO_MANY_CONNECTIONS");
    assert_eq!((answer.header("retry-after"), answer.header("connection")), ("1", "close"));
    raw.assert_end().await;
}

#[tokio::test]
async fn one_address_has_half_of_the_connections() {
    let server = server_with(four).await;
    let mut open = [admitted(&server, THERE).await, admitted(&server, THERE).await];
    assert_refused(&server, THERE, "/health").await;
    let others = [admitted(&server, ELSEWHERE).await, admitted(&server, ELSEWHERE).await];
    for raw in &mut open {
        raw.get("/health").await.expect(200);
    }
    // When one address closes a connection, another can use it.
    drop(open);
    admitted(&server, THERE).await;
    drop(others);
}

#[tokio::test]
async fn the_share_of_an_address_can_be_configured() {
    let server = server_with(|config| {
        four(config);
        config.http.limits.max_connections_per_address = 3;
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(admitted(&server, THERE).await);
    }
    assert_refused(&server, THERE, "/health").await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_share() {
    let server = server_with(|config| {
        config.http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.http.limits.max_connections = 8;
        config.http.limits.max_connections_per_address = 2;
    })
    .await;
    let parent = server.parent().await;
    let ask = async |forwarded: &str| {
        let request = parent.request(Method::GET, "/tasks");
        send(request.header("X-Forwarded-For", forwarded)).await
    };
    let open = async |forwarded: &str| {
        let request = parent.request(Method::GET, "/events");
        Events::open(request.header("X-Forwarded-For", forwarded)).await
    };
    let mut greedy = vec![open("198.51.100.1").await, open("203.0.113.9, 198.51.100.1").await];
    let refused = ask("198.51.100.1").await;
    assert_error(&refused, 503, "TOO_MANY_CONNECTIONS");
    assert_eq!(refused.header("retry-after"), "1");
    // The proxy's own connections have only the common limit, and other clients are served.
    let others = [open("198.51.100.2").await, open("2001:db8::1").await, open("2001:db8::2").await];
    ask("198.51.100.2").await.expect(200);
    assert_error(&ask("2001:db8::3").await, 503, "TOO_MANY_CONNECTIONS");
    parent.get("/tasks").await.expect(200);
    // A stream that ends frees its connection, and so does an ordinary response.
    drop(greedy.pop());
    eventually("room", async || (ask("198.51.100.1").await.status == 200).then_some(())).await;
    for _ in 0..5 {
        ask("198.51.100.1").await.expect(200);
    }
    drop((greedy, others));
}

#[tokio::test]
async fn a_health_check_succeeds_when_all_connections_are_in_use() {
    let server = server_with(four_and_two).await;
    let mut taken = Vec::new();
    for own in [THERE, THERE, ELSEWHERE, ELSEWHERE] {
        taken.push(admitted(&server, own).await);
    }
    for path in ["/health", "/api/health", "/health/", "/health?a=b"] {
        let mut raw = server.connect_from(HERE).await;
        let answer = raw.get(path).await;
        assert_eq!(answer.header("connection"), "close");
        assert_eq!(answer.expect(200)["status"], "ok", "{path}");
        raw.assert_end().await;
    }
    for path in ["/", "/healthy", "/api/healthy", "/auth/me", "/metrics", "/health/more"] {
        assert_refused(&server, HERE, path).await;
    }
    let mut raw = server.connect_from(HERE).await;
    raw.send("POST /health HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n").await;
    assert_error(&raw.answer().await, 503, "TOO_MANY_CONNECTIONS");
    // The open connections are served as before.
    for raw in &mut taken {
        raw.get("/auth/me").await.expect(401);
    }
}

#[tokio::test]
async fn a_health_check_succeeds_when_its_address_has_reached_its_limit() {
    let server = server_with(four_and_two).await;
    let _taken = [admitted(&server, HERE).await, admitted(&server, HERE).await];
    server.connect_from(HERE).await.get("/health").await.expect(200);
    assert_refused(&server, HERE, "/auth/me").await;
}

/// The reserved connections cannot be used to avoid the limit, and are soon free again.
#[tokio::test]
async fn the_connections_for_health_checks_are_limited() {
    let server = server_with(four_and_two).await;
    let _taken = [admitted(&server, HERE).await, admitted(&server, HERE).await];
    let mut idle = [server.connect_from(HERE).await, server.connect_from(HERE).await];
    // Closed without a response, because both are in use.
    let mut raw = server.connect_from(HERE).await;
    assert_error(&raw.answer().await, 503, "TOO_MANY_CONNECTIONS");
    for raw in &mut idle {
        assert_error(&raw.answer().await, 503, "TOO_MANY_CONNECTIONS");
    }
    drop(idle);
    eventually("a health check", async || {
        let answer = server.connect_from(HERE).await.get("/health").await;
        (answer.status == 200).then_some(())
    })
    .await;
}

/// Any client can reach a proxy on this machine.
#[tokio::test]
async fn the_connections_for_health_checks_are_not_for_clients_of_a_proxy() {
    let server = server_with(|config| {
        config.http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.http.limits.max_connections = 2;
        config.http.limits.health_connections = 2;
    })
    .await;
    let _taken = [admitted(&server, THERE).await, admitted(&server, THERE).await];
    server.connect_from(HERE).await.get("/health").await.expect(200);
    let mut raw = server.connect_from(HERE).await;
    let named = "X-Forwarded-For: 127.0.0.1, 198.51.100.1";
    raw.send(format!("GET /health HTTP/1.1\r\nHost: test\r\n{named}\r\n\r\n")).await;
    assert_error(&raw.answer().await, 503, "TOO_MANY_CONNECTIONS");
}
