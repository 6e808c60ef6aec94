//! Concurrent requests lead to one consistent history. `tests/torture` tests this at random for
//! longer.

use futures_util::future::join_all;

use crate::harness::{Answer, Settings, TestServer, assert_error, text};

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn a_double_click_requests_once_and_cancels_once() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let asked = join_all((0..8).map(|_| child.ask_for(&family.child, &family.reward))).await;
    assert_eq!((count(&asked, 200), count(&asked, 409)), (1, 7));
    let cancelled = join_all((0..8).map(|_| child.cancel(&family.child, &family.reward))).await;
    assert_eq!((count(&cancelled, 200), count(&cancelled, 409)), (1, 7));
    assert_eq!(server.folders.events().len(), 2);
}

#[tokio::test]
async fn a_redeem_and_a_cancel_at_once_end_one_request_once() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, child, reward) = (&family.parent, &family.child, &family.reward);
    let mut points = 50;
    for _ in 0..2 {
        parent.ask_for(child, reward).await.expect(200);
        let both = tokio::join!(parent.redeem(child, reward), parent.cancel(child, reward));
        assert_eq!(both.0.status, 200, "a redeem needs no request");
        points -= 20;
        // The cancellation came first, or found no request.
        if both.1.status != 200 {
            assert_error(&both.1, 409, "NO_PENDING_REQUEST");
        }
        let pending = parent.get("/rewards/pending").await.expect(200);
        assert_eq!(pending["pending_rewards"].as_array().unwrap().len(), 0);
    }
    assert_eq!(parent.points(child).await, points);
}

#[tokio::test]
async fn of_64_redeems_on_two_servers_one_is_paid_for() {
    let [one, other] = TestServer::two(Settings::default()).await;
    let parent = one.parent().await;
    let (child, reward) = (parent.child("Mía", 50).await, parent.reward("Bicycle", 50).await);
    let parents = [parent.beside(&other.nobody()), parent];
    let all = (0..64).map(|number| parents[number % 2].redeem(&child, &reward));
    let answers = join_all(all).await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 63));
    for parent in &parents {
        assert_eq!(parent.points(&child).await, 0);
    }
    assert_eq!(one.folders.events().len(), 1);
}

#[tokio::test]
async fn two_parents_and_a_child_create_one_history() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let other_browser = server.nobody();
    crate::harness::log_in(&other_browser, &family.parent.email, crate::harness::PASSWORD)
        .await
        .expect(200);
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let given = join_all((0..20).map(|_| family.parent.activate(&family.child, &family.task)));
    let taken = join_all((0..20).map(|_| other_browser.activate(&family.child, &family.penalty)));
    let asked = join_all((0..5).map(|_| child.ask_for(&family.child, &family.reward)));
    let (given, taken, asked) = tokio::join!(given, taken, asked);
    assert_eq!((count(&given, 200), count(&taken, 200)), (20, 20));
    assert!(count(&asked, 200) <= 1);

    let events = server.folders.events();
    assert_eq!(events.len(), 40 + count(&asked, 200));
    let mut points = 50;
    for event in &events {
        assert_eq!(event["points_before"], points, "{event}");
        points = event["points_after"].as_i64().unwrap();
    }
    assert_eq!(family.parent.points(&family.child).await, points);
    let logged = crate::harness::event_ids(&server.folders.log_lines(&family.parent.id));
    let recorded: Vec<String> = events.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(logged, recorded, "the log has the same order");
}

#[tokio::test]
async fn simultaneous_sign_ups_create_one_account() {
    let server = TestServer::start().await;
    let account = serde_json::json!({
        "first_name": "Zoë", "last_name": "Twice", "email": "twice@example.org",
        "password": crate::harness::PASSWORD,
    });
    let browsers: Vec<_> = (0..4).map(|_| server.nobody()).collect();
    let all = browsers.iter().map(|browser| browser.post("/auth/signup", account.clone()));
    let answers = join_all(all).await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 3));
}
