//! The pages of a child.

use serde_json::json;

use super::{between, open, show, submit};
use crate::harness::{Client, Family, Parent, TestServer};

const PAGES: [&str; 4] =
    ["/app/child", "/app/child/rewards", "/app/child/badges", "/app/child/history"];

/// A child that uses a device of its own.
async fn child_of(server: &TestServer, parent: &Parent, child: &str) -> Client {
    parent.hand_over(server.nobody(), child).await.0
}

/// The tile of a task.
fn tile<'a>(page: &'a str, task: &str) -> &'a str {
    between(page, &format!("id=\"task-{task}\""), "</li>")
}

fn value<'a>(form: &'a str, name: &str) -> &'a str {
    between(form, &format!("name=\"{name}\" value=\""), "\"")
}

#[tokio::test]
async fn only_a_child_opens_its_pages() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 12).await;
    let tablet = child_of(&server, &parent, &child).await;
    for path in PAGES {
        let page = show(&tablet, path).await;
        assert!(page.contains("data-points=\"12\"") && page.contains("Mía"), "{path}: {page}");
        assert!(!page.contains("/app/account") && !page.contains("/app/children/"), "{page}");
        let of_parent = show(&parent, path).await;
        assert!(of_parent.contains("id=\"inbox\""), "the parent's page: {of_parent}");
        let nobody = show(&server.nobody(), path).await;
        assert!(nobody.contains("<h1>Sign in</h1>"), "{nobody}");
    }
    let fields = [("task_id", "x")];
    let refused = submit(&parent, "/app/child/claim", &fields).await;
    assert!(refused.text.contains("id=\"inbox\""), "{}", refused.text);
}

#[tokio::test]
async fn a_child_gets_its_own_page_instead_of_one_of_an_adult() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 0).await;
    let tablet = child_of(&server, &parent, &child).await;
    let of_child = ["", "/history", "/progress", "/devices", "/hand-over"];
    let of_child = of_child.map(|page| format!("/app/children/{child}{page}"));
    for path in of_child.into_iter().chain(["/app".into(), "/app/history".into()]) {
        let page = show(&tablet, &path).await;
        assert!(page.contains("id=\"streak\""), "{path}: {page}");
    }
    let hand_over = format!("/app/children/{child}/hand-over");
    assert_eq!(submit(&tablet, &hand_over, &[]).await.status, 403);
    // A parent can sign in on the child's device.
    assert!(show(&tablet, "/sign-in").await.contains("<h1>Sign in</h1>"));
}

#[tokio::test]
async fn a_tap_claims_a_task_and_another_one_withdraws_it() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let (child, task) = (parent.child("Mía", 0).await, parent.task("Dishes", 5).await);
    let penalty = parent.penalty("Shouting", 3).await;
    let tablet = child_of(&server, &parent, &child).await;
    let page = show(&tablet, "/app/child").await;
    assert!(tile(&page, &penalty).is_empty(), "{page}");
    let open_tile = tile(&page, &task);
    assert!(open_tile.contains("tile open") && open_tile.contains("+5"), "{open_tile}");
    let fields = [("key", value(open_tile, "key")), ("task_id", task.as_str())];
    let page = submit(&tablet, "/app/child/claim", &fields).await.text;
    let waiting = tile(&page, &task).to_owned();
    assert!(waiting.contains("Waiting for your parents"), "{page}");
    let again = submit(&tablet, "/app/child/claim", &fields).await;
    assert_eq!((again.status, tile(&again.text, &task).contains("waiting")), (200, true));
    let request = value(&waiting, "request_id");
    let fields = [("task_id", task.as_str()), ("request_id", request)];
    let page = submit(&tablet, "/app/child/withdraw", &fields).await.text;
    assert!(tile(&page, &task).contains("tile open"), "{page}");
    assert!(page.contains("Taken back: Dishes") && page.contains(", you</p>"), "{page}");
    let late = submit(&tablet, "/app/child/withdraw", &fields).await;
    assert_eq!(late.status, 409, "{}", late.text);
}

