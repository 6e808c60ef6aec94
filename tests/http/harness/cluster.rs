//! A PostgreSQL of this test process: it is started by the first test that needs it, and has one
//! database for each test.

use std::io::{BufRead, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Starts a cluster in a new directory, and prints the directory. It is stopped and removed when the
/// standard input ends: when this process has ended, however it did.
const SCRIPT: &str = r#"
set -eu
cd /
directory=$(mktemp -d /tmp/goldstar-pg-XXXXXX)
server=
end() {
    test -z "$server" || { kill -QUIT "$server"; wait "$server" || true; }
    rm -rf "$directory"
}
trap end EXIT
trap '' HUP INT TERM
"$1/initdb" -D "$directory/data" -U goldstar --auth=trust --no-sync -E UTF8 --locale=C \
    >"$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; exit 1; }
printf 'local all locked scram-sha-256\nlocal all all trust\n' >"$directory/data/pg_hba.conf"
"$1/postgres" -D "$directory/data" -c listen_addresses= -c unix_socket_directories="$directory" \
    -c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB \
    >"$directory/server.log" 2>&1 </dev/null &
server=$!
until "$1/pg_isready" -q -h "$directory"; do
    kill -0 "$server" || { cat "$directory/server.log" >&2; exit 1; }
    sleep 0.05
done
echo "$directory"
read -r _ || true
"#;

/// What to do if the programs are missing.
const MISSING: &str = "these tests need PostgreSQL 15 or newer: install Debian's packages \
                       `postgresql` and `util-linux`, or put `initdb` and `postgres` in the PATH";

struct Cluster {
    programs: String,
    directory: String,
    /// The end of its standard input stops the cluster.
    _script: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// The URL of a new, empty database.
pub(crate) fn new_database() -> String {
    let cluster = CLUSTER.get_or_init(Cluster::start);
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::SeqCst));
    execute(&cluster.url("goldstar", "postgres"), &format!("CREATE DATABASE {name}"));
    cluster.url("goldstar", &name)
}

/// Executes SQL statements with `psql`. Returns the lines of the result.
pub(crate) fn execute(url: &str, statements: &str) -> Vec<String> {
    let cluster = CLUSTER.get_or_init(Cluster::start);
    let done = Command::new(format!("{}/psql", cluster.programs))
        .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", statements, url])
        .output()
        .expect(MISSING);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).lines().map(ToOwned::to_owned).collect()
}

impl Cluster {
    fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@/{database}?host={}", self.directory)
    }

    fn start() -> Self {
        let programs = programs();
        let mut command = unprivileged();
        let mut script: Child = command
            .args(["sh", "-c", SCRIPT, "sh", &programs])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect(MISSING);
        let mut directory = String::new();
        let mut output = BufReader::new(script.stdout.take().expect("it is piped"));
        output.read_line(&mut directory).expect("the output is text");
        if directory.is_empty() {
            let mut errors = String::new();
            let read = script.stderr.take().expect("it is piped").read_to_string(&mut errors);
            panic!("PostgreSQL did not start: {errors} ({read:?}); {MISSING}");
        }
        Self { programs, directory: directory.trim_end().to_owned(), _script: script }
    }
}

/// The directory of the server's programs: Debian has one for each version.
fn programs() -> String {
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
fn unprivileged() -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::getuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    }
    command
}
