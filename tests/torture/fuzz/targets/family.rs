//! A server without sockets, with two families on a disk in memory. The tokens of its sessions are
//! `admin`, `parent`, `child` and `other`, a parent of the second family.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use goldstar::app::{self, Machine};
use goldstar::clock::Clock;
use goldstar::config::Config;
use goldstar::domain::Timestamp;
use goldstar::http::{App, ErrorCode, Peer};
use goldstar::metrics::Metrics;
use goldstar::service::{SentSessions, Service};
use http_body_util::BodyExt;
use serde_json::Value;

use super::directory::{Directory, NOW, TRACKING, wait_for};

/// The records.
const FILES: [(&str, &str); 7] = [
    ("users.json", include_str!("family/users.json")),
    ("children.json", include_str!("family/children.json")),
    ("tasks.json", include_str!("family/tasks.json")),
    ("rewards.json", include_str!("family/rewards.json")),
    ("pending_rewards.json", include_str!("family/pending_rewards.json")),
    ("sessions.json", include_str!("family/sessions.json")),
    (TRACKING, include_str!("family/tracking_events.json")),
];

/// The server.
pub(super) struct Server {
    pub(super) directory: Directory,
    service: Arc<Service>,
    app: App,
}

/// The response to a request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Null if it is not JSON.
    pub(super) body: Value,
}

impl Server {
    pub(super) fn start() -> Self {
        let directory = Directory::of(FILES.map(|(name, text)| (name, text.as_bytes())));
        let machine = Machine {
            clock: Clock::manual(Arc::new(AtomicI64::new(NOW))),
            disk: Arc::new(directory.disk.clone()),
            ..Machine::default()
        };
        let metrics = Arc::new(Metrics::new(Timestamp::from_micros(NOW)));
        let mut config = Config::default();
        config.storage.data_dir.clone_from(&directory.path);
        config.storage.log_dir = directory.path.join("logs");
        config.service.logins.per_address = 1;
        config.service.logins.window = Duration::from_hours(24);
        let service = app::open(&config.storage, config.service, &machine, &metrics).unwrap();
        let service = Arc::new(service);
        let app = App::new(Arc::clone(&service), Arc::new(config.http), metrics, None);
        Self { directory, service, app }
    }

    /// Makes every later password attempt fail at once: hashing a password takes longer than a
    /// thousand requests.
    pub(super) fn use_up_attempts(&self) {
        let login = self.service.login(
            Peer::default().address.ip(),
            "parent@example.org",
            "wrong".to_owned(),
            SentSessions::default(),
        );
        assert!(wait_for(login).is_err());
    }

    /// Sends a request.
    pub(super) fn send(&self, request: Request<Body>) -> Answer {
        wait_for(async {
            let response = self.app.clone().respond(Arc::default(), request).await;
            let (parts, body) = response.into_parts();
            let content_type = parts.headers.get(header::CONTENT_TYPE);
            // A stream does not end.
            let body = if content_type.is_some_and(|kind| kind == "application/json") {
                let bytes = body.collect().await.unwrap().to_bytes();
                serde_json::from_slice(&bytes).unwrap()
            } else {
                Value::Null
            };
            Answer { status: parts.status, body }
        })
    }

    /// Stops it, with all files complete.
    pub(super) fn stop(self) -> Directory {
        wait_for(self.service.close()).unwrap();
        self.directory
    }
}

impl Answer {
    /// The error code of the response; `None` for a success. Each error must be the client's fault,
    /// with the form and status of its code.
    pub(super) fn refusal(&self) -> Option<ErrorCode> {
        assert!(!self.status.is_server_error(), "{self:?}");
        if !self.status.is_client_error() {
            return None;
        }
        let code = ErrorCode::all().find(|code| self.body["code"] == code.as_str());
        let code = code.unwrap_or_else(|| panic!("no known code: {self:?}"));
        assert_eq!(code.status(), self.status);
        assert!(self.body["error"].as_str().is_some_and(|text| text.ends_with('.')), "{self:?}");
        Some(code)
    }
}