#[tokio::test]
async fn a_tile_says_why_a_task_was_not_approved_and_when_it_is_possible_again() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let (child, task) = (parent.child("Mía", 0).await, parent.task("Dishes", 5).await);
    let daily = json!({"name": "Bed", "points": 1, "limit": {"count": 1, "per": "day"}});
    let daily = parent.post("/tasks", daily).await.expect(201)["task"]["id"].clone();
    let daily = daily.as_str().unwrap();
    let hidden = json!({"name": "Secret", "points": 1, "requestable": false});
    let hidden = parent.post("/tasks", hidden).await.expect(201)["task"]["id"].clone();
    let tablet = child_of(&server, &parent, &child).await;
    submit(&tablet, "/app/child/claim", &[("task_id", &task)]).await;
    let reason = json!({"note": "Still <dirty>"});
    let path = format!("/children/{child}/tasks/{task}/cancel");
    parent.post(&path, reason).await.expect(200);
    parent.activate(&child, daily).await.expect(200);
    let page = show(&tablet, "/app/child").await;
    let rejected = tile(&page, &task);
    assert!(rejected.contains("not approved: Still &#60;dirty&#62;"), "{page}");
    assert!(rejected.contains("tile rejected") && !rejected.contains("disabled"), "{rejected}");
    let done = tile(&page, daily);
    assert!(done.contains("again tomorrow") && done.contains("disabled"), "{done}");
    assert!(tile(&page, hidden.as_str().unwrap()).is_empty(), "{page}");
    let refused = submit(&tablet, "/app/child/claim", &[("task_id", daily)]).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
}

#[tokio::test]
async fn what_is_due_today_comes_first_with_its_state() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 0).await;
    let new = async |name: &str, fields: serde_json::Value| {
        let mut task =
            json!({"name": name, "points": 2, "schedule": {"who": "all", "every": "day"}});
        for (name, value) in fields.as_object().unwrap() {
            task[name] = value.clone();
        }
        let task = parent.post("/tasks", task).await.expect(201);
        task["task"]["id"].as_str().unwrap().to_owned()
    };
    let teeth = new("Teeth", json!({})).await;
    let bed = new("Bed", json!({})).await;
    let piano = new("Piano", json!({"requestable": false})).await;
    let tablet = child_of(&server, &parent, &child).await;
    parent.activate(&child, &bed).await.expect(200);
    let page = show(&tablet, "/app/child").await;
    let today = between(&page, "id=\"due\"", "</ul>");
    assert!(tile(today, &teeth).contains("for today"), "{page}");
    assert!(tile(today, &bed).contains("tile done"), "{page}");
    assert!(tile(today, &piano).contains("your parents enter this"), "{page}");
    assert!(page.contains("1 of 3 done"), "{page}");
    // The streak: one day counts, with a text for those who do not see the dots.
    let week = between(&page, "dots\"", "</ol>");
    assert_eq!(week.matches("<li").count(), 7, "{week}");
    assert_eq!(week.matches("dot counts\" aria-current=\"date\"").count(), 1, "{week}");
    assert!(week.contains("day: counts</span>"), "{week}");
    assert!(page.contains("1 day in a row"), "{page}");
}

#[tokio::test]
async fn rewards_are_requested_taken_back_and_saved_for() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 12).await;
    let (ice, zoo) = (parent.reward("Ice", 10).await, parent.reward("Zoo", 24).await);
    let tablet = child_of(&server, &parent, &child).await;
    let card = |page: &str, reward: &str| {
        between(page, &format!("id=\"reward-{reward}\""), "</li>").to_owned()
    };
    let page = show(&tablet, "/app/child/rewards").await;
    assert!(card(&page, &zoo).contains("you need 12 more points"), "{page}");
    assert!(card(&page, &zoo).contains("max=\"24\" value=\"12\""), "{page}");
    assert!(!card(&page, &zoo).contains("/rewards/request"), "{page}");
    let fields = [("reward_id", ice.as_str())];
    let page = submit(&tablet, "/app/child/rewards/request", &fields).await.text;
    assert!(card(&page, &ice).contains("Waiting for your parents"), "{page}");
    assert!(page.contains("10 points reserved"), "{page}");
    let page = submit(&tablet, "/app/child/rewards/withdraw", &fields).await.text;
    assert!(card(&page, &ice).contains("/rewards/request"), "{page}");
    let refused = submit(&tablet, "/app/child/rewards/request", &[("reward_id", &zoo)]).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let page = submit(&tablet, "/app/child/goal", &[("reward_id", &zoo)]).await.text;
    assert!(page.find(&zoo) < page.find(&ice), "the goal is first: {page}");
    let today = show(&tablet, "/app/child").await;
    let goal = between(&today, "id=\"goal\"", "</section>");
    assert!(goal.contains("Zoo") && goal.contains("you need 12 more points"), "{goal}");
    submit(&tablet, "/app/child/goal", &[("reward_id", "")]).await;
    let today = show(&tablet, "/app/child").await;
    assert!(today.contains("Choose a reward to save for."), "{today}");
    let foreign = server.family().await;
    for reward in [foreign.reward.as_str(), "x"] {
        let refused = submit(&tablet, "/app/child/goal", &[("reward_id", reward)]).await;
        assert_eq!(refused.status, 404, "{reward}");
    }
}

