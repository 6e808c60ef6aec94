//! The history of a family, and the progress of a child.

use super::{between, open, show, submit};
use crate::harness::{Family, TestServer};
use crate::households::Household;

fn lines(page: &str) -> usize {
    page.matches("<li class=\"row line\"").count()
}

#[tokio::test]
async fn the_history_has_filters_pages_and_files() {
    let server = TestServer::start().await;
    let Family { parent, child, task, .. } = server.family().await;
    let (leo, penalty) = (parent.child("Leo", 9).await, parent.penalty("Shouting", 3).await);
    let empty = server.parent().await;
    assert!(show(&empty, "/app/history").await.contains("Nothing has happened yet."));
    for _ in 0..51 {
        parent.activate(&child, &task).await.expect(200);
    }
    parent.activate(&leo, &penalty).await.expect(200);
    let page = show(&parent, "/app/history").await;
    assert!(lines(&page) == 50 && page.contains("52 entries"), "{page}");
    assert!(page.contains("Page 1 of 2") && page.contains("<strong>Leo</strong>"), "{page}");
    let older = between(&page, "rel=\"next\" href=\"", "\"");
    let page = show(&parent, older).await;
    assert_eq!((lines(&page), page.contains("rel=\"prev\"")), (2, true), "{page}");
    let page = show(&parent, &format!("/app/history?of={leo}&kind=&from=&to=")).await;
    assert_eq!((lines(&page), page.contains("1 entry")), (1, true), "{page}");
    let file = between(&page, "href=\"/children/", "\"").replace("&#38;", "&");
    let file = parent.get(&format!("/children/{file}")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(file.text.lines().count() == 2, "{}", file.text);
    let page = show(&parent, "/app/history?kind=reward").await;
    assert!(page.contains("Nothing matches these filters."), "{page}");
    let page = show(&parent, "/app/history?kind=penalty&from=2000-01-01&to=2199-12-31").await;
    assert_eq!(lines(&page), 1, "{page}");
    assert_eq!(lines(&show(&parent, "/app/history?to=2000-01-01").await), 0);
    let wrong = open(&parent, "/app/history?from=yesterday").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    assert!(wrong.text.contains("This is not a date."), "{}", wrong.text);
    assert_eq!(lines(&show(&empty, &format!("/app/history?of={leo}")).await), 0, "another family");
}

#[tokio::test]
async fn a_line_is_undone_and_linked_and_the_filters_stay() {
    let server = TestServer::start().await;
    let Family { parent, child, task, .. } = server.family().await;
    parent.activate(&child, &task).await.expect(200);
    let here = format!("/app/children/{child}/history?kind=task");
    let page = show(&parent, &here).await;
    let form = between(&page, "data-stay>", "</form>");
    let value = |name: &str| between(form, &format!("name=\"{name}\" value=\""), "\"");
    let event = value("event_id").to_owned();
    assert_eq!(value("next"), here);
    let fields = [("key", value("key")), ("event_id", &event), ("next", &here)];
    let page = submit(&parent, &format!("/app/children/{child}/undo"), &fields).await.text;
    assert!(page.contains("<option value=\"task\" selected>"), "{page}");
    assert!(page.contains("id=\"snack\""), "{page}");
    let reversed = between(&page, &format!("id=\"event-{event}\""), "</li>");
    assert!(reversed.contains("<s class=\"reversed\">"), "{page}");
    let reversal = between(reversed, "href=\"#event-", "\"");
    let undone = between(&page, &format!("id=\"event-{reversal}\""), "</li>");
    assert!(undone.contains(&format!("href=\"#event-{event}\"")), "{page}");
    assert_eq!(page.matches("/undo\"").count(), 0, "nothing is left to undo: {page}");
    // An event of another page has an address of its own.
    let one = format!("/app/children/{child}/history?event={event}");
    assert_eq!(lines(&show(&parent, &one).await), 1);
    let none = format!("/app/children/{child}/history?event=x");
    assert!(show(&parent, &none).await.contains("Nothing matches these filters."));
}

#[tokio::test]
async fn the_history_of_the_family_and_the_progress_are_for_parents() {
    let server = TestServer::start().await;
    let house = Household::new(&server, "helper").await;
    let child = &house.family.child;
    let stranger = server.parent().await;
    for path in ["/app/history".to_owned(), format!("/app/children/{child}/progress")] {
        assert_eq!(open(&house.member, &path).await.status, 403, "{path}");
        assert!(show(&server.nobody(), &path).await.contains("<h1>Sign in</h1>"), "{path}");
    }
    let history = format!("/app/children/{child}/history");
    house.family.parent.activate(child, &house.family.task).await.expect(200);
    let page = show(&house.member, &history).await;
    assert!(lines(&page) == 1 && !page.contains("/tracking/export"), "{page}");
    for path in [history, format!("/app/children/{child}/progress")] {
        assert_eq!(open(&stranger, &path).await.status, 404, "{path}");
    }
    let own = show(&house.member, &format!("/app/children/{child}")).await;
    assert!(own.contains("/history\"") && !own.contains("/progress\""), "{own}");
    assert!(!own.contains("/devices\"") && !own.contains("/hand-over\""), "{own}");
}

#[tokio::test]
async fn the_progress_has_figures_charts_and_certificates() {
    let server = TestServer::start().await;
    let Family { parent, child, task, reward, .. } = server.family().await;
    let path = format!("/app/children/{child}/progress");
    let start = show(&parent, &path).await;
    assert!(start.contains("No badge yet.") && !start.contains("id=\"ranking\""), "{start}");
    for _ in 0..20 {
        parent.activate(&child, &task).await.expect(200);
    }
    parent.redeem(&child, &reward).await.expect(200);
    let leo = parent.child("<i>Leo</i>", 0).await;
    parent.activate(&leo, &task).await.expect(200);
    let page = show(&parent, &path).await;
    let figures = between(&page, "<tbody>", "</tbody>");
    assert!(figures.contains(">20<"), "{page}");
    for chart in ["balance", "sums"] {
        let chart =
            between(&page, &format!("<figure class=\"figure\" id=\"{chart}\""), "</figure>");
        assert!(chart.contains("<svg") && chart.contains("<title"), "{page}");
        assert!(chart.contains("<table>") && !chart.contains("style="), "{page}");
    }
    assert_eq!(page.matches("<rect class=\"series-0\" x=").count(), 12, "{page}");
    let months = show(&parent, &format!("{path}?by=month")).await;
    assert!(months.contains("Points by month"), "{months}");
    let ranking = between(&page, "id=\"ranking\"", "</ol>");
    assert!(ranking.contains("&#60;i&#62;Leo&#60;/i&#62;"), "{page}");
    let mut certificates: Vec<&str> = page
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| link.contains("/certificates/"))
        .collect();
    certificates.dedup();
    assert!(certificates.len() >= 3, "{page}");
    for link in certificates {
        assert_eq!(parent.get(link).await.status, 200, "{link}");
    }
}
