//! A real proxy before a server under test.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

use tempfile::TempDir;

use crate::harness::{block_of, eventually};

/// The site of the manual's examples.
pub(super) const SITE: &str = "goldstar.example.org";
/// The proxy's log, which is shown if a test fails.
const LOG: &str = "proxy.log";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nginx,
    Caddy,
}

/// What the proxy does with `/api`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Kept,
    Stripped,
}

/// A running proxy; it is killed when this is dropped.
pub(super) struct Proxy {
    child: Child,
    folder: TempDir,
    pub(super) address: SocketAddr,
}

impl Kind {
    /// Whether the proxy and the program that creates its certificate are installed.
    pub(super) fn is_installed(self) -> bool {
        let program = match self {
            Self::Nginx => ("nginx", "-v"),
            Self::Caddy => ("caddy", "version"),
        };
        [program, ("openssl", "version")].iter().all(|(program, argument)| {
            let mut command = Command::new(program);
            command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        })
    }
}

/// The block of the manual with that index among those of a language.
pub(super) fn block(language: &str, index: usize) -> String {
    block_of("docs/operations.md", "## Behind a proxy", language, index)
}

/// Replaces texts, each of which must occur.
pub(super) fn put(mut text: String, replacements: &[(&str, &str)]) -> String {
    for (from, to) in replacements {
        assert!(text.contains(from), "{from:?} is not in the manual's configuration:\n{text}");
        text = text.replace(from, to);
    }
    text
}

impl Proxy {
    /// Starts it with the configuration of the manual, with other addresses and paths.
    pub(super) async fn start(kind: Kind, prefix: Prefix, upstream: &str) -> Self {
        let site = match (kind, prefix) {
            (Kind::Nginx, Prefix::Kept) => block("nginx", 0),
            (Kind::Nginx, Prefix::Stripped) => {
                let kept = "proxy_pass http://127.0.0.1:5000;";
                put(block("nginx", 0), &[(kept, block("nginx", 1).trim())])
            }
            (Kind::Caddy, Prefix::Kept) => block("caddyfile", 0),
            (Kind::Caddy, Prefix::Stripped) => {
                let kept = "handle /api/* {";
                put(block("caddyfile", 0), &[(kept, block("caddyfile", 1).trim())])
            }
        };
        let site = put(site, &[("127.0.0.1:5000", upstream)]);
        Self::serve(kind, site, &[SITE]).await
    }

    /// Starts it with a configuration of these sites, which already contains the right addresses.
    pub(super) async fn serve(kind: Kind, configuration: String, sites: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("www")).unwrap();
        fs::write(folder.path().join("www/index.html"), "the front end\n").unwrap();
        make_certificate(folder.path(), sites);
        let address = own_address();
        let mut command = match kind {
            Kind::Nginx => nginx(folder.path(), address, configuration),
            Kind::Caddy => caddy(folder.path(), address, configuration, sites),
        };
        let log = File::create(folder.path().join(LOG)).unwrap();
        let child = command.stderr(log).spawn().unwrap();
        let proxy = Self { child, folder, address };
        eventually("the proxy to listen", async || {
            tokio::net::TcpStream::connect(address).await.ok()
        })
        .await;
        proxy
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
        if thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default());
        }
    }
}

/// An address that no other test uses, because a proxy cannot be asked for its port. The host is
/// the number of this process within 127.0.0.0/8.
fn own_address() -> SocketAddr {
    static PORT: AtomicU16 = AtomicU16::new(8443);
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let port = PORT.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from(([127, 64 | a, b, c], port))
}

fn make_certificate(folder: &Path, sites: &[&str]) {
    let names: Vec<_> = sites.iter().map(|site| format!("DNS:{site}")).collect();
    let output = Command::new("openssl")
        .args(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(' '),
        )
        .args(["-keyout", "key.pem", "-out", "cert.pem", "-subj", &format!("/CN={SITE}")])
        .args(["-addext", &format!("subjectAltName={}", names.join(","))])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn nginx(folder: &Path, address: SocketAddr, site: String) -> Command {
    let path = |name: &str| folder.join(name).display().to_string();
    let site = put(
        site,
        &[
            ("listen [::]:443 ssl http2;", ""),
            ("listen 443 ssl http2;", &format!("listen {address} ssl http2;")),
            ("/etc/ssl/goldstar/fullchain.pem", &path("cert.pem")),
            ("/etc/ssl/goldstar/privkey.pem", &path("key.pem")),
            ("/var/www/goldstar", &path("www")),
        ],
    );
    let bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};\n", path(kind)));
    // A single process, which ends when it is killed.
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid {};\nevents {{}}\nhttp {{\naccess_log off;\n{}{site}}}\n",
        path("nginx.pid"),
        bodies.concat(),
    );
    fs::write(folder.join("nginx.conf"), configuration).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-e", "stderr", "-c", &path("nginx.conf"), "-p"]).arg(folder);
    command
}

fn caddy(folder: &Path, address: SocketAddr, mut text: String, sites: &[&str]) -> Command {
    let path = |name: &str| folder.join(name).display().to_string();
    let (ip, port) = (address.ip(), address.port());
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    for site in sites {
        let head = format!("https://{site}:{port} {{\n\tbind {ip}\n\ttls {certificate} {key}");
        text = put(text, &[(&format!("{site} {{"), &head)]);
    }
    let text = put(text, &[("/var/www/goldstar", &path("www"))]);
    // There is one block of global options, and the manual's configuration may contain it.
    let own = "\tadmin off\n\tauto_https disable_redirects\n";
    let configuration = match text.strip_prefix("{\n") {
        Some(rest) => format!("{{\n{own}{rest}"),
        None => format!("{{\n{own}}}\n{text}"),
    };
    fs::write(folder.join("Caddyfile"), configuration).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config", &path("Caddyfile")]);
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}
