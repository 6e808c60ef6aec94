//! The first steps of a family: a child, and a task and a reward of the library.

use reqwest::Method;

use super::{between, field, only, show, submit};
use crate::harness::{Client, TestServer, send};

/// The fields of the form with a name.
fn suggestion(page: &str, name: &str) -> Vec<(String, String)> {
    let mut forms = page.split("<form").skip(1).filter_map(|it| it.split("</form>").next());
    let form = forms.find(|form| form.contains(&format!("value=\"{name}\""))).unwrap();
    let inputs = form.split("<input").skip(1);
    inputs.map(|input| (between(input, "name=\"", "\"").into(), field_value(input))).collect()
}

fn field_value(input: &str) -> String {
    between(input, "value=\"", "\"").to_owned()
}

async fn add(parent: &Client, path: &str, name: &str) -> String {
    let page = show(parent, path).await;
    assert!(page.contains("id=\"library\" open"), "{page}");
    let fields = suggestion(&page, name);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let to = path.split('?').next().unwrap();
    let answer = submit(parent, to, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

#[tokio::test]
async fn a_family_begins_with_three_steps() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let home = show(&parent, "/app").await;
    for step in ["children", "tasks", "rewards"] {
        assert!(home.contains(&format!("href=\"/app/{step}/new?next=/app\"")), "{home}");
    }
    let page = show(&parent, "/app/children/new?next=/app").await;
    let child =
        [("key", field(&page, "key")), ("next", field(&page, "next")), ("name", "A".into())];
    let child: Vec<(&str, &str)> = child.iter().map(|(name, value)| (*name, &**value)).collect();
    let home = submit(&parent, "/app/children/new", &child).await.text;
    assert_eq!(home.matches("<a class=\"button second\"").count(), 2, "{home}");
    let home = add(&parent, "/app/tasks/new?next=/app", "Make the bed").await;
    assert!(home.contains("id=\"steps\""), "{home}");
    let home = add(&parent, "/app/rewards/new?next=/app", "Ice cream").await;
    assert!(home.contains("id=\"inbox\"") && !home.contains("id=\"steps\""), "{home}");
    let (task, reward) = (only(&parent, "tasks").await, only(&parent, "rewards").await);
    assert_eq!((&task["icon"], &task["points"]), (&"bed".into(), &3.into()));
    assert_eq!((&reward["icon"], &reward["cost"]), (&"ice_cream".into(), &15.into()));
}

#[tokio::test]
async fn several_are_added_one_after_the_other() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let page = add(&parent, "/app/tasks/new", "Shouting").await;
    assert!(page.contains("<h1>Add a task or a penalty</h1>"), "{page}");
    let form = between(&page, "value=\"Shouting\"", "</form>");
    assert!(form.contains("disabled") && form.contains("added"), "{form}");
    assert_eq!(only(&parent, "tasks").await["is_good"], false);
    let request = parent.request(Method::GET, "/app/rewards/new").header("Accept", "text/html");
    let german = send(request.header("Accept-Language", "de")).await.text;
    assert!(german.contains("30 Minuten länger aufbleiben"), "{german}");
}
