//! `goldstar export events`

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::data_directory;
use super::failure::Failure;
use super::new_file::NewFile;
use super::progress;
use super::runtime::runtime;
use crate::app::{self, Machine, StopError};
use crate::config::{Config, Data, Flags, zone};
use crate::domain::calendar::{Bound, Period, PeriodZone, Zone};
use crate::domain::{Action, EntityType, EventFilter, SortOrder};
use crate::metrics::Metrics;
use crate::service::{ExportFormat, ExportQuery, ExportedEvents, Service};

#[derive(Args)]
#[command(after_help = "\
The file contains the events at one moment, of all families unless a filter selects some, including those \
of deleted children and accounts. Servers may use a database meanwhile. A directory is opened as a server \
does, which writes all changes from the journal into the data files.

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
    /// Data directory of a stopped server, instead of --data-dir
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
    let (query, format) = (query(&events), format(&events)?);
    let Events { directory, out, flags, .. } = events;
    let mut config = data_directory::resolve(flags, directory)?;
    if config.storage.is_data_dir_named {
        config.storage.database_url = None;
    }
    if config.storage.database_url.is_none() {
        data_directory::require(&config.storage.data_dir)?;
    }
    // Before the data is read, so that a file that exists is reported at once.
    let file = out.map(NewFile::begin).transpose()?;
    runtime()?.block_on(export(&config, query, format, file))
}

fn query(events: &Events) -> ExportQuery {
    let filter = EventFilter {
        child_id: events.child_id.as_deref().map(Into::into),
        user_id: events.user_id.as_deref().map(Into::into),
        entity_type: events.entity_type,
        entity_id: events.entity_id.clone(),
        action: events.action,
        ..EventFilter::default()
    };
    let zone = PeriodZone::Named(events.tz.clone());
    let period = Period { from: events.from, to: events.to, zone };
    let order = match events.order {
        Order::Asc => SortOrder::Ascending,
        Order::Desc => SortOrder::Descending,
    };
    ExportQuery { filter, period, order }
}

fn format(events: &Events) -> Result<ExportFormat, Failure> {
    match (events.format, events.bom) {
        (Format::Csv, bom) => Ok(ExportFormat::Csv { bom }),
        (Format::Ndjson, false) => Ok(ExportFormat::Ndjson),
        (Format::Ndjson, true) => Err(Failure::BomOfNdjson),
    }
}

async fn export(
    config: &Config,
    query: ExportQuery,
    format: ExportFormat,
    file: Option<NewFile>,
) -> Result<(), Failure> {
    let machine = Machine { progress: progress::on_terminal(), ..Machine::default() };
    let metrics = Metrics::new(machine.clock.now());
    let service = tokio::task::block_in_place(|| {
        app::open(&config.storage, config.service.clone(), &machine, &metrics)
    })?;
    let written = write(&service, query, format, file).await;
    // Even after an error, the directory must be in the state in which a stopped server leaves it.
    let closed = service.close().await.map_err(StopError::Close);
    written?;
    Ok(closed?)
}

async fn write(
    service: &Service,
    query: ExportQuery,
    format: ExportFormat,
    file: Option<NewFile>,
) -> Result<(), Failure> {
    let mut events = service.export_events(query).await?;
    let Some(mut file) = file else { return print(events, format).await };
    loop {
        let piece = events.next(format).await?;
        if piece.is_empty() {
            break;
        }
        file.push(piece.as_bytes())?;
    }
    let path = file.finish()?;
    let said = writeln!(io::stdout(), "{} contains {} events.", path.display(), events.count());
    said.map_err(Failure::io("everything was exported, but this could not be printed"))
}

async fn print(mut events: ExportedEvents, format: ExportFormat) -> Result<(), Failure> {
    loop {
        let piece = events.next(format).await?;
        let mut out = io::stdout().lock();
        let written = out.write_all(piece.as_bytes()).and_then(|()| out.flush());
        written.map_err(Failure::io("the events could not be printed"))?;
        if piece.is_empty() {
            return Ok(());
        }
    }
}
