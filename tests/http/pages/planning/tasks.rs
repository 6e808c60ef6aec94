//! The forms of tasks and rewards.

use serde_json::{Value, json};

use super::{assert_refused, assert_saved, between, field, only, open, show, submit};
use crate::harness::{Parent, TestServer, text};

/// What the form sends for a task without a schedule.
const TASK: [(&str, &str); 7] = [
    ("name", "Dishes"),
    ("points", "5"),
    ("is_good", "true"),
    ("icon", "dishes"),
    ("requestable", "false"),
    ("limit_count", ""),
    ("limit_per", "day"),
];

async fn task(parent: &Parent) -> (String, Value) {
    let task = only(parent, "tasks").await;
    (format!("/app/tasks/{}", text(&task["id"])), task)
}

#[tokio::test]
async fn a_task_is_created_listed_edited_and_deleted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let page = show(&parent, "/app/tasks").await;
    assert!(page.contains("There are no tasks yet."), "{page}");
    let key = field(&show(&parent, "/app/tasks/new").await, "key");
    let new = [&TASK[..], &[("key", key.as_str()), ("next", "/app/tasks"), ("limit_count", "2")]]
        .concat();
    for _ in 0..2 {
        let list = submit(&parent, "/app/tasks/new", &new).await;
        assert!(list.text.contains("at most 2 × a day · recorded by parents"), "{}", list.text);
    }
    let (here, created) = task(&parent).await;
    assert_eq!(created["limit"], json!({"count": 2, "per": "day"}));
    assert_eq!((&created["requestable"], &created["schedule"]), (&false.into(), &Value::Null));
    let page = show(&parent, &here).await;
    assert!(page.contains("name=\"limit_count\" min=\"1\" max=\"100\" value=\"2\""), "{page}");
    assert!(page.contains("value=\"dishes\" aria-label=\"Dishes\" checked"), "{page}");
    let update = [&TASK[..], &[("requestable", "true"), ("icon", ""), ("points", "6")]].concat();
    assert_saved(&submit(&parent, &here, &update).await);
    let (_, updated) = task(&parent).await;
    assert_eq!((&updated["points"], &updated["requestable"]), (&6.into(), &true.into()));
    assert!(updated["icon"].is_null() && updated["limit"].is_null(), "{updated}");
    assert_saved(&submit(&parent, &format!("{here}/delete"), &[]).await);
    assert_eq!(open(&parent, &here).await.status, 404);
}

#[tokio::test]
async fn every_wrong_field_of_a_task_is_marked() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let wrong = [("name", ""), ("points", "0"), ("every", "week"), ("who", "some")];
    let new = [&TASK[..], &wrong[..]].concat();
    let page = submit(&parent, "/app/tasks/new", &new).await;
    assert_refused(&page, &["This field is empty.", "This value is not possible."]);
    assert_eq!(page.text.matches("aria-invalid=\"true\"").count(), 2, "{}", page.text);
    assert!(between(&page.text, "<legend>Children</legend>", "</p>").contains("empty"));
    let id = parent.task("Dishes", 5).await;
    let page = submit(&parent, &format!("/app/tasks/{id}"), &wrong).await;
    assert_refused(&page, &["This field is empty."]);
    assert_eq!(task(&parent).await.1["name"], "Dishes");
}

/// Fields of the form, what the API shows of them, and the words of the list.
type Case = (Vec<(String, String)>, Value, &'static str);

fn schedules(mia: &str, noah: &str) -> Vec<Case> {
    let turns = [(format!("turn-{mia}"), "2"), (format!("turn-{noah}"), "1")];
    let turns: Vec<(&str, &str)> = turns.iter().map(|(name, at)| (name.as_str(), *at)).collect();
    let both = [("child", mia), ("child", noah)];
    let cases = [
        (
            vec![("every", "day"), ("interval", "2"), ("who", "all"), ("due_time", "18:30")],
            json!({"who": "all", "every": "day", "interval": 2, "due_time": "18:30"}),
            "every 2 days · by 18:30 · every child",
        ),
        (
            [
                &both[..],
                &turns,
                &[("every", "week"), ("on", "monday"), ("on", "friday"), ("who", "turns")],
            ]
            .concat(),
            json!({"who": {"rotation": [noah, mia], "each": "occurrence"}, "every": "week",
                   "on": ["monday", "friday"]}),
            "every Monday and Friday · Noah and Mía in turn",
        ),
        (
            [
                &both[..],
                &[("every", "week"), ("on", "sunday"), ("who", "weeks"), ("week_start", "sunday")],
            ]
            .concat(),
            json!({"who": {"rotation": [mia, noah], "each": "week"}, "week_start": "sunday"}),
            "every Sunday · Mía and Noah, in turn by week",
        ),
        (
            vec![
                ("every", "month"),
                ("day", "last"),
                ("who", "some"),
                ("child", mia),
                ("first_only", "true"),
                ("grace_days", "3"),
                ("until", "2190-01-01"),
            ],
            json!({"who": [mia], "every": "month", "day": "last", "first_only": true, "grace_days": 3,
                   "until": "2190-01-01"}),
            "every month on its last day · Mía, one of them · until 1 January 2190",
        ),
        (
            vec![("every", "once"), ("date", "2190-03-01"), ("who", "all"), ("from", "2026-01-01")],
            json!({"who": "all", "date": "2190-03-01", "every": null}),
            "on 1 March 2190 · every child",
        ),
    ];
    let owned = |fields: Vec<(&str, &str)>| {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    cases.map(|(fields, expected, words)| (owned(fields), expected, words)).into()
}

#[tokio::test]
async fn each_kind_of_schedule_is_saved_and_shown() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let (mia, noah) = (parent.child("Mía", 0).await, parent.child("Noah", 0).await);
    parent.task("Dishes", 5).await;
    let (here, _) = task(&parent).await;
    for (fields, expected, words) in schedules(&mia, &noah) {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let list = submit(&parent, &here, &[&TASK[..], &fields[..]].concat()).await;
        assert_saved(&list);
        assert!(list.text.contains(words), "no {words}: {}", list.text);
        let plan = task(&parent).await.1["schedule"].clone();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&plan[name], value, "{name} of {plan}");
        }
        // The form that shows it, sent again, changes nothing.
        let page = show(&parent, &here).await;
        assert_saved(&submit(&parent, &here, &as_sent(&page)).await);
        assert_eq!(task(&parent).await.1["schedule"], plan);
    }
    assert_saved(&submit(&parent, &here, &[&TASK[..], &[("every", "")]].concat()).await);
    assert!(task(&parent).await.1["schedule"].is_null());
}

