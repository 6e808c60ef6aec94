//! `goldstar events`

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use axum::http::Method;
use clap::Args;
use serde_json::Value;
use tokio::time::sleep;

use super::administered::{Administered, Output, encoded, operate, text_of};
use super::failure::Failure;
use crate::app::Machine;
use crate::domain::Timestamp;

/// The time between two requests for new events.
const INTERVAL: Duration = Duration::from_millis(500);
/// A new event can have a time from before the previous request, because the clocks of the servers on a database differ.
/// Each request therefore begins that much earlier.
const OVERLAP: Duration = Duration::from_secs(10);
/// The largest number of events in a response.
const PAGE: usize = 500;

#[derive(Args)]
#[command(after_help = "\
The events of all families: time, account, child, what happened, and the points afterwards. With --json, \
each line is an event as it is stored.

Examples:
  goldstar events --last 100
  goldstar events --follow --json | jq .delta")]
pub(super) struct Events {
    /// Print new events as they happen, until the command is interrupted
    #[arg(long, short)]
    follow: bool,

    /// Number of the latest events to begin with
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=500))]
    last: u16,

    #[command(flatten)]
    output: Output,
}

pub(super) fn run(arguments: &Events) -> Result<ExitCode, Failure> {
    operate(&arguments.output, async |server| {
        let follow = arguments.follow;
        if follow && server.is_alone() {
            return Err(Failure::NothingToFollow);
        }
        let mut printer = Printer {
            json: arguments.output.json,
            is_coloured: io::stdout().is_terminal(),
            printed: HashSet::new(),
        };
        let mut from = Machine::default().clock.now().before(OVERLAP);
        // Read before the latest events, so that an event in between is printed with these or found later.
        let earlier = if follow { since(server, from).await? } else { Vec::new() };
        let mut latest = last(server, arguments.last).await?;
        latest.reverse();
        let text = printer.text(&latest);
        if !follow {
            return Ok((text.trim_end().to_owned(), ExitCode::SUCCESS));
        }
        printer.skip(&earlier);
        write(&text)?;
        loop {
            sleep(INTERVAL).await;
            let asked = Machine::default().clock.now().before(OVERLAP);
            let events = since(server, from).await?;
            write(&printer.text(&events))?;
            printer.forget_before(asked, &events);
            from = asked;
        }
    })
}

/// The latest events, the newest first.
async fn last(server: &Administered, limit: u16) -> Result<Vec<Value>, Failure> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    events(server, &format!("/admin/tracking?limit={limit}")).await
}

/// All events at or after a time.
async fn since(server: &Administered, from: Timestamp) -> Result<Vec<Value>, Failure> {
    let (mut found, from) = (Vec::new(), encoded(&from.to_string()));
    loop {
        let offset = found.len();
        let path = format!("/admin/tracking?order=asc&from={from}&limit={PAGE}&offset={offset}");
        let page = events(server, &path).await?;
        let is_last = page.len() < PAGE;
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}

async fn events(server: &Administered, path: &str) -> Result<Vec<Value>, Failure> {
    let mut page = server.call(Method::GET, path).await?;
    Ok(page["tracking_events"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(Failure::io("the events could not be printed"))
}

struct Printer {
    json: bool,
    is_coloured: bool,
    /// The ids of the events that may be found again.
    printed: HashSet<String>,
}

impl Printer {
    /// The lines of the events that were not printed yet.
    fn text(&mut self, events: &[Value]) -> String {
        let new = events.iter().filter(|event| self.printed.insert(text_of(event, "id")));
        let new: Vec<&Value> = new.collect();
        new.into_iter().map(|event| self.line(event) + "\n").collect()
    }

    fn skip(&mut self, events: &[Value]) {
        self.printed.extend(events.iter().map(|event| text_of(event, "id")));
    }

    /// Removes the ids of the events that are too old to be found again.
    fn forget_before(&mut self, time: Timestamp, events: &[Value]) {
        let time = time.to_string();
        let recent = events.iter().filter(|event| text_of(event, "occurred_at") >= time);
        let recent: HashSet<String> = recent.map(|event| text_of(event, "id")).collect();
        self.printed.retain(|id| recent.contains(id));
    }

    fn line(&self, event: &Value) -> String {
        if self.json {
            return event.to_string();
        }
        let [time, child, kind, action] =
            ["occurred_at", "child_id", "entity_type", "action"].map(|field| text_of(event, field));
        let account = Some(text_of(event, "user_id")).filter(|id| !id.is_empty());
        let account = account.unwrap_or_else(|| "(deleted)".to_owned());
        let delta = event["delta"].as_i64().unwrap_or_default();
        let name = text_of(&event["metadata"], "name");
        let (colour, end) = match delta.signum() {
            _ if !self.is_coloured => ("", ""),
            1 => ("\u{1b}[32m", "\u{1b}[0m"),
            -1 => ("\u{1b}[31m", "\u{1b}[0m"),
            _ => ("\u{1b}[2m", "\u{1b}[0m"),
        };
        let after = &event["points_after"];
        let what = format!("{kind} {action}");
        format!(
            "{time}  {account}  {child}  {colour}{what:17}  {delta:+5}{end}  {after:>6}  {name}"
        )
    }
}
