//! Everybody who acts in the family besides its owner: members, devices and programs with API tokens.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::client::{Scene, Sent, failure};
use super::household::{Step, Who};
use super::state::{Asked, Id, Told, refused};
use crate::harness::{ADMIN, Answer, PASSWORD, text, try_send};
use crate::random::Random;

/// The number of invitations, tokens and webhooks of a history: fewer than a family can have.
const MOST: usize = 8;

/// How somebody acts.
pub(super) enum Door {
    Member,
    /// With that child's session.
    Device(Id),
    Token,
}

/// What is known of everybody, also of those who were removed.
#[derive(Default)]
pub(super) struct People {
    /// With their Bearer tokens.
    all: Vec<(Id, Door, String)>,
    /// With their secrets.
    invitations: Vec<(Id, String)>,
    /// With whose they are.
    tokens: Vec<(Id, Who)>,
    webhooks: Vec<Id>,
}

impl People {
    pub(super) fn somebody(&self, random: &mut Random) -> Option<(Id, &Door)> {
        if self.all.is_empty() {
            return None;
        }
        let (id, door, _) = &self.all[random.below(self.all.len())];
        Some((id.clone(), door))
    }

    fn secret(&self, invitation: &Id) -> String {
        let found = self.invitations.iter().find(|(id, _)| id == invitation);
        found.map(|(_, secret)| secret.clone()).unwrap()
    }

    fn bearer(&self, id: &Id) -> &str {
        let found = self.all.iter().find(|(other, ..)| other == id);
        found.map(|(.., secret)| secret.as_str()).unwrap()
    }

    fn draw_of(&self, is_wanted: fn(&Door) -> bool, random: &mut Random) -> Option<Id> {
        let wanted: Vec<_> = self.all.iter().filter(|(_, door, _)| is_wanted(door)).collect();
        (!wanted.is_empty()).then(|| wanted[random.below(wanted.len())].0.clone())
    }

    /// Draws a request about who may act, and who sends it.
    pub(super) fn step(&self, random: &mut Random, child: Id) -> (Who, Asked) {
        let member = self.draw_of(|door| matches!(door, Door::Member), random);
        let (who, step) = self.draw_step(random, member).unwrap_or((None, Step::Pair { child }));
        (who, Asked::Household(step))
    }

    /// `None` if there is no record of the kind that was drawn, or too many.
    fn draw_step(&self, random: &mut Random, member: Option<Id>) -> Option<(Who, Step)> {
        let one_of = |list: usize, random: &mut Random| (list > 0).then(|| random.below(list));
        let step = match random.below(16) {
            0..2 if self.invitations.len() < MOST => Step::Invite { is_helper: random.coin() },
            2..5 => {
                let invitation = one_of(self.invitations.len(), random)?;
                Step::Accept(self.invitations[invitation].0.clone())
            }
            5 => {
                let invitation = one_of(self.invitations.len(), random)?;
                Step::RevokeInvitation(self.invitations[invitation].0.clone())
            }
            6..8 => Step::SetRole { member: member?, is_helper: random.coin() },
            8..10 => Step::RemoveMember(member?),
            10 if self.tokens.len() < MOST => {
                let who = member.filter(|_| random.coin());
                let password = if who.is_some() { PASSWORD } else { ADMIN.1 };
                return Some((who, Step::AddToken { password }));
            }
            11 => {
                let (token, who) = &self.tokens[one_of(self.tokens.len(), random)?];
                return Some((who.clone(), Step::RevokeToken(token.clone())));
            }
            12 => {
                let device = self.draw_of(|door| matches!(door, Door::Device(_)), random)?;
                let (_, door, _) = self.all.iter().find(|(id, ..)| *id == device)?;
                let Door::Device(child) = door else { return None };
                Step::RemoveDevice { child: child.clone(), device }
            }
            13 if self.webhooks.len() < MOST => Step::AddWebhook,
            14 => {
                let webhook = self.webhooks[one_of(self.webhooks.len(), random)?].clone();
                match random.below(3) {
                    0 => Step::RemoveWebhook(webhook),
                    _ => Step::SetEnabled(webhook, random.coin()),
                }
            }
            15 => Step::ReadWebhooks,
            _ => return None,
        };
        Some((None, step))
    }

    /// Remembers a new record in the response to a request.
    pub(super) fn learn(&mut self, who: &Who, asked: &Asked, body: &Value) {
        let id = |value: &Value| value["id"].as_str().map(Id::from);
        match asked {
            Asked::Household(Step::Invite { .. }) => {
                let secret = body["link"].as_str().and_then(|it| it.split_once("/invitation#"));
                let secret = secret.map(|(_, secret)| secret.to_owned());
                self.invitations.extend(id(&body["invitation"]).zip(secret));
            }
            Asked::Household(Step::AddToken { .. }) => {
                if let Some(id) = id(&body["token"]) {
                    self.all.push((id.clone(), Door::Token, text(&body["secret"])));
                    self.tokens.push((id, who.clone()));
                }
            }
            Asked::Household(Step::AddWebhook) => self.webhooks.extend(id(&body["webhook"])),
            _ => {}
        }
    }
}