/// What a browser would send with the first form for a task on a page.
fn as_sent(page: &str) -> Vec<(&str, &str)> {
    let form = between(page, "action=\"/app/tasks/", "</form>");
    let mut fields = Vec::new();
    for input in form.split("<input").skip(1).filter_map(|it| it.split('>').next()) {
        let is_choice = input.contains("type=\"radio\"") || input.contains("type=\"checkbox\"");
        if !is_choice || input.contains(" checked") {
            fields.push((between(input, "name=\"", "\""), between(input, " value=\"", "\"")));
        }
    }
    for select in form.split("<select").skip(1).filter_map(|it| it.split("</select>").next()) {
        let chosen = select.split("<option").find(|option| option.contains(" selected"));
        let value = chosen.map_or("", |option| between(option, "value=\"", "\""));
        fields.push((between(select, "name=\"", "\""), value));
    }
    fields
}

#[tokio::test]
async fn choices_that_do_not_go_together_are_explained() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let child = parent.child("Mía", 0).await;
    parent.task("Dishes", 5).await;
    let (here, _) = task(&parent).await;
    for fields in [
        &[("every", "day"), ("from", "2026-03-01"), ("until", "2026-02-01")][..],
        &[("every", "month"), ("day", "1"), ("who", "weeks"), ("child", child.as_str())],
        &[("every", "day"), ("on_missed", "nothing")],
    ] {
        let page = submit(&parent, &here, &[&TASK[..], fields].concat()).await;
        assert_refused(&page, &["These choices do not go together."]);
    }
    let once = [&TASK[..], &[("every", "once"), ("date", "")]].concat();
    assert_refused(&submit(&parent, &here, &once).await, &["This field is empty."]);
}

#[tokio::test]
async fn a_penalty_has_no_schedule_and_is_offered_for_missed_tasks() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let penalty = [("name", "Forgotten"), ("points", "2"), ("is_good", "false"), ("every", "week")];
    let answer = submit(&parent, "/app/tasks/new", &penalty).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let (_, created) = task(&parent).await;
    assert_eq!((&created["is_good"], &created["schedule"]), (&false.into(), &Value::Null));
    let id = text(&created["id"]);
    let page = show(&parent, "/app/tasks/new").await;
    let offered = between(&page, "name=\"on_missed\"", "</select>");
    assert!(offered.contains(&format!("value=\"{id}\"")), "{offered}");
    let plan = [("every", "day"), ("who", "all"), ("on_missed", id.as_str())];
    submit(&parent, "/app/tasks/new", &[&TASK[..], &plan].concat()).await;
    let tasks = parent.get("/tasks").await.expect(200);
    assert_eq!(tasks["tasks"][1]["schedule"]["on_missed"], id.as_str(), "{tasks}");
}

#[tokio::test]
async fn a_reward_is_created_edited_and_deleted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let page = show(&parent, "/app/rewards").await;
    assert!(page.contains("There are no rewards yet."), "{page}");
    let wrong = submit(&parent, "/app/rewards/new", &[("name", ""), ("cost", "0")]).await;
    assert_refused(&wrong, &["This field is empty.", "This value is not possible."]);
    let new = [
        ("name", "Zoo"),
        ("cost", "1200"),
        ("description", "With the train"),
        ("icon", "trip"),
        ("next", "/app/rewards"),
    ];
    let list = submit(&parent, "/app/rewards/new", &new).await.text;
    assert!(list.contains("With the train") && list.contains("1,200 points"), "{list}");
    let here = format!("/app/rewards/{}", text(&only(&parent, "rewards").await["id"]));
    let page = show(&parent, &here).await;
    assert!(page.contains("With the train</textarea>"), "{page}");
    let update = [("name", "Zoo"), ("cost", "30"), ("description", ""), ("icon", "")];
    assert_saved(&submit(&parent, &here, &update).await);
    let reward = only(&parent, "rewards").await;
    assert_eq!((&reward["cost"], &reward["description"]), (&30.into(), &"".into()));
    let wrong = submit(&parent, &here, &[("name", "Zoo"), ("cost", "")]).await;
    assert_refused(&wrong, &["This field is empty."]);
    assert_saved(&submit(&parent, &format!("{here}/delete"), &[]).await);
    assert_eq!(open(&parent, &here).await.status, 404);
}
