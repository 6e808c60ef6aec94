//! Certificates: what they say, and to whom.

use serde_json::json;

use crate::harness::{
    Answer, DAY, Family, Hand, PASSWORD, Settings, TestServer, assert_error, log_in, reverse_path,
    send, text,
};

fn path(child: &str, kind: &str, id: &str) -> String {
    format!("/children/{child}/certificates/{kind}/{id}")
}

/// The text of a page without its markup.
fn words(page: &Answer) -> String {
    let (_, body) = page.text.split_once("<body>").unwrap();
    let parts = body.split('<').filter_map(|part| part.split_once('>'));
    parts.flat_map(|(_, text)| text.split_whitespace()).collect::<Vec<_>>().join(" ")
}

/// A family with a day of 11 tasks, and its month.
async fn with_a_good_day(server: &TestServer) -> (Family, String) {
    let family = server.family().await;
    let mut last = String::new();
    for _ in 0..11 {
        last = text(&family.event().await["occurred_at"]);
    }
    (family, last[..7].to_owned())
}

#[tokio::test]
async fn a_child_has_certificates_of_its_months_and_ranks() {
    let (clock, machine) = Hand::new();
    let mut server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (family, month) = with_a_good_day(&server).await;
    let (parent, child) = (&family.parent, &family.child);
    let page = parent.get(&path(child, "month", &month)).await;
    assert_eq!(page.status, 200);
    assert!(words(&page).contains("11 tasks done · 55 points earned"), "{}", words(&page));
    assert!(words(&page).starts_with("Certificate Mía has achieved this in"), "{}", words(&page));
    for absent in ["2020-01", "2999-01", "2026", "2026-02-09", "2026-13"] {
        let answer = parent.get(&path(child, "month", absent)).await;
        assert_error(&answer, 404, "NOT_FOUND");
    }
    // 55 points are enough for the second rank.
    let page = parent.get(&path(child, "rank", "2")).await;
    assert!(words(&page).contains("has reached the rank Helper 50 points earned"), "{}", page.text);
    for absent in ["0", "3", "02", "-1", "x", "99999999999999999999"] {
        assert_error(&parent.get(&path(child, "rank", absent)).await, 404, "NOT_FOUND");
    }
    assert_error(&parent.get(&path(child, "star", "1")).await, 404, "NOT_FOUND");
    // A rank keeps the day on which the child reached it.
    clock.forward(40 * DAY);
    log_in(parent, &parent.email, PASSWORD).await.expect(200);
    let later = parent.get(&path(child, "rank", "2")).await;
    assert_eq!(later.text, page.text);
    server.restart().await;
    assert_eq!(parent.get(&path(child, "rank", "2")).await.text, page.text);
}

#[tokio::test]
async fn a_badge_has_a_certificate_until_it_is_revoked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let first = path(child, "badge", "first-steps.1");
    assert_error(&parent.get(&first).await, 404, "NOT_FOUND");
    let event = text(&family.event().await["id"]);
    let page = parent.get(&first).await;
    // A badge with one grade does not name it.
    assert!(words(&page).contains("has earned the badge First steps 1 task done"), "{}", page.text);
    assert!(page.text.contains("<svg"), "its picture");
    for absent in ["first-steps.2", "first-steps", "rank.1", "nothing"] {
        assert_error(&parent.get(&path(child, "badge", absent)).await, 404, "NOT_FOUND");
    }
    parent.act(&reverse_path(child, &event)).await.expect(200);
    assert_error(&parent.get(&first).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_reversal_takes_a_rank_away() {
    let server = TestServer::start().await;
    let (family, _) = with_a_good_day(&server).await;
    let (parent, child) = (&family.parent, &family.child);
    let newest = parent.get(&format!("/children/{child}/tracking?limit=2")).await.expect(200);
    for event in newest["tracking_events"].as_array().unwrap() {
        parent.act(&reverse_path(child, &text(&event["id"]))).await.expect(200);
    }
    assert_error(&parent.get(&path(child, "rank", "2")).await, 404, "NOT_FOUND");
    assert_eq!(parent.get(&path(child, "rank", "1")).await.status, 200);
}

#[tokio::test]
async fn only_the_family_sees_certificates() {
    let server = TestServer::start().await;
    let (family, month) = with_a_good_day(&server).await;
    let own = path(&family.child, "month", &month);
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    assert_eq!(child.get(&own).await.status, 200);
    let sibling = family.parent.child("Tom", 0).await;
    assert_error(&child.get(&path(&sibling, "month", &month)).await, 404, "NOT_FOUND");
    assert_error(&server.parent().await.get(&own).await, 404, "NOT_FOUND");
    assert_error(&server.nobody().get(&own).await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_language_is_that_of_the_account_or_the_browser() {
    let server = TestServer::start().await;
    let (family, month) = with_a_good_day(&server).await;
    let parent = &family.parent;
    let asked = async |kind: &str, id: &str, languages: &str| {
        let request = parent.request(reqwest::Method::GET, &path(&family.child, kind, id));
        words(&send(request.header("Accept-Language", languages)).await)
    };
    assert!(asked("rank", "2", "de-AT,en;q=0.5").await.contains("Helfer 50 Punkte verdient"));
    assert!(asked("month", &month, "fr").await.starts_with("Certificate"));
    parent.patch("/user", json!({"language": "de"})).await.expect(200);
    assert!(asked("month", &month, "en").await.starts_with("Urkunde"));
    parent.patch("/user", json!({"language": "ja"})).await.expect(200);
    assert!(asked("month", &month, "de").await.starts_with("Urkunde"));
    // A family's own ranks are not translated.
    let ranks = json!({"ranks": [{"name": "Helper", "threshold": 0}]});
    parent.put("/family/settings", ranks).await.expect(200);
    assert!(asked("rank", "1", "de").await.contains("Rang erreicht Helper"));
}

#[tokio::test]
async fn names_are_no_markup() {
    let server = TestServer::start().await;
    let (family, month) = with_a_good_day(&server).await;
    let name = "<script>alert(1)</script> & \"Zoë\"";
    family
        .parent
        .patch(&format!("/children/{}", family.child), json!({"name": name}))
        .await
        .expect(200);
    let page = family.parent.get(&path(&family.child, "month", &month)).await;
    assert!(!page.text.contains("<script"), "{}", page.text);
    assert!(page.text.contains("&#60;script&#62;"), "{}", page.text);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
}
