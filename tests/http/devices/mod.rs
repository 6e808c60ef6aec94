//! The devices of children: how they are paired, what their sessions can do, and how these end.

mod endings;
mod limits;
mod members;
mod pairing;
mod pins;
mod sharing;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, HOUR, Parent, text};

pub(crate) const MINUTE: i64 = HOUR / 60;

/// A device that shows a code.
pub(crate) struct Shown {
    pub(crate) user_code: String,
    pub(crate) device_code: String,
    pub(crate) body: Value,
}

pub(crate) fn devices_path(child: &str) -> String {
    format!("/children/{child}/devices")
}

pub(crate) fn device_path(child: &str, device: &Value) -> String {
    format!("{}/{}", devices_path(child), text(&device["id"]))
}

/// Lets a device show a code.
pub(crate) async fn show_code(device: &Client, name: &str) -> Shown {
    let body = device.post("/auth/device-codes", json!({"device_name": name})).await.expect(200);
    let (user_code, device_code) = (text(&body["user_code"]), text(&body["device_code"]));
    Shown { user_code, device_code, body }
}

impl Shown {
    pub(crate) async fn fetch(&self, device: &Client) -> Answer {
        device.post("/auth/device-token", json!({"device_code": self.device_code})).await
    }

    /// The parent confirms the device. Returns it.
    pub(crate) async fn confirm(&self, parent: &Parent, child: &str) -> Value {
        let body = json!({"user_code": self.user_code});
        parent.post(&devices_path(child), body).await.expect(201)["device"].clone()
    }
}

/// Pairs a device with a child. Returns the device.
pub(crate) async fn pair(device: &Client, parent: &Parent, child: &str, name: &str) -> Value {
    let shown = show_code(device, name).await;
    let paired = shown.confirm(parent, child).await;
    shown.fetch(device).await.expect(200);
    paired
}

pub(crate) async fn listed(parent: &Parent, child: &str) -> Vec<Value> {
    let list = parent.get(&devices_path(child)).await.expect(200);
    list["devices"].as_array().unwrap().clone()
}
