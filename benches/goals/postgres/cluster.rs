//! A PostgreSQL of its own on the disk, which syncs what it commits.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::processor::{Times, seconds, times};

/// Starts a cluster in a new directory, and prints the directory and the server's process. It is stopped
/// and removed when the standard input ends.
const SCRIPT: &str = r#"
set -eu
cd /
directory=$(mktemp -d /var/tmp/goldstar-bench-XXXXXX)
server=
end() {
    test -z "$server" || { kill -QUIT "$server"; wait "$server" || true; }
    rm -rf "$directory"
}
trap end EXIT
trap '' HUP INT TERM
"$1/initdb" -D "$directory/data" -U goldstar --auth=trust -E UTF8 --locale=C >&2
"$1/postgres" -D "$directory/data" -c listen_addresses= -c unix_socket_directories="$directory" \
    -c max_connections=200 -c shared_buffers=512MB -c max_wal_size=8GB -c checkpoint_timeout=30min \
    -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=none \
    >"$directory/server.log" 2>&1 </dev/null &
server=$!
until "$1/pg_isready" -q -h "$directory"; do
    kill -0 "$server" || { cat "$directory/server.log" >&2; exit 1; }
    sleep 0.05
done
echo "$server $directory"
read -r _ || true
"#;

pub(crate) struct Cluster {
    programs: String,
    pub(super) directory: PathBuf,
    server: u32,
    /// The end of its standard input stops the cluster.
    _script: Child,
}

impl Cluster {
    pub(super) fn start() -> io::Result<Self> {
        let programs = programs()?;
        let mut script = unprivileged()
            .args(["sh", "-c", SCRIPT, "sh", &programs])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = script.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let failed = || io::Error::other("PostgreSQL did not start");
        let (server, directory) = line.trim().split_once(' ').ok_or_else(failed)?;
        let server = server.parse().map_err(io::Error::other)?;
        Ok(Self { programs, directory: directory.into(), server, _script: script })
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://goldstar@/{database}?host={}", self.directory.display())
    }

    /// A program of this version of PostgreSQL.
    pub(super) fn program(&self, name: &str) -> Command {
        Command::new(format!("{}/{name}", self.programs))
    }

    /// Executes statements, and returns the first field of the first row.
    pub(super) fn execute(&self, database: &str, statements: &str) -> io::Result<String> {
        let mut psql = self.program("psql");
        psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statements, &self.url(database)]);
        let done = psql.stderr(Stdio::inherit()).output()?;
        if !done.status.success() {
            return Err(io::Error::other(format!("psql failed: {statements}")));
        }
        let output = String::from_utf8_lossy(&done.stdout);
        Ok(output.lines().next().unwrap_or_default().to_owned())
    }

    /// A number that a statement returns.
    pub(super) fn number(&self, database: &str, statement: &str) -> io::Result<f64> {
        self.execute(database, statement)?.parse().map_err(io::Error::other)
    }

    /// Creates a database, empty or as a copy. Replaces the one with that name.
    pub(crate) fn create(&self, database: &str, template: &str) -> io::Result<()> {
        self.execute("postgres", &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))?;
        let create = format!("CREATE DATABASE {database} TEMPLATE {template}");
        self.execute("postgres", &create).map(|_| ())
    }

    /// The processor time of all processes of the server so far, in seconds.
    pub(super) fn processor_time(&self) -> io::Result<f64> {
        let mut ticks = 0;
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            let is_process = path.file_name().and_then(|it| it.to_str()?.parse::<u32>().ok());
            let Some((process, times)) = is_process.zip(times(&path)) else { continue };
            let Times { parent, own, children } = times;
            if process == self.server {
                ticks += own + children;
            } else if parent == self.server {
                ticks += own;
            }
        }
        Ok(seconds(ticks))
    }
}

/// The directory of the server's programs: Debian has one for each version.
fn programs() -> io::Result<String> {
    let versions = fs::read_dir("/usr/lib/postgresql")?.flatten();
    let newest = versions.filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok()).max();
    let newest = newest.ok_or_else(|| io::Error::other("install PostgreSQL 15 or newer"))?;
    Ok(format!("/usr/lib/postgresql/{newest}/bin"))
}

/// Runs a program as a user that PostgreSQL accepts: not as root.
fn unprivileged() -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::getuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    }
    command
}
