//! Which forms the server accepts.

use reqwest::Method;

use crate::harness::{Answer, Client, Parent, TestServer, send};

const FORM: &str = "application/x-www-form-urlencoded";

/// Posts an activation with these headers.
async fn post(client: &Client, path: &str, task: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(Method::POST, path).body(format!("task_id={task}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request).await
}

async fn at_home(server: &TestServer) -> (Parent, String, String, String) {
    let parent = server.parent().await;
    let (child, task) = (parent.child("Mía", 0).await, parent.task("Dishes", 5).await);
    let path = format!("/app/children/{child}/activate");
    (parent, child, task, path)
}

#[tokio::test]
async fn only_forms_of_the_own_pages_are_accepted() {
    let server = TestServer::start().await;
    let (parent, child, task, path) = at_home(&server).await;
    let own = format!("http://{}", server.socket_address());
    let kind = ("content-type", FORM);
    let accepted = [
        vec![kind, ("sec-fetch-site", "same-origin")],
        vec![kind, ("origin", own.as_str())],
        vec![
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("origin", &own),
        ],
    ];
    for headers in &accepted {
        assert_eq!(post(&parent, &path, &task, headers).await.status, 200, "{headers:?}");
    }
    assert_eq!(parent.points(&child).await, 15);
    let refused = [
        vec![kind],
        vec![kind, ("origin", "null")],
        vec![kind, ("origin", "http://evil.example.org")],
        vec![kind, ("sec-fetch-site", "same-site"), ("origin", own.as_str())],
        vec![kind, ("sec-fetch-site", "cross-site")],
        vec![kind, ("sec-fetch-site", "none")],
    ];
    for headers in &refused {
        let page = post(&parent, &path, &task, headers).await;
        assert_eq!(page.status, 403, "{headers:?}");
        assert!(page.text.contains("was not sent by a page of this server"), "{}", page.text);
        let page = post(&server.nobody(), "/sign-in", &task, headers).await;
        assert_eq!(page.status, 403, "{headers:?} without a session");
    }
    for kind in ["application/json", "text/plain", "multipart/form-data"] {
        let headers = [("content-type", kind), ("origin", own.as_str())];
        assert_eq!(post(&parent, &path, &task, &headers).await.status, 415, "{kind}");
    }
    assert_eq!(parent.points(&child).await, 15);
}

#[tokio::test]
async fn forms_do_not_reach_the_api() {
    let server = TestServer::start().await;
    let (parent, child, task, _) = at_home(&server).await;
    let own = format!("http://{}", server.socket_address());
    let path = format!("/children/{child}/tasks/{task}/activate");
    let headers = [("content-type", FORM), ("origin", own.as_str())];
    assert_eq!(post(&parent, &path, &task, &headers).await.status, 415);
    assert_eq!(parent.points(&child).await, 0);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_counts_once() {
    let server = TestServer::start().await;
    let (parent, child, task, path) = at_home(&server).await;
    let other = parent.task("Homework", 3).await;
    let send = async |task: &str| {
        super::submit(&parent, &path, &[("key", "form-1"), ("task_id", task), ("next", "/app")])
            .await
    };
    for _ in 0..2 {
        let page = send(&task).await;
        assert!(page.text.contains("Done: Dishes"), "{}", page.text);
    }
    assert_eq!(parent.points(&child).await, 5);
    // The form was changed after the way back in the browser.
    let page = send(&other).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(page.text.contains("This form was sent already"), "{}", page.text);
    assert_eq!(parent.points(&child).await, 5);
}

#[tokio::test]
async fn a_large_form_is_refused() {
    let server = TestServer::start().await;
    let (parent, _, _, path) = at_home(&server).await;
    let large = "x".repeat(2 << 20);
    let page = super::submit(&parent, &path, &[("task_id", &large)]).await;
    assert_eq!(page.status, 413, "{}", page.text);
}