/// The method, the path and the body of a request.
pub(super) fn route(step: &Step) -> (Method, String, Option<Value>) {
    let role = |is_helper: bool| json!({"role": if is_helper { "helper" } else { "parent" }});
    let (method, path) = match step {
        Step::Invite { is_helper } => {
            return (Method::POST, "/family/invitations".to_owned(), Some(role(*is_helper)));
        }
        Step::SetRole { member, is_helper } => {
            return (Method::PATCH, format!("/family/members/{member}"), Some(role(*is_helper)));
        }
        Step::AddToken { password } => {
            let scopes = ["read", "activate"];
            let token = json!({"name": "Program", "scopes": scopes, "password": password});
            return (Method::POST, "/tokens".to_owned(), Some(token));
        }
        Step::AddWebhook => {
            // Nothing happens that it is for.
            let webhook = json!({"url": "https://example.org/", "events": ["task.due"]});
            return (Method::POST, "/webhooks".to_owned(), Some(webhook));
        }
        Step::SetEnabled(id, value) => {
            return (Method::PATCH, format!("/webhooks/{id}"), Some(json!({"enabled": value})));
        }
        Step::ReadWebhooks => (Method::GET, "/webhooks".to_owned()),
        Step::RevokeInvitation(id) => (Method::DELETE, format!("/family/invitations/{id}")),
        Step::RemoveMember(id) => (Method::DELETE, format!("/family/members/{id}")),
        Step::RemoveDevice { child, device } => {
            (Method::DELETE, format!("/children/{child}/devices/{device}"))
        }
        Step::RevokeToken(id) => (Method::DELETE, format!("/tokens/{id}")),
        Step::RemoveWebhook(id) => (Method::DELETE, format!("/webhooks/{id}")),
        Step::Accept(_) | Step::Pair { .. } | Step::ReadAll => {
            unreachable!("these are several requests")
        }
    };
    (method, path, None)
}

/// A successful response in the terms of the model.
pub(super) fn told(step: &Step, status: u16, body: &Value) -> Told {
    let id = |field: &str| Told::Added(text(&body[field]["id"]).into());
    match (step, status) {
        (Step::Invite { .. }, 201) => id("invitation"),
        (Step::AddToken { .. }, 201) => id("token"),
        (Step::AddWebhook, 201) => id("webhook"),
        (Step::SetRole { .. }, 204) => Told::Changed,
        (Step::SetEnabled(_, value), 200) if body["webhook"]["enabled"] == *value => Told::Changed,
        (Step::ReadWebhooks, 200) => {
            let listed = body["webhooks"].as_array().unwrap().iter();
            Told::Listed(vec![listed.map(|it| named(it, &it["enabled"])).collect()])
        }
        (_, 204) => Told::Deleted,
        _ => panic!("{step:?} was answered with {status}: {body}"),
    }
}

/// A record of a list, with a property.
fn named(record: &Value, property: &impl ToString) -> (Id, Id) {
    (text(&record["id"]).into(), property.to_string().into())
}

/// The session in the cookie of a response.
fn session_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    cookie.split_once('=').unwrap().1.to_owned()
}

/// A response that a request needs; `None` if the server cannot be used now.
fn prepared(answer: Option<Answer>) -> Option<Answer> {
    match failure(answer.as_ref()) {
        None => answer,
        Some(Told::Failed | Told::Unknown) => None,
        Some(told) => panic!("{told:?}"),
    }
}

