//! Families with several adults, over HTTP on each store.

mod invitations;
mod members;
mod races;
mod transfer;

use serde_json::{Value, json};

use crate::harness::{Client, Family, PASSWORD, Parent, TestServer, text};

/// A family, and a member of it with an account and a browser of its own.
pub(crate) struct Household {
    pub(crate) family: Family,
    pub(crate) member: Parent,
}

impl Household {
    pub(crate) async fn new(server: &TestServer, role: &str) -> Self {
        let family = server.family().await;
        let member = server.parent().await;
        accept(&member, &invite(&family.parent, role).await).await;
        Self { family, member }
    }

    /// The id of the member with that role.
    pub(crate) async fn id_of(&self, role: &str) -> String {
        id_of(&self.family.parent, role).await
    }

    pub(crate) fn owner(&self) -> &Parent {
        &self.family.parent
    }
}

/// Invites somebody; returns the secret.
pub(crate) async fn invite(owner: &Client, role: &str) -> String {
    let created = owner.post("/family/invitations", json!({"role": role})).await.expect(201);
    secret_of(&created)
}

pub(crate) fn secret_of(created: &Value) -> String {
    created["link"].as_str().unwrap().split_once("/invitation#").unwrap().1.to_owned()
}

pub(crate) async fn accept(person: &Client, secret: &str) -> Value {
    person.post("/auth/invitation/accept", json!({"secret": secret})).await.expect(200)
}

pub(crate) async fn members(adult: &Client) -> Vec<Value> {
    let answer = adult.get("/family/members").await.expect(200);
    answer["members"].as_array().unwrap().clone()
}

pub(crate) async fn id_of(adult: &Client, role: &str) -> String {
    let members = members(adult).await;
    text(&members.iter().find(|it| it["role"] == role).unwrap()["id"])
}

pub(crate) fn with_password(mut body: Value) -> Value {
    body["password"] = PASSWORD.into();
    body
}
