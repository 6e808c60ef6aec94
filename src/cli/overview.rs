//! `goldstar settings`, `goldstar sessions`, `goldstar stats`

use std::process::ExitCode;

use axum::http::Method;
use clap::Args;
use serde_json::Value;

use super::administered::{Administered, Output, operate, text_of};
use super::failure::Failure;

#[derive(Args)]
pub(super) struct Sessions {
    /// Largest number of sessions to print
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,

    /// Number of sessions to skip
    #[arg(long, default_value_t = 0)]
    offset: u32,

    #[command(flatten)]
    output: Output,
}

pub(super) fn settings(output: &Output) -> Result<ExitCode, Failure> {
    print(output, "/admin/settings", |page| {
        let settings = page["settings"].as_array().map_or(&[][..], Vec::as_slice);
        let lines: Vec<_> =
            settings.iter().map(|it| ["line", "origin"].map(|field| text_of(it, field))).collect();
        let width = lines.iter().map(|[line, _]| line.chars().count()).max().unwrap_or_default();
        let lines = lines.into_iter().map(|[line, origin]| format!("{line:width$}  # {origin}"));
        lines.collect::<Vec<_>>().join("\n")
    })
}

pub(super) fn sessions(arguments: &Sessions) -> Result<ExitCode, Failure> {
    let Sessions { limit, offset, output } = arguments;
    print(output, &format!("/admin/sessions?limit={limit}&offset={offset}"), |page| {
        let sessions = page["sessions"].as_array().map_or(&[][..], Vec::as_slice);
        let head = format!("{:30}  {:6}  {:27}  last used\n", "account", "role", "created");
        let table = sessions.iter().fold(head, |table, session| {
            let [email, scope, created, used] = ["email", "scope", "created_at", "last_used_at"]
                .map(|field| text_of(session, field));
            table + &format!("{email:30}  {scope:6}  {created:27}  {used}\n")
        });
        format!("{table}{} of {} sessions", sessions.len(), page["total"])
    })
}

pub(super) fn stats(output: &Output) -> Result<ExitCode, Failure> {
    print(output, "/admin/stats", |stats| {
        let fields = stats.as_object().into_iter().flatten();
        let lines = fields.map(|(name, value)| format!("{:18}  {value}", name.replace('_', " ")));
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// Prints the response of a route, as it is or as a text.
fn print(
    output: &Output,
    path: &str,
    text: impl FnOnce(&Value) -> String,
) -> Result<ExitCode, Failure> {
    operate(output, async |server: &Administered| {
        let found = server.call(Method::GET, path).await?;
        Ok((if output.json { found.to_string() } else { text(&found) }, ExitCode::SUCCESS))
    })
}
