//! `goldstar migrate-database`, TLS, and privileges.

use std::process::Command;

use super::run;
use crate::harness::cluster::{Cluster, Options, execute, new_database};
use crate::harness::{Folders, forbidden, goldstar};

fn migrate(url: &str, authority: Option<&str>) -> (i32, String, String) {
    let folders = Folders::new();
    let mut command = goldstar(folders.root());
    command.args(["migrate-database", "--database-url", url]);
    command.env("SSL_CERT_FILE", authority.unwrap_or("/nowhere"));
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_migration_prints_the_versions_and_can_be_repeated() {
    let url = new_database();
    let (code, printed, error) = migrate(&url, None);
    assert!(code == 0 && printed.contains("was created with version"), "{printed}{error}");
    let (code, printed, error) = migrate(&url, None);
    assert!(code == 0 && printed.contains("nothing was changed"), "{printed}{error}");
    execute(
        &url,
        "INSERT INTO goldstar_migrations (version, name, checksum) VALUES (999, 'new', '0')",
    );
    let (code, _, error) = migrate(&url, None);
    assert!(code == 78 && error.contains("whose schema version is 999"), "{error}");
    let folders = Folders::new();
    let (code, _, error) = run(&folders, &["migrate-database"]);
    assert!(code == 2 && error.contains("--database-url"), "{error}");
}

#[test]
fn a_server_needs_no_more_than_the_documented_privileges() {
    let cluster = Cluster::start(Options::default());
    let owner = cluster.new_database();
    let server = owner.replace("goldstar@", "server@");
    execute(&owner, "CREATE ROLE server LOGIN");
    let create = |url: &str| {
        let folders = Folders::new();
        std::fs::write(folders.root().join("password"), "correct horse battery").unwrap();
        let arguments =
            ["--email=a@example.org", "--password-file=password", "--database-url", url];
        run(&folders, &[&["admin", "create"], &arguments[..]].concat())
    };
    let (code, _, error) = create(&server);
    assert!(code == 1 && error.contains("goldstar migrate-database"), "{error}");
    assert_eq!(migrate(&owner, None).0, 0);
    execute(&owner, "GRANT SELECT ON goldstar_migrations TO server");
    let (code, _, error) = create(&server);
    assert!(code == 1 && error.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL"), "{error}");
    execute(
        &owner,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO server",
    );
    let (code, _, error) = create(&server);
    assert_eq!(code, 0, "{error}");
}

/// The keys and the certificates of an authority, of another one and of one with the same name, and those
/// of a server with the address 127.0.0.1.
const CERTIFICATES: &str = "
authority() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$1 -keyout $2.key -out $2.crt \
        -addext basicConstraints=critical,CA:true
}
authority authority ca
authority other other
authority authority namesake
openssl req -newkey rsa:2048 -nodes -subj /CN=database -keyout server.key -out server.csr
printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:false\\n' >extensions
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
    -extfile extensions -out server.crt";

#[test]
fn tls_verifies_the_certificate_and_the_host() {
    let folders = Folders::new();
    let root = folders.root();
    let script = ["-ec", CERTIFICATES];
    let made = Command::new("sh").args(script).current_dir(root).output().unwrap();
    if !made.status.success() {
        return forbidden("TLS with the database: openssl isn't installed");
    }
    let read = |name: &str| std::fs::read(root.join(name)).unwrap();
    let files = ["server.crt", "server.key"].map(|name| (name, read(name)));
    let secure = Options {
        tcp: true,
        settings: vec![("ssl", "on".to_owned())],
        files: files.into(),
        ..Options::default()
    };
    let cluster = Cluster::start(secure);
    let [authority, other, namesake] =
        ["ca.crt", "other.crt", "namesake.crt"].map(|name| root.join(name));
    let authority = authority.to_str();
    let port = cluster.address().split(':').next_back().unwrap().to_owned();
    let url = |host: &str, mode: &str| {
        format!("postgres://goldstar@{host}:{port}/postgres?sslmode={mode}")
    };
    for (host, mode, authority, says) in [
        ("127.0.0.1", "require", None, "set SSL_CERT_FILE"),
        ("127.0.0.1", "prefer", None, "set SSL_CERT_FILE"),
        ("127.0.0.1", "require", other.to_str(), "set SSL_CERT_FILE"),
        ("127.0.0.1", "require", namesake.to_str(), "set SSL_CERT_FILE"),
        ("localhost", "require", authority, "is for another host"),
    ] {
        let (code, _, error) = migrate(&url(host, mode), authority);
        assert!(code == 1 && error.contains(says), "{error}");
    }
    for mode in ["require", "verify-full"] {
        let (code, _, error) = migrate(&url("127.0.0.1", mode), authority);
        assert_eq!(code, 0, "{error}");
    }
    let plain = Cluster::start(Options { tcp: true, ..Options::default() });
    let url = format!("postgres://goldstar@{}/postgres?sslmode=require", plain.address());
    let (code, _, error) = migrate(&url, authority);
    assert!(code == 1 && error.contains("offers no TLS"), "{error}");
}
