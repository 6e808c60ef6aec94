//! A server on a store in memory that delays and panics on command.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use goldstar::app::Machine;
use goldstar::clock::Clock;
use goldstar::config::Config;
use goldstar::domain::Timestamp;
use goldstar::followers::Followers;
use goldstar::followers::audit_log::DeletionLog;
use goldstar::followers::broker::Broker;
use goldstar::followers::webhooks::Sender;
use goldstar::http;
use goldstar::metrics::Metrics;
use goldstar::service::Service;
use goldstar::store::Store as _;
use goldstar::store::memory::{Faults, MemoryStore};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Client, Family, Folders, PASSWORD_METHOD, Parent, within};

pub(crate) struct MemoryServer {
    pub(crate) service: Arc<Service>,
    pub(crate) store: MemoryStore,
    pub(crate) faults: Arc<Faults>,
    pub(crate) shutdown: CancellationToken,
    address: Arc<Mutex<String>>,
    served: JoinHandle<()>,
    /// The folder of the account deletion log.
    _folders: Folders,
}

impl MemoryServer {
    pub(crate) async fn start(mut config: Config) -> Self {
        config.service.password_method = PASSWORD_METHOD;
        let folders = Folders::new();
        let store = MemoryStore::new(Clock::system());
        let metrics = Arc::new(Metrics::new(Timestamp::EPOCH));
        let service = Arc::new(Service::new(
            store.clone(),
            Followers {
                broker: Broker::follow(store.following(), store.epoch(), metrics.live.clone())
                    .unwrap(),
                audit_log: None,
                erasure_copy: None,
                webhooks: Sender::new(Machine::default().resolver),
            },
            Clock::system(),
            config.service,
            DeletionLog::new(Machine::default().disk, folders.logs(), config.storage.audit_log),
            &metrics,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let app = http::App::new(
            Arc::clone(&service),
            Arc::new(config.http),
            metrics,
            Some(goldstar::web::pages()),
        );
        let serving = http::serve(listener, app, shutdown.clone());
        let served = tokio::spawn(serving);
        Self {
            service,
            faults: Arc::clone(store.faults()),
            store,
            shutdown,
            address: Arc::new(Mutex::new(address)),
            served,
            _folders: folders,
        }
    }

    pub(crate) fn nobody(&self) -> Client {
        Client::new(Arc::clone(&self.address))
    }

    pub(crate) async fn family(&self) -> Family {
        Family::of(Parent::sign_up(self.nobody()).await).await
    }

    pub(crate) fn set(&self, fault: impl Fn(&Faults) -> &AtomicBool, on: bool) {
        fault(&self.faults).store(on, Ordering::SeqCst);
    }

    pub(crate) async fn stop(self) {
        self.service.start_shutdown();
        self.shutdown.cancel();
        within("the end of the server", self.served).await.unwrap();
    }
}
