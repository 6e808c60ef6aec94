//! Bodies of other types, which a form or a script without the server's permission can send.

use reqwest::Method;

use super::{By, JSON, Victim, with};
use crate::harness::wire::{Wire, assert_refusal};
use crate::harness::{TestServer, activate_path, assert_error, send};

const FORM: &str = "application/x-www-form-urlencoded";

/// The content types that a form, or a script without permission, can send.
#[tokio::test]
async fn a_body_of_another_type_is_rejected() {
    let victim = Victim::new(|_| {}).await;
    let before = victim.everything().await;
    for content_type in [
        "Content-Type: text/plain",
        "Content-Type: text/plain; charset=application/json",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: application/jsonp",
        "Content-Type: text/json",
        "Content-Type: ",
        "X-No-Type: at all",
    ] {
        for (method, path, body) in victim.changes() {
            // This also applies to routes that take no body.
            let body = if body.is_empty() { "{}".to_owned() } else { body };
            for by in [By::Cookie, By::Bearer] {
                if by == By::Bearer && body == "{}" {
                    // No page can send it, so the specification allows either result.
                    continue;
                }
                let answer = victim.send(by, method, &path, &[content_type], &body).await;
                assert_eq!(answer.status, 415, "{content_type} {method} {path}: {}", answer.text);
                assert_refusal(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
            }
        }
    }
    assert_eq!(victim.everything().await, before);
}

#[tokio::test]
async fn json_types_may_be_written_in_several_ways() {
    let victim = Victim::new(|_| {}).await;
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
    ] {
        let line = format!("Content-Type: {content_type}");
        let body = "{\"name\": \"Mía\"}";
        let answer = victim.send(By::Cookie, "POST", "/children", &[&line], body).await;
        assert_eq!(answer.status, 201, "{content_type}: {}", answer.text);
    }
}

/// The mutations take no body: a content type or a length of zero is no error.
#[tokio::test]
async fn an_empty_body_needs_no_type() {
    let victim = Victim::new(|_| {}).await;
    let path = activate_path(&victim.family.child, &victim.family.task);
    let form = format!("Content-Type: {FORM}");
    let utf8 = "Content-Type: application/json; charset=utf-8";
    for (lines, body) in [(&[][..], ""), (&[JSON], ""), (&[&form], ""), (&[utf8], "{}")] {
        victim.send(By::Cookie, "POST", &path, lines, body).await.expect(200);
    }
    let mut wire = Wire::connect(&victim.server).await;
    wire.exchange(victim.session.head("POST", &path, &[])).await.expect(200);
    assert_eq!(victim.family.parent.points(&victim.family.child).await, 75);
}

/// A chunked body does not declare its length.
#[tokio::test]
async fn a_chunked_body_of_another_type_is_rejected() {
    let victim = Victim::new(|_| {}).await;
    let path = activate_path(&victim.family.child, &victim.family.task);
    for path in [&*path, "/children"] {
        let lines = ["Content-Type: text/plain", "Transfer-Encoding: chunked"];
        let request = victim.session.head("POST", path, &lines) + "2\r\n{}\r\n0\r\n\r\n";
        let answer = Wire::connect(&victim.server).await.exchange(request).await;
        assert_refusal(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(victim.family.parent.points(&victim.family.child).await, 50);
}

#[tokio::test]
async fn a_foreign_form_is_rejected_for_its_origin_first() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    for body in ["", "a=b"] {
        let request = family.parent.request(Method::POST, &path).body(body);
        let headers = [("Origin", "https://evil.example"), ("Content-Type", FORM)];
        assert_error(&send(with(request, &headers)).await, 403, "FOREIGN_ORIGIN");
    }
}
