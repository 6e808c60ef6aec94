//! The users of a server: each type has that person's actions.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Answer, Client};

/// Everyone's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A parent's browser. A browser without a session is a plain [`Client`].
#[derive(Clone)]
pub(crate) struct Parent {
    client: Client,
    pub(crate) id: String,
    pub(crate) email: String,
}

/// The browser of an administrator, who is also a parent in its own family.
pub(crate) struct Admin(pub(crate) Parent);

/// A browser with a child's session.
#[derive(Clone)]
pub(crate) struct Child(pub(crate) Client);

impl Deref for Parent {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Deref for Admin {
    type Target = Parent;

    fn deref(&self) -> &Parent {
        &self.0
    }
}

impl Deref for Child {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Parent {
    /// Creates an account with a new email address.
    pub(crate) async fn sign_up(client: Client) -> Self {
        // The accounts of the example directory have the first numbers.
        static COUNT: AtomicUsize = AtomicUsize::new(10);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let email = format!("parent{n}@example.org");
        let account = json!({
            "first_name": "Zoë", "last_name": "Example", "email": email, "password": PASSWORD,
        });
        let body = client.post("/auth/signup", account).await.expect(201);
        Self { client, id: text(&body["user"]["id"]), email }
    }

    pub(crate) async fn log_in(client: Client, email: &str, password: &str) -> Self {
        let body = log_in(&client, email, password).await.expect(200);
        Self { client, id: text(&body["user"]["id"]), email: email.to_owned() }
    }

    /// The same parent at the server of another client.
    pub(crate) fn beside(&self, other: &Client) -> Self {
        let Self { client, id, email } = self;
        Self { client: client.beside(other), id: id.clone(), email: email.clone() }
    }

    /// Creates a child and returns its id.
    pub(crate) async fn child(&self, name: &str, points: i64) -> String {
        let child = json!({"name": name, "age": 7, "points": points});
        let body = self.post("/children", child).await.expect(201);
        text(&body["child"]["id"])
    }

    /// Creates a task that adds points, and returns its id.
    pub(crate) async fn task(&self, name: &str, points: i64) -> String {
        let task = json!({"name": name, "points": points, "is_good": true});
        let body = self.post("/tasks", task).await.expect(201);
        text(&body["task"]["id"])
    }

    /// Creates a penalty and returns its id.
    pub(crate) async fn penalty(&self, name: &str, points: i64) -> String {
        let task = json!({"name": name, "points": points, "is_good": false});
        let body = self.post("/tasks", task).await.expect(201);
        text(&body["task"]["id"])
    }

    /// Creates a reward and returns its id.
    pub(crate) async fn reward(&self, name: &str, cost: i64) -> String {
        let reward = json!({"name": name, "cost": cost});
        let body = self.post("/rewards", reward).await.expect(201);
        text(&body["reward"]["id"])
    }

    /// The child's points in the API.
    pub(crate) async fn points(&self, child: &str) -> i64 {
        let body = self.get(&format!("/children/{child}")).await.expect(200);
        body["child"]["points"].as_i64().unwrap()
    }

    /// Another browser, to which this parent gives the child's session.
    pub(crate) async fn hand_over(&self, browser: Client, child: &str) -> Child {
        log_in(&browser, &self.email, PASSWORD).await.expect(200);
        let body = json!({"child_id": child});
        browser.post("/auth/child-session", body).await.expect(200);
        Child(browser)
    }
}

pub(crate) async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    let credentials = json!({"email": email, "password": password});
    client.post("/auth/login", credentials).await
}

impl Client {
    pub(crate) async fn activate(&self, child: &str, task: &str) -> Answer {
        self.act(&activate_path(child, task)).await
    }

    pub(crate) async fn ask_for(&self, child: &str, reward: &str) -> Answer {
        self.act(&reward_path(child, reward, "request")).await
    }

    pub(crate) async fn redeem(&self, child: &str, reward: &str) -> Answer {
        self.act(&reward_path(child, reward, "redeem")).await
    }

    pub(crate) async fn cancel(&self, child: &str, reward: &str) -> Answer {
        self.act(&reward_path(child, reward, "cancel")).await
    }
}

pub(crate) fn activate_path(child: &str, task: &str) -> String {
    task_path(child, task, "activate")
}

pub(crate) fn task_path(child: &str, task: &str, verb: &str) -> String {
    format!("/children/{child}/tasks/{task}/{verb}")
}

pub(crate) fn adjust_path(child: &str) -> String {
    format!("/children/{child}/points/adjust")
}

pub(crate) fn reward_path(child: &str, reward: &str, verb: &str) -> String {
    format!("/children/{child}/rewards/{reward}/{verb}")
}

pub(crate) fn reverse_path(child: &str, event: &str) -> String {
    format!("/children/{child}/tracking/{event}/reverse")
}

/// A parent with a child of 50 points, a task, a penalty and a reward.
pub(crate) struct Family {
    pub(crate) parent: Parent,
    pub(crate) child: String,
    /// Adds 5 points.
    pub(crate) task: String,
    /// Subtracts 8 points.
    pub(crate) penalty: String,
    /// Costs 20 points.
    pub(crate) reward: String,
}

impl Family {
    pub(crate) async fn of(parent: Parent) -> Self {
        Self {
            child: parent.child("Mía", 50).await,
            task: parent.task("Make the bed", 5).await,
            penalty: parent.penalty("Hit a sibling", 8).await,
            reward: parent.reward("Ice cream", 20).await,
            parent,
        }
    }

    /// Activates the task, and returns the event.
    pub(crate) async fn event(&self) -> Value {
        let answer = self.parent.activate(&self.child, &self.task).await;
        answer.expect(200)["tracking_event"].take()
    }
}

/// A JSON string as text.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
    text.to_owned()
}
