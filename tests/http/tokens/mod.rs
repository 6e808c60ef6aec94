//! API tokens, over HTTP on each store.

mod creation;
mod endings;
mod example;
mod limits;
mod one_child;
mod page;
mod scopes;
mod stored;
mod table;
mod uses;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, send, text};

/// A program with an API token. It has no cookies.
pub(crate) struct Program {
    client: Client,
    pub(crate) secret: String,
    pub(crate) id: String,
}

impl Program {
    /// A program with a new token of an adult, who has logged in a short time ago.
    pub(crate) async fn of(adult: &Client, nobody: Client, scopes: &[&str]) -> Self {
        Self::with(adult, nobody, json!({"scopes": scopes})).await
    }

    /// The same with further fields of the request.
    pub(crate) async fn with(adult: &Client, nobody: Client, mut fields: Value) -> Self {
        fields["name"] = "Program".into();
        let created = adult.post("/tokens", fields).await.expect(201);
        Self { client: nobody, secret: text(&created["secret"]), id: text(&created["token"]["id"]) }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.client.request(method, path).bearer_auth(&self.secret);
        send(if let Some(body) = body { request.json(&body) } else { request }).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// A `POST` without a body.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    pub(crate) async fn is_live(&self) -> bool {
        self.get("/auth/me").await.status == 200
    }
}

/// The tokens of an adult.
pub(crate) async fn listed(adult: &Client) -> Vec<Value> {
    adult.get("/tokens").await.expect(200)["tokens"].as_array().unwrap().clone()
}
