//! A PostgreSQL cluster, which a test can stop, start again, replicate and promote.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::execute;

/// Creates a cluster in a new directory, prints the directory, and then executes each line of the
/// standard input. The cluster is stopped and removed when that ends: when the test or its process has
/// ended, however it did.
const SCRIPT: &str = include_str!("own.sh");

/// What to do if the programs are missing.
pub(super) const MISSING: &str = "these tests need PostgreSQL 15 or newer: install Debian's packages \
                                  `postgresql` and `util-linux`, or put `initdb` and `postgres` in the \
                                  PATH";

/// The settings of every cluster; those of [`Options`] come after them. What a test writes need not
/// survive a crash of the machine.
const SETTINGS: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "300"),
    ("shared_buffers", "64MB"),
];

/// The end of `pg_hba.conf`: everybody can connect without a password.
const TRUST: &str = "local all all trust
local replication all trust
host all all 127.0.0.1/32 trust";

/// What is different from other clusters.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) settings: Vec<(&'static str, String)>,
    /// The first lines of `pg_hba.conf`.
    pub(crate) hba: &'static str,
    /// Whether it also listens on a port of 127.0.0.1.
    pub(crate) tcp: bool,
    /// Files in the data directory, with their contents.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
}

/// How a cluster is stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// Ends all connections, and writes a checkpoint.
    Fast,
    /// Ends all processes as in a crash.
    Immediate,
}

/// A cluster with its server. It is removed when this is dropped.
pub(crate) struct Cluster {
    directory: PathBuf,
    port: u16,
    options: Options,
    databases: AtomicUsize,
    keeper: Mutex<Keeper>,
}

/// The shell that runs [`SCRIPT`].
struct Keeper {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Cluster {
    /// A new cluster, whose server runs.
    pub(crate) fn start(options: Options) -> Self {
        Self::create("", options)
    }

    /// A new standby, which follows the server of this cluster and has the same options.
    pub(crate) fn standby(&self) -> Self {
        let (host, port) = (self.directory.display(), self.port);
        let source = format!("host={host} port={port} user=goldstar application_name=standby");
        Self::create(&source, self.options.clone())
    }

    /// Makes every commit wait for the standby, which must run.
    pub(crate) fn wait_for_standby(&self) {
        let url = self.url("goldstar", "postgres");
        execute(&url, "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        execute(&url, "SELECT pg_reload_conf()");
        while execute(&url, "SELECT sync_state FROM pg_stat_replication") != ["sync"] {}
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        execute(&self.url("goldstar", "postgres"), "SELECT pg_promote()");
    }

    pub(crate) fn stop(&self, how: Stop) {
        let signal = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
        };
        self.keeper.lock().expect("no other test uses it").order(&format!("stop {signal}"));
    }

    /// Starts the server after [`Self::stop`].
    pub(crate) fn start_again(&self) {
        self.keeper.lock().expect("no other test uses it").order("start");
    }

    /// The URL of a new, empty database.
    pub(crate) fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::SeqCst));
        execute(&self.url("goldstar", "postgres"), &format!("CREATE DATABASE {name}"));
        self.url("goldstar", &name)
    }

    /// The URL over the socket. The superuser is `goldstar`.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        let (host, port) = (self.directory.display(), self.port);
        format!("postgres://{user}@/{database}?host={host}&port={port}")
    }

    /// The address of a cluster with [`Options::tcp`].
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn create(source: &str, options: Options) -> Self {
        let (address, port) = if options.tcp { ("127.0.0.1", free_port()) } else { ("", 5432) };
        let hba = format!("{}\n{TRUST}", options.hba);
        let mut command = unprivileged();
        command.args(["sh", "-c", SCRIPT, "sh", &programs(), source, &hba, &port.to_string()]);
        command.arg("-c").arg(format!("listen_addresses={address}"));
        let own = options.settings.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in SETTINGS.into_iter().chain(own) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let mut keeper = Keeper::new(command);
        let directory = PathBuf::from(keeper.line());
        for (name, contents) in &options.files {
            put(&directory.join("data").join(name), contents);
        }
        keeper.order("start");
        let databases = AtomicUsize::default();
        Self { directory, port, options, databases, keeper: Mutex::new(keeper) }
    }
}

impl Keeper {
    fn new(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect(MISSING);
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the output is text");
        assert!(!line.is_empty() && !line.starts_with("failed"), "PostgreSQL {line}; {MISSING}");
        line.trim_end().to_owned()
    }

    fn order(&mut self, order: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        writeln!(stdin, "{order}").expect("the shell runs");
        assert_eq!(self.line(), "done");
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Closes its standard input first, so that it ends.
        let ended = self.child.wait();
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}

/// Writes a file that only the owner of its directory can read.
fn put(path: &Path, contents: &[u8]) {
    let folder = path.parent().expect("it is in the data directory");
    let owner = std::fs::metadata(folder).expect("the data directory exists");
    std::fs::write(path, contents).expect("the directory can be written to");
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).expect("it is a new file");
    chown(path, Some(owner.uid()), Some(owner.gid())).expect("the owner runs the test, or root");
}

/// A port that the system gives to no other program by itself.
fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let first = std::process::id() as usize * 64;
    loop {
        let number = first + NEXT.fetch_add(1, Ordering::SeqCst);
        let port = u16::try_from(20_000 + number % 10_000).expect("it is below 30,000");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The directory of the server's programs: Debian has one for each version.
pub(super) fn programs() -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok()).max();
    if let Some(newest) = newest.filter(|it| *it >= 15) {
        return format!("/usr/lib/postgresql/{newest}/bin");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists());
    found.expect(MISSING).to_str().expect("the PATH is text").to_owned()
}

/// Runs a program as a user that PostgreSQL accepts: not as root.
pub(crate) fn unprivileged() -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::getuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    }
    command
}
