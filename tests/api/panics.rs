//! A handler that panics.

use std::io;
use std::sync::{Arc, Mutex};

use goldstar::app::Machine;
use goldstar::audit_log::DeletionLog;
use goldstar::config::Config;
use goldstar::domain::{EventFilter, Page, SortOrder, Timestamp, UserId};
use goldstar::env::Clock;
use goldstar::http;
use goldstar::live::Hub;
use goldstar::metrics::{self, Metrics};
use goldstar::service::Service;
use goldstar::store::json::{CHECKPOINT_BYTES, JsonStore, Options, Progress};
use goldstar::store::{
    BoxFuture, CommitError, Committed, Decide, EventPage, Health, History, ReadError, Store, View,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Client, Folders, TestServer, assert_error};

/// A store whose query panics, as a mistake in a handler would.
struct Panicking(JsonStore);

impl Store for Panicking {
    fn view(&self) -> Arc<dyn View> {
        self.0.view()
    }

    fn commit(&self, decide: Decide) -> BoxFuture<'_, Result<Committed, CommitError>> {
        self.0.commit(decide)
    }

    fn events(
        &self,
        _filter: &EventFilter,
        _order: SortOrder,
        _page: Page,
    ) -> BoxFuture<'_, Result<EventPage, ReadError>> {
        panic!("a mistake in the server")
    }

    fn history(&self) -> Arc<dyn History> {
        self.0.history()
    }

    fn health(&self) -> Health {
        self.0.health()
    }

    fn anonymize(&self, user_id: &UserId) -> BoxFuture<'_, Result<usize, CommitError>> {
        self.0.anonymize(user_id)
    }

    fn forget(&self, user_id: &UserId) -> BoxFuture<'_, io::Result<()>> {
        self.0.forget(user_id)
    }

    fn purge(&self) -> BoxFuture<'_, io::Result<()>> {
        self.0.purge()
    }

    fn close(&self) -> BoxFuture<'_, io::Result<()>> {
        self.0.close()
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_answer_and_the_server_lives() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let now = Arc::new(|| Clock::system().now());
    let options = Options {
        data_dir: folders.data(),
        disk: Machine::default().disk,
        metrics: metrics::Store::default(),
        now,
        checkpoint_bytes: CHECKPOINT_BYTES,
        progress: Progress::silent(),
    };
    let store = Arc::new(Panicking(JsonStore::open(options, Vec::new()).unwrap()));
    let config = Config::default();
    let metrics = Arc::new(Metrics::new(Timestamp::EPOCH));
    let service = Service::new(
        store,
        Hub::start(metrics.live.clone()).unwrap(),
        Clock::system(),
        config.service,
        DeletionLog::new(Machine::default().disk, folders.logs(), config.storage.audit_log),
        &metrics,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let limits = config.http.limits;
    let router = http::router(Arc::new(service), Arc::new(config.http), metrics);
    let connections = Arc::default();
    let served = tokio::spawn(http::serve(listener, router, limits, connections, shutdown.clone()));

    let admin = Client::new(Arc::new(Mutex::new(address)));
    let login = json!({"email": "admin@example.org", "password": "correct horse 0"});
    admin.post("/auth/login", login).await.expect(200);
    for _ in 0..3 {
        let answer = admin.get("/admin/tracking").await;
        assert!(!answer.text.contains("mistake"), "{}", answer.text);
        assert_error(&answer, 500, "INTERNAL");
        for header in ["x-content-type-options", "referrer-policy", "x-request-id"] {
            assert_ne!(answer.header(header), "", "{header}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_ne!(answer.header("x-request-id"), "");
    }
    admin.get("/auth/me").await.expect(200);
    admin.post("/children", json!({"name": "Mía"})).await.expect(201);
    shutdown.cancel();
    served.await.unwrap();
}