impl Scene<'_> {
    /// A request of somebody at the server of a client.
    pub(super) fn request(
        &self,
        client: usize,
        who: &Who,
        method: Method,
        path: &str,
    ) -> RequestBuilder {
        let parent = &self.parents[client % self.parents.len()];
        match who {
            None => parent.request(method, path),
            Some(id) => {
                let people = self.people.borrow();
                self.open(client, method, path).bearer_auth(people.bearer(id))
            }
        }
    }

    /// A request without a session at the server of a client. With a header of its own, it has no cookies of earlier
    /// responses, whose sessions a login would end.
    fn open(&self, client: usize, method: Method, path: &str) -> RequestBuilder {
        let gate = self.gate.beside(&self.parents[client % self.parents.len()]);
        gate.request(method, path).header("Cookie", "")
    }

    /// A new person accepts an invitation. `None` if the person cannot sign up now.
    pub(super) async fn accept(&self, client: usize, invitation: &Id) -> Option<Sent> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("M{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let email = format!("{name}@example.net");
        let account = json!({
            "first_name": name, "last_name": "Example", "email": email, "password": PASSWORD,
        });
        let sign_up = self.open(client, Method::POST, "/auth/signup").json(&account);
        let session = session_of(&prepared(try_send(sign_up).await.ok())?);
        let secret = self.people.borrow().secret(invitation);
        let called = self.tick();
        let request = self.open(client, Method::POST, "/auth/invitation/accept");
        let request = request.bearer_auth(session).json(&json!({"secret": secret}));
        let answer = try_send(request).await.ok();
        let told = match failure(answer.as_ref()) {
            Some(told) => told,
            // Nobody else knows the member's id yet.
            None => match self.member_named(client, &name).await {
                Some(id) => {
                    let session = session_of(answer.as_ref()?);
                    self.people.borrow_mut().all.push((id.clone(), Door::Member, session));
                    Told::Added(id)
                }
                None => Told::Unknown,
            },
        };
        Some((called, told))
    }

    /// The id of a member; `None` if the list cannot be read now.
    async fn member_named(&self, client: usize, name: &str) -> Option<Id> {
        let parent = &self.parents[client % self.parents.len()];
        let list = try_send(parent.request(Method::GET, "/family/members")).await.ok()?;
        let mut members = list.body["members"].as_array()?.iter();
        let member = members.find(|member| member["first_name"] == *name).unwrap();
        Some(text(&member["id"]).into())
    }

    /// Pairs a new device with a child. `None` if there is no code for it now.
    pub(super) async fn pair(&self, client: usize, child: &Id) -> Option<Sent> {
        let parent = &self.parents[client % self.parents.len()];
        let post = |path: &str, body| try_send(self.open(client, Method::POST, path).json(&body));
        let called = self.tick();
        let codes = post("/auth/device-codes", json!({"device_name": "Tablet"})).await;
        let codes = prepared(codes.ok())?.body;
        let confirm = json!({"user_code": codes["user_code"]});
        let path = format!("/children/{child}/devices");
        let confirm = parent.request(Method::POST, &path).json(&confirm);
        let confirmed = try_send(confirm).await.ok();
        // The codes of a server without a database end with it.
        if confirmed.as_ref().is_some_and(|it| it.body["code"] == "INVALID_DEVICE_CODE") {
            return Some((called, Told::Failed));
        }
        if let Some(told) = failure(confirmed.as_ref()) {
            return Some((called, told));
        }
        let fetch = json!({"device_code": codes["device_code"]});
        let fetched = post("/auth/device-token", fetch).await.ok();
        let told = match failure(fetched.as_ref()) {
            // The child was deleted after the confirmation.
            Some(Told::Refused(code, _)) => {
                assert!(
                    ["AUTHORIZATION_PENDING", "INVALID_DEVICE_CODE"].contains(&&*code),
                    "{code}"
                );
                refused("NOT_FOUND")
            }
            Some(told) => told,
            None => {
                let id = Id::from(text(&confirmed?.body["device"]["id"]));
                let device = (id.clone(), Door::Device(child.clone()), session_of(&fetched?));
                self.people.borrow_mut().all.push(device);
                Told::Added(id)
            }
        };
        Some((called, told))
    }

    /// Reads the lists of everybody and of webhooks, while nothing changes.
    pub(super) async fn read_all(&self, children: &[Id]) -> Told {
        let parent = &self.parents[0];
        let read = async |path: String, kind: &str| {
            let answer = parent.get(&path).await;
            let records = answer.body[kind].as_array();
            assert!(records.is_some() || answer.status == 404, "{}", answer.text);
            records.cloned().unwrap_or_default()
        };
        let is_helper = |it: &Value| named(it, &(it["role"] == "helper"));
        let mut members = read("/family/members".to_owned(), "members").await;
        members.retain(|it| it["role"] != "owner");
        let invitations = read("/family/invitations".to_owned(), "invitations").await;
        let mut devices = Vec::new();
        for child in children {
            let own = read(format!("/children/{child}/devices"), "devices").await;
            devices.extend(own.into_iter().filter(|it| it["is_waiting"] == false));
        }
        let tokens = read("/tokens".to_owned(), "tokens").await;
        let webhooks = read("/webhooks".to_owned(), "webhooks").await;
        Told::Listed(vec![
            members.iter().map(is_helper).collect(),
            invitations.iter().map(is_helper).collect(),
            devices.iter().map(|it| named(it, &text(&it["child_id"]))).collect(),
            tokens.iter().map(|it| named(it, &String::new())).collect(),
            webhooks.iter().map(|it| named(it, &it["enabled"])).collect(),
        ])
    }
}
