//! Floor 5: puts the server together from its configuration, its listener and a future that ends
//! it. The command and the tests start it in the same way.

mod assembly;
mod demo;
mod error;
mod running;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{self, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::disk::UnusableFolder;
use crate::http;
use crate::metrics::Metrics;
use crate::service::{Demo, Service, ServiceSettings};
use crate::web;
use assembly::assemble;
pub use assembly::{Machine, open};
pub use error::StartError;
use running::Listeners;
pub use running::StopError;

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    is_new: bool,
    accounts: usize,
    demo: Option<Box<Demo>>,
    live: Live,
    served: JoinHandle<Result<(), StopError>>,
}

/// The parts of a running server that read their settings again.
#[derive(Clone)]
pub struct Live {
    app: http::App,
    service: Arc<Service>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl Live {
    /// Replaces the settings of HTTP and of the service, as [`http::App::reload`] and [`Service::reload`] say.
    pub fn reload(&self, http: http::HttpSettings, service: ServiceSettings) {
        self.app.reload(http);
        self.service.reload(service);
    }
}

impl Server {
    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the data directory had no records at the start, and still has none.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The number of accounts after the start.
    pub fn accounts(&self) -> usize {
        self.accounts
    }

    /// The demo family, if one was requested.
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.as_deref()
    }

    /// Returns what changes the settings of the server.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Waits until all responses are sent and all data files are written.
    pub async fn ended(self) -> Result<(), StopError> {
        self.served.await?
    }
}

/// Starts a server on this machine. It accepts requests once this function has returned, until
/// `shutdown` completes.
pub async fn launch(
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<Server, StartError> {
    launch_on(Machine::default(), config, listener, shutdown).await
}

/// Starts a server on the given machine.
pub async fn launch_on(
    machine: Machine,
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<Server, StartError> {
    let address = listener.local_addr().map_err(StartError::Listener)?;
    let Config { storage, demo: with_demo, http: http_settings, service: settings, .. } = config;
    let limits = http_settings.limits;
    let pages = http_settings.web.then(web::pages);
    let http_settings = Arc::new(http_settings);
    let metrics = Arc::new(Metrics::new(machine.clock.now()));
    let counted = Arc::clone(&metrics);
    let demo = if with_demo {
        let written = Box::pin(demo::write(&machine, &storage, &settings));
        Some(Box::new(before(&shutdown, written).await??))
    } else {
        None
    };
    let opened = task::spawn_blocking(move || {
        let made = machine.disk.create_dir(&storage.log_dir);
        made.map_err(|error| UnusableFolder::call(&storage.log_dir, "mkdir", error))?;
        let service = assemble(&storage, Some(storage.audit_output), settings, &machine, &counted)?;
        Ok::<_, StartError>((service, running::open_socket(&storage)))
    });
    // If the server is stopped first, the thread continues until the process ends.
    let (service, commands) = before(&shutdown, opened).await???;
    let service = Arc::new(service);
    service.start_first_hold().await?;
    service.start_evaluations().await?;
    service.warn_of_expensive_hashes().await?;
    if let Some(demo) = &demo {
        service.settle_demo(demo).await;
    }
    let (is_new, accounts) = (service.is_new().await?, service.count_accounts().await?);
    let app = http::App::new(Arc::clone(&service), http_settings, metrics, pages);
    let live = Live { app: app.clone(), service: Arc::clone(&service) };
    let listeners = Listeners { clients: listener, commands };
    let served = tokio::spawn(running::run(listeners, service, app, limits, shutdown));
    Ok(Server { address, is_new, accounts, demo, live, served })
}

/// Waits for a part of the start. Fails with [`StartError::Stopped`] if the server is stopped first.
async fn before<T>(
    shutdown: &CancellationToken,
    part: impl Future<Output = T>,
) -> Result<T, StartError> {
    tokio::select! {
        biased;
        done = part => Ok(done),
        () = shutdown.cancelled() => Err(StartError::Stopped),
    }
}
