//! Compares Goldstar with the best possible result: the goals of docs/performance.md.
//!
//! `scripts/bench` builds and installs what this needs, and starts it. `--quick` uses small sizes and
//! few rounds, to see that everything works. Names of rows select these rows.
//!
//! The candidates of a row are measured alternately; the printed figures are medians of all rounds.
#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on has failed")]

mod activation;
mod backup;
mod busy;
mod day;
mod devices;
mod features;
mod oha;
mod pages;
mod peers;
mod postgres;
mod processor;
mod scale;
mod start;
mod storm;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod tracking;
mod upkeep;

use std::cell::OnceCell;
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use support::generate::{Size, generate};
use tempfile::TempDir;

/// A row, or a few that are measured together: its name, and the function that measures and prints it.
type Row = (&'static str, fn(&Plan));

const ROWS: [Row; 23] = [
    ("footprint", start::footprint),
    ("start", start::start),
    ("memory", start::memory),
    ("activation", activation::against_memory),
    ("group", activation::against_group_commit),
    ("single", activation::against_one_sync),
    ("sqlite", activation::against_sqlite),
    ("flask", activation::against_flask),
    ("growth", activation::growth),
    ("tracking", tracking::page),
    ("filters", tracking::filters),
    ("upkeep", upkeep::upkeep),
    ("backup", backup::embedded),
    ("streams", streams::streams),
    ("pages", pages::pages),
    ("features", features::features),
    ("postgres", postgres::many),
    ("postgres-busy", postgres::busy),
    ("postgres-servers", postgres::two_servers),
    ("postgres-cost", postgres::cost),
    ("postgres-tracking", postgres::page),
    ("postgres-import", postgres::import),
    ("postgres-backup", backup::database),
];

/// What takes so long that it runs only if it is named.
const LONG_ROWS: [Row; 3] = [("day", day::day), ("scale", scale::scale), ("storm", storm::storm)];

/// How much is measured.
struct Plan {
    is_quick: bool,
    rounds: usize,
    /// How long each load lasts.
    seconds: u64,
    /// The events of the large directory.
    large: u64,
    /// How many event streams there are at once.
    readers: usize,
    /// The families of a database of many.
    families: u64,
    folder: TempDir,
    large_folder: OnceCell<PathBuf>,
    cluster: OnceCell<postgres::Cluster>,
    /// The requests of the rows about activations on PostgreSQL.
    activations: OnceCell<Vec<Vec<u8>>>,
}

impl Plan {
    fn new(is_quick: bool) -> Self {
        let (rounds, seconds, large, readers, families) =
            if is_quick { (2, 1, 20_000, 500, 100) } else { (5, 5, 1_000_000, 10_000, 1_000) };
        // On the disk of the build. /tmp may be in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (large_folder, cluster, activations) =
            (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self {
            is_quick,
            rounds,
            seconds,
            large,
            readers,
            families,
            folder,
            large_folder,
            cluster,
            activations,
        }
    }

    /// A new folder with a directory of that size. Replaces the previous folder of that name.
    fn fresh(&self, name: &str, size: Size) -> PathBuf {
        let folder = self.folder.path().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        generate(&folder.join("data"), size).unwrap();
        folder
    }

    /// The folder of the large directory, which several rows use: 100 families, 1,000 children.
    fn large(&self) -> &Path {
        self.large_folder.get_or_init(|| {
            self.fresh(
                "large",
                Size { users: 100, children: 1_000, events: self.large, departing: false },
            )
        })
    }
}

/// What this program does in the processes that it starts itself.
fn command_of(name: &str) -> Option<fn(SocketAddr, usize)> {
    match name {
        streams::READERS => Some(|address, count| streams::read(address, count, false)),
        streams::PAGES => Some(|address, count| streams::read(address, count, true)),
        devices::DEVICES => Some(devices::follow),
        _ => None,
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    if let [command, address, count] = &arguments[..]
        && let Some(run) = command_of(command)
    {
        run(address.parse().unwrap(), count.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let (options, names): (Vec<_>, Vec<_>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    let rows = || ROWS.iter().chain(&LONG_ROWS);
    let unknown = names.iter().any(|name| rows().all(|(row, _)| row != name));
    if unknown || options.iter().any(|option| *option != "--quick") {
        let [rows, long] = [&ROWS[..], &LONG_ROWS].map(|rows| {
            let names: Vec<_> = rows.iter().map(|(name, _)| *name).collect();
            names.join(" ")
        });
        eprintln!("usage: scripts/bench [--quick] [ROW…]\nrows: {rows}\nonly by name: {long}");
        return ExitCode::from(2);
    }
    let plan = Plan::new(!options.is_empty());
    table::print_head();
    let is_wanted = |name: &str| names.iter().any(|wanted| *wanted == name);
    let all = if names.is_empty() { &ROWS[..] } else { &[] };
    for (_, measure) in all.iter().chain(rows().filter(|(name, _)| is_wanted(name))) {
        measure(&plan);
    }
    ExitCode::SUCCESS
}
