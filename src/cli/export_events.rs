//! `goldstar export events`

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::Method;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::administered::{Administered, Download, encoded};
use super::data_directory;
use super::failure::Failure;
use super::report::Report;
use super::runtime::runtime;
use crate::config::{Data, Flags, zone};
use crate::disk::{NewFile, RealDisk};
use crate::domain::calendar::{Bound, Zone};
use crate::domain::{Action, EntityType};

#[derive(Args)]
#[command(after_help = "\
The file contains the events at one moment, of all families unless a filter selects some, including those \
of deleted children and accounts. If a server runs on the directory, it makes the export; servers may also use \
a database. Another directory is opened as a server does, which writes all changes from the journal into the \
data files.

A CSV file has the fields of an event as columns, and of its metadata name, points, cost, note, reverses \
and actor. A text that a spreadsheet would execute as a formula has an apostrophe before it. A line of an \
NDJSON file is an event as it is stored.

The exit code is 0 if everything was exported, 78 for damage, 2 for wrong arguments, and 1 for any other \
failure.

Examples:
  goldstar export events /var/lib/goldstar --format csv --out events.csv
  goldstar export events --database-url postgres://goldstar@localhost/goldstar --format ndjson | gzip > events.gz
  goldstar export events --config /etc/goldstar/goldstar.toml --format csv --from 2026-01-01 --to 2026-12-31")]
pub(super) struct Events {
    /// Data directory, instead of --data-dir
    #[arg(value_name = "DIR", conflicts_with = "data_dir")]
    directory: Option<PathBuf>,

    /// Format of the file
    #[arg(long)]
    format: Format,

    /// Start a CSV file with a byte order mark, by which Excel recognizes UTF-8
    #[arg(long)]
    bom: bool,

    /// File to create, instead of the standard output; it gets its name when it is complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Only events of this child
    #[arg(long, value_name = "ID")]
    child_id: Option<String>,

    /// Only events of this account
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,

    /// Only events of this type: task, reward or penalty
    #[arg(long, value_name = "TYPE", value_parser = entity_type)]
    entity_type: Option<EntityType>,

    /// Only events of this task, penalty or reward
    #[arg(long, value_name = "ID")]
    entity_id: Option<String>,

    /// Only events with this action: activated, requested, redeemed or cancelled
    #[arg(long, value_parser = action)]
    action: Option<Action>,

    /// Only events at this time or later, such as 2026-02-09 or 2026-02-09T18:42:15Z
    #[arg(long, value_name = "TIME", value_parser = bound)]
    from: Option<Bound>,

    /// Only events before this time; a date includes that whole day
    #[arg(long, value_name = "TIME", value_parser = bound)]
    to: Option<Bound>,

    /// Time zone of the dates of --from and --to, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    tz: Zone,

    /// Newest or oldest events first
    #[arg(long, default_value = "desc")]
    order: Order,

    /// Print the number of events as one JSON object; the events go to --out
    #[arg(long, requires = "out")]
    json: bool,

    #[command(flatten)]
    flags: Flags<Data>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Ndjson,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    Asc,
    Desc,
}

fn entity_type(text: &str) -> Result<EntityType, &'static str> {
    EntityType::parse(text).ok_or("must be task, reward or penalty")
}

fn action(text: &str) -> Result<Action, &'static str> {
    Action::parse(text).ok_or("must be activated, requested, redeemed or cancelled")
}

const TIME: &str = "must be a date, 2026-02-09, or a moment, 2026-02-09T18:42:15Z";

fn bound(text: &str) -> Result<Bound, &'static str> {
    Bound::parse(text).ok_or(TIME)
}

pub(super) fn run(events: Events) -> Result<(), Failure> {
    let path = path_of(&events)?;
    let Events { directory, format, out, json, flags, .. } = events;
    let config = data_directory::resolve(flags, directory)?;
    if config.storage.database_url.is_none() {
        data_directory::require(&config.storage.data_dir)?;
    }
    // Before the data is read, so that a file that exists is reported at once.
    let file = out.map(|to| NewFile::begin(Arc::new(RealDisk), to)).transpose()?;
    runtime()?.block_on(async {
        let server = Administered::open(config)?;
        let written = write(&server, &path, format, file, &Report { json }).await;
        // Even after an error, the directory must be in the state in which a stopped server leaves it.
        let closed = server.close().await;
        written?;
        closed
    })
}

/// The path of the export in the API, with the query.
fn path_of(events: &Events) -> Result<String, Failure> {
    if events.bom && events.format == Format::Ndjson {
        return Err(Failure::BomOfNdjson);
    }
    let bound = |bound: Option<Bound>| bound.map(|bound| bound.to_string());
    let parameters = [
        ("child_id", events.child_id.clone()),
        ("user_id", events.user_id.clone()),
        ("entity_type", events.entity_type.map(|it| it.as_str().to_owned())),
        ("entity_id", events.entity_id.clone()),
        ("action", events.action.map(|it| it.as_str().to_owned())),
        ("from", bound(events.from)),
        ("to", bound(events.to)),
        ("tz", Some(events.tz.name().to_owned())),
        ("order", Some(if events.order == Order::Asc { "asc" } else { "desc" }.to_owned())),
        ("format", Some(if events.format == Format::Csv { "csv" } else { "ndjson" }.to_owned())),
        ("bom", events.bom.then(|| "true".to_owned())),
    ];
    let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", encoded(&value))).collect();
    Ok(format!("/admin/tracking/export?{}", query.join("&")))
}

async fn write(
    server: &Administered,
    path: &str,
    format: Format,
    file: Option<NewFile>,
    report: &Report,
) -> Result<(), Failure> {
    let mut download = server.download(Method::GET, path).await?;
    let Some(mut file) = file else { return print(download).await };
    let mut lines = Lines::default();
    while let Some(bytes) = download.next().await? {
        lines.count(&bytes);
        file.push(&bytes)?;
    }
    let path = file.finish()?;
    // A CSV file has a line with the names of the columns.
    let events = lines.complete - u64::from(format == Format::Csv);
    report.print(
        "everything was exported",
        || json!({"file": path.to_string_lossy(), "events": events}),
        || format!("{} contains {events} events.", path.display()),
    )
}

async fn print(mut download: Download) -> Result<(), Failure> {
    while let Some(bytes) = download.next().await? {
        let mut out = io::stdout().lock();
        let written = out.write_all(&bytes).and_then(|()| out.flush());
        written.map_err(Failure::io("the events could not be printed"))?;
    }
    Ok(())
}

/// Counts the lines of a file. A line break in a field of a CSV file is between quotation marks; a line of JSON
/// contains none.
#[derive(Default)]
struct Lines {
    complete: u64,
    is_quoted: bool,
}

impl Lines {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' if !self.is_quoted => self.complete += 1,
                _ => {}
            }
        }
    }
}
