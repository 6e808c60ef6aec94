//! A server under test.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

use goldstar::app::{self, Machine};
use goldstar::config::{Config, StorageConfig};
use goldstar::domain::Points;
use goldstar::domain::password::NEW_METHOD;
use goldstar::followers::audit_log;
use goldstar::service::Demo;
use goldstar::store::postgres::DatabaseUrl;

use super::client::Address;
use super::cluster::new_database;
use super::database::{ServerRuntime, database_of, import, is_on_postgres};
use super::{Admin, Client, DEADLINE, Family, Folders, Parent, Process, Raw, eventually, within};

/// The settings of a test that differ from the defaults.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) signup_open: bool,
    pub(crate) points_floor: i64,
    pub(crate) log_max_bytes: u64,
    pub(crate) log_backups: u32,
    pub(crate) named_events: bool,
    /// The clock and the disk of a server in this process.
    pub(crate) machine: Machine,
    /// Changes any other setting of a server in this process.
    pub(crate) configure: fn(&mut Config),
    /// Whether to run the real binary, which can be killed.
    pub(crate) binary: bool,
    /// A shell's commands before the binary.
    pub(crate) script: &'static str,
    /// Further flags for the binary.
    pub(crate) flags: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            signup_open: true,
            points_floor: 0,
            log_max_bytes: 10 << 20,
            log_backups: 5,
            named_events: true,
            machine: Machine::default(),
            configure: |_| {},
            binary: false,
            script: ":",
            flags: Vec::new(),
        }
    }
}

/// A server on its own folders.
pub(crate) struct TestServer {
    pub(crate) folders: Folders,
    settings: Settings,
    address: Address,
    running: Option<Running>,
}

enum Running {
    Here { shutdown: CancellationToken, server: app::Server, _runtime: ServerRuntime },
    Process(Process),
}

/// The password method of a server in this process: takes almost no time.
pub(crate) const PASSWORD_METHOD: &str = "scrypt:16:1:1";

/// The administrator of every test server, whose password is hashed by that method.
pub(crate) const ADMIN: (&str, &str) = ("admin@example.org", "correct horse 0");
const ADMIN_HASH: &str = "scrypt:16:1:1$B5TWbkgfWzsVhBP0$ad30ca9911f76fd195c3a86e1fa1c84827c02690316566bb\
    aafdc658b37bd4c46f4a47cea8267a2baa2af6aab45f0f32a70be8936d123fdaa5690466f41abfd9";

/// Makes a server in this process hash passwords like a real one.
pub(crate) fn hash_as_for_users(config: &mut Config) {
    config.service.password_method = NEW_METHOD;
}

/// All clients of a test have one address, and some send more changes than any family. A test of
/// one of these limits sets it.
fn allow_much(config: &mut Config) {
    config.http.limits.max_connections_per_address = 1_000_000;
    config.http.limits.health_connections = 0;
    config.service.signups.per_address = 0;
    config.service.changes.per_account = 0;
    config.service.changes.per_address = 0;
}