#[tokio::test]
async fn badges_are_earned_in_colour_and_missing_in_grey() {
    let server = TestServer::start().await;
    let Family { parent, child, task, .. } = server.family().await;
    let tablet = child_of(&server, &parent, &child).await;
    let page = show(&tablet, "/app/child/badges").await;
    assert!(page.contains("You have no badge yet."), "{page}");
    parent.activate(&child, &task).await.expect(200);
    let page = show(&tablet, "/app/child/badges").await;
    let earned = between(&page, "badges earned", "</ul>");
    assert!(earned.contains("First steps"), "{page}");
    assert!(earned.contains("/badge-images/tasks_done-1.svg"), "{page}");
    let picture = tablet.get("/badge-images/tasks_done-1.svg").await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    let missing = between(&page, "badges missing", "</ul>");
    assert!(missing.contains("<progress"), "{page}");
    assert!(page.contains("Your rank: ") && page.contains(" until "), "{page}");
    let today = show(&tablet, "/app/child").await;
    assert!(today.contains("Your newest badge: "), "{today}");
}

#[tokio::test]
async fn a_child_reads_its_history_in_its_words_and_undoes_nothing() {
    let server = TestServer::start().await;
    let Family { parent, child, task, .. } = server.family().await;
    let sibling = parent.child("Leo", 0).await;
    parent.activate(&sibling, &task).await.expect(200);
    let tablet = child_of(&server, &parent, &child).await;
    let mut last = String::new();
    for _ in 0..51 {
        let done = parent.activate(&child, &task).await.expect(200);
        last = done["tracking_event"]["id"].as_str().unwrap().to_owned();
    }
    parent.act(&format!("/children/{child}/tracking/{last}/reverse")).await.expect(200);
    let page = show(&tablet, "/app/child/history").await;
    assert_eq!(page.matches("<li class=\"row line\"").count(), 50, "{page}");
    assert!(page.contains("your parents") && page.contains("Undone: "), "{page}");
    assert!(page.contains("<s class=\"reversed\">"), "{page}");
    assert!(!page.contains("/undo\"") && !page.contains("Leo"), "{page}");
    let older = between(&page, "rel=\"next\" href=\"", "\"");
    let page = show(&tablet, older).await;
    assert_eq!(page.matches("<li class=\"row line\"").count(), 2, "{page}");
}

#[tokio::test]
async fn markup_in_names_is_text_for_a_child() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let hostile = "<img src=x onerror=alert(1)>\"'&";
    let child = parent.child(hostile, 50).await;
    let task = parent.task(hostile, 5).await;
    let reward = parent.reward(hostile, 500).await;
    let badge = json!({"name": hostile, "metric": "tasks_done", "thresholds": [1]});
    parent.post("/badges", badge).await.expect(201);
    parent.activate(&child, &task).await.expect(200);
    let tablet = child_of(&server, &parent, &child).await;
    submit(&tablet, "/app/child/goal", &[("reward_id", &reward)]).await;
    for path in PAGES {
        let page = show(&tablet, path).await;
        assert!(!page.contains("<img src=x"), "{path}: {page}");
        assert!(page.contains("&#60;img src=x onerror=alert(1)&#62;"), "{path}: {page}");
    }
    assert_eq!(open(&tablet, "/app/child/nowhere").await.status, 404);
}