/// The same as flags.
const MUCH: [(&str, &str); 5] = [
    ("--max-connections-per-address", "1000000"),
    ("--health-connections", "0"),
    ("--signups-per-address", "0"),
    ("--changes-per-account", "0"),
    ("--changes-per-address", "0"),
];

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let folders = Folders::new();
        Self::put_admin(&folders);
        Self::on(folders, settings).await
    }

    /// Writes the administrator's account as a Flask service would.
    pub(crate) fn put_admin(folders: &Folders) {
        let admin = json!({
            "id": "admin-1", "first_name": "Ada", "last_name": "Admin", "email": ADMIN.0,
            "password": ADMIN_HASH, "role": "admin", "created_at": 1_769_551_003.419_12,
        });
        folders.put("users.json", &json!({"_default": {"1": admin}}).to_string());
    }

    /// The real binary.
    pub(crate) async fn process() -> Self {
        let binary = true;
        Self::with(Settings { binary, ..Settings::default() }).await
    }

    /// A server on folders that already contain files.
    pub(crate) async fn on(folders: Folders, settings: Settings) -> Self {
        let address = Arc::new(Mutex::new(String::new()));
        if is_on_postgres() {
            folders.database.get_or_init(|| database_of(&folders));
        }
        let mut server = Self { folders, settings, address, running: None };
        server.launch().await;
        server
    }

    /// A server on a database, which other servers may use, too.
    pub(crate) async fn on_database(url: &str, settings: Settings) -> Self {
        let folders = Folders::new();
        folders.database.set(url.to_owned()).expect("the folders are new");
        Self::on(folders, settings).await
    }

    /// Two servers on one new database.
    pub(crate) async fn two(settings: Settings) -> [Self; 2] {
        Self::two_on(&new_database(), settings).await
    }

    /// Two servers on an empty database.
    pub(crate) async fn two_on(url: &str, settings: Settings) -> [Self; 2] {
        let folders = Folders::new();
        Self::put_admin(&folders);
        import(&folders, url);
        folders.database.set(url.to_owned()).expect("the folders are new");
        let other = folders.beside();
        [Self::on(folders, settings.clone()).await, Self::on(other, settings).await]
    }

    async fn launch(&mut self) {
        let (address, running) = if self.settings.binary {
            let process =
                Process::start_after(self.settings.script, &self.folders, &self.arguments())
                    .unwrap_or_else(|output| panic!("the server did not start: {output:?}"));
            (process.address.clone(), Running::Process(process))
        } else {
            let (shutdown, runtime) = (CancellationToken::new(), ServerRuntime::of(&self.folders));
            let (machine, config) = (self.settings.machine.clone(), self.config());
            let ended = shutdown.clone();
            let launched = runtime.run(Box::pin(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                app::launch_on(machine, config, listener, ended).await
            }));
            let server = within("the start", launched).await.unwrap();
            let address = format!("http://{}", server.address());
            (address, Running::Here { shutdown, server, _runtime: runtime })
        };
        *self.address.lock().unwrap() = address;
        self.running = Some(running);
        self.nobody().get("/health").await.expect(200);
    }

    /// Changes the settings of the next start.
    pub(crate) fn reconfigure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    fn config(&self) -> Config {
        let settings = &self.settings;
        let storage = StorageConfig {
            erasures_dir: None,
            backups: None,
            data_dir: self.folders.data(),
            is_data_dir_named: true,
            prefers_data_dir: false,
            database_url: self.folders.database.get().map(DatabaseUrl::new),
            log_dir: self.folders.logs(),
            audit_output: audit_log::AuditOutput::Files,
            audit_log: audit_log::Settings {
                max_bytes: settings.log_max_bytes,
                backups: settings.log_backups,
            },
        };
        let mut config = Config { storage, ..Config::default() };
        config.service.signup_open = settings.signup_open;
        config.service.points_floor = Points::new(settings.points_floor).unwrap();
        config.http.named_events = settings.named_events;
        config.service.password_method = PASSWORD_METHOD;
        allow_much(&mut config);
        if self.folders.database.get().is_some() {
            // The transactions of other tests hold up the followers of this database: all share a cluster.
            config.http.limits.shutdown_timeout = DEADLINE;
        }
        (settings.configure)(&mut config);
        config
    }

    fn arguments(&self) -> Vec<String> {
        let settings = &self.settings;
        let signup = if settings.signup_open { "open" } else { "closed" };
        let mut arguments = vec![
            format!("--signup={signup}"),
            format!("--points-floor={}", settings.points_floor),
            format!("--named-events={}", settings.named_events),
            format!("--log-max-bytes={}", settings.log_max_bytes),
            format!("--log-backups={}", settings.log_backups),
        ];
        arguments.extend(MUCH.into_iter().filter_map(|(flag, value)| {
            let is_set = settings.flags.iter().any(|given| given.starts_with(flag));
            (!is_set).then(|| format!("{flag}={value}"))
        }));
        arguments.extend(self.folders.database.get().map(|url| format!("--database-url={url}")));
        arguments.extend_from_slice(&settings.flags);
        arguments
    }

    /// Stops it as a SIGTERM does, and waits until all files are written.
    pub(crate) async fn stop(&mut self) {
        match self.running.take().expect("it runs") {
            Running::Here { shutdown, server, _runtime } => {
                shutdown.cancel();
                within("the server's end", server.ended()).await.unwrap();
            }
            Running::Process(process) => {
                let status = process.stop("TERM");
                assert!(status.success(), "{status}");
            }
        }
    }

    /// Stops a server that cannot complete its files.
    pub(crate) async fn stop_broken(&mut self) {
        let Some(Running::Here { shutdown, server, _runtime }) = self.running.take() else {
            panic!("only a server in this process has a disk that breaks");
        };
        shutdown.cancel();
        let ended = within("the server's end", server.ended()).await;
        assert!(ended.is_err(), "it was not broken");
    }

    /// Stops the process with a signal; returns its exit status and its complete standard error
    /// output.
    pub(crate) fn stop_by(&mut self, signal: &str) -> (ExitStatus, String) {
        match self.running.take() {
            Some(Running::Process(process)) => process.stop_and_read(signal),
            _ => panic!("only a process takes signals"),
        }
    }

    /// Sends the process a signal that need not end it.
    pub(crate) fn signal(&self, name: &str) {
        match &self.running {
            Some(Running::Process(process)) => process.signal(name),
            _ => panic!("only a process takes signals"),
        }
    }

    /// Stops it and starts it again on the same folders. Clients find it at its new address.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.launch().await;
    }

    /// Kills the process, as a power cut would.
    pub(crate) fn kill(&mut self) {
        match self.running.take() {
            Some(Running::Process(process)) => process.kill(),
            _ => panic!("only a process can be killed"),
        }
    }

    /// Starts it after [`Self::stop`] or [`Self::kill`].
    pub(crate) async fn start_again(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        self.launch().await;
    }

    pub(crate) fn pid(&self) -> u32 {
        match &self.running {
            Some(Running::Process(process)) => process.pid(),
            _ => std::process::id(),
        }
    }

    /// The demo of a server in this process.
    pub(crate) fn demo(&self) -> &Demo {
        match &self.running {
            Some(Running::Here { server, .. }) => {
                server.demo().expect("it was started with a demo")
            }
            _ => panic!("only a server in this process says it"),
        }
    }

    /// A browser without a session.
    pub(crate) fn nobody(&self) -> Client {
        Client::new(Arc::clone(&self.address))
    }

    /// The same, from that address of this machine.
    pub(crate) fn nobody_at(&self, own: Ipv4Addr) -> Client {
        Client::from(Some(own), Arc::clone(&self.address))
    }

    /// The address that it listens on.
    pub(crate) fn socket_address(&self) -> SocketAddr {
        self.nobody().url("").strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// A connection without an HTTP client.
    pub(crate) async fn connect(&self) -> Raw {
        Raw::new(TcpStream::connect(self.socket_address()).await.unwrap())
    }

    /// The same, from that address of this machine.
    pub(crate) async fn connect_from(&self, own: Ipv4Addr) -> Raw {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((own, 0).into()).unwrap();
        Raw::new(socket.connect(self.socket_address()).await.unwrap())
    }

    /// A connection on which the server responds. Waits for it, because an earlier client's
    /// connection counts until the server has noticed its end.
    pub(crate) async fn admitted(&self) -> Raw {
        eventually("a connection", async || {
            let mut raw = self.connect().await;
            (raw.get("/health").await.status == 200).then_some(raw)
        })
        .await
    }

    /// A parent with a new account.
    pub(crate) async fn parent(&self) -> Parent {
        Parent::sign_up(self.nobody()).await
    }

    /// A new family.
    pub(crate) async fn family(&self) -> Family {
        Family::of(self.parent().await).await
    }

    pub(crate) async fn admin(&self) -> Admin {
        Admin(Parent::log_in(self.nobody(), ADMIN.0, ADMIN.1).await)
    }
}
