//! `goldstar account`

mod change;
mod log;
mod named;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use axum::http::Method;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::administered::{Administered, Output, encoded, operate, text_of};
use super::failure::{Failure, LOOK};
use change::Change;
use log::Log;
use named::{One, find, path_of};

#[derive(Args)]
#[command(after_help = "\
If a server runs on the data directory, these commands use its socket, which only its user and root can \
use. Otherwise they open the directory themselves. With --database-url, they work on the database, which \
servers may use meanwhile.

The exit code is 0 for success, 1 for a failure, such as an account that does not exist, 2 for wrong \
arguments, 3 if the deletion of an account has started and is not complete yet, and 78 for damaged data.

Examples:
  goldstar account list --data-dir /var/lib/goldstar
  goldstar account delete ada@example.org --yes")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List accounts in the order of their creation
    List(List),
    /// Print an account, the number of its sessions, and their last use
    Show(One),
    /// End all sessions of an account and of its children
    EndSessions(One),
    /// Print a link with which the owner of an account sets a new password, once and within 24 hours
    ResetLink(One),
    #[command(flatten)]
    Change(Change),
    /// Mark an account for deletion, and end its sessions
    Mark(Confirmed),
    /// Remove the mark from an account, so that its owner can log in again
    Unmark(One),
    /// Print what administrators and the operator have done, the newest actions first
    Log(Log),
    /// Delete an account and everything of its family now, whether or not it is marked
    Delete(Confirmed),
}

#[derive(Args)]
struct List {
    /// Only accounts with this id, or with this text in their email address or names
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,

    /// Only accounts that are marked for deletion, or that are not
    #[arg(long)]
    state: Option<State>,

    /// Largest number of accounts to print
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,

    /// Number of accounts to skip
    #[arg(long, default_value_t = 0)]
    offset: u32,

    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Active,
    Marked,
}

#[derive(Args)]
struct Confirmed {
    #[command(flatten)]
    one: One,

    /// Do not ask for a confirmation
    #[arg(long)]
    yes: bool,
}

impl Command {
    fn output(&self) -> &Output {
        match self {
            Self::List(list) => &list.output,
            Self::Show(one) | Self::EndSessions(one) | Self::ResetLink(one) | Self::Unmark(one) => {
                &one.output
            }
            Self::Change(change) => change.output(),
            Self::Log(log) => &log.output,
            Self::Mark(confirmed) | Self::Delete(confirmed) => &confirmed.one.output,
        }
    }
}

pub(super) fn run(Arguments { command }: Arguments) -> Result<ExitCode, Failure> {
    operate(command.output(), async |server| execute(server, &command).await)
}

/// Executes a command. Returns what it prints, and its exit code.
async fn execute(server: &Administered, command: &Command) -> Result<(String, ExitCode), Failure> {
    let json = command.output().json;
    let text = match command {
        Command::List(arguments) => list(server, arguments).await?,
        Command::Log(log) => log.execute(server).await?,
        Command::Show(one) => {
            let account = find(server, &one.account).await?;
            if json { account.to_string() } else { details(&account) }
        }
        Command::Change(change) => {
            let (account, said) = change.execute(server).await?;
            if json {
                account.to_string()
            } else {
                format!("{} {said}.", text_of(&account, "email"))
            }
        }
        Command::EndSessions(one) => {
            let account = find(server, &one.account).await?;
            post(server, &account, "end-sessions").await?;
            after(server, &account, json, "has no session any more").await?
        }
        Command::ResetLink(one) => {
            let account = find(server, &one.account).await?;
            let created = post(server, &account, "reset-link").await?;
            if json { created.to_string() } else { link(&created) }
        }
        Command::Unmark(one) => {
            let account = find(server, &one.account).await?;
            post(server, &account, "unmark").await?;
            after(server, &account, json, "can be used again").await?
        }
        Command::Mark(Confirmed { one, yes }) => {
            let account = find(server, &one.account).await?;
            confirm(*yes, &format!("Mark {} for deletion?", name(&account)))?;
            let due = post(server, &account, "mark-for-deletion").await?;
            let due = format!("will be deleted at {} or later", text_of(&due, "due_at"));
            after(server, &account, json, &due).await?
        }
        Command::Delete(Confirmed { one, yes }) => {
            let account = find(server, &one.account).await?;
            let question = format!(
                "Delete {} and everything of the family? This cannot be undone.",
                name(&account)
            );
            confirm(*yes, &question)?;
            return delete(server, &account, json).await;
        }
    };
    Ok((text, ExitCode::SUCCESS))
}

async fn list(server: &Administered, arguments: &List) -> Result<String, Failure> {
    let List { search, state, limit, offset, output } = arguments;
    let search = search.as_ref().map_or(String::new(), |text| format!("&q={}", encoded(text)));
    let state = match state {
        Some(State::Active) => "&state=active",
        Some(State::Marked) => "&state=marked",
        None => "",
    };
    let path = format!("/admin/accounts?limit={limit}&offset={offset}{search}{state}");
    let page = server.call(Method::GET, &path).await?;
    if output.json {
        return Ok(page.to_string());
    }
    let accounts = page["accounts"].as_array().map_or(&[][..], Vec::as_slice);
    let head = format!("{:36}  {:6}  {:11}  {:30}  name\n", "id", "role", "state", "email");
    let table = accounts.iter().fold(head, |table, account| {
        let [id, role, email] = ["id", "role", "email"].map(|field| text_of(account, field));
        let (state, name) = (state_of(account), full_name(account));
        table + &format!("{id:36}  {role:6}  {state:11}  {email:30}  {name}\n")
    });
    Ok(format!("{table}{} of {} accounts", accounts.len(), page["total"]))
}

fn link(created: &Value) -> String {
    let [link, expires_at] = ["link", "expires_at"].map(|field| text_of(created, field));
    let advice = if link.starts_with('/') {
        "\nIt has no host, because public_url is not set: put the address of the front end before it."
    } else {
        ""
    };
    format!("{link}\nIt can be used once, until {expires_at}.{advice}")
}

async fn post(server: &Administered, account: &Value, action: &str) -> Result<Value, Failure> {
    server.call(Method::POST, &format!("{}/{action}", path_of(account))).await
}

/// The result of a change: the account as it is now, or a sentence.
async fn after(
    server: &Administered,
    account: &Value,
    json: bool,
    said: &str,
) -> Result<String, Failure> {
    if json {
        return Ok(server.call(Method::GET, &path_of(account)).await?.to_string());
    }
    Ok(format!("{} {said}.", text_of(account, "email")))
}

async fn delete(
    server: &Administered,
    account: &Value,
    json: bool,
) -> Result<(String, ExitCode), Failure> {
    let run = server.call(Method::DELETE, &path_of(account)).await?;
    let result = &run["results"][0];
    let (outcome, error) = (text_of(result, "outcome"), text_of(result, "error"));
    let code = match &*outcome {
        "deleted" => ExitCode::SUCCESS,
        "failed" => ExitCode::FAILURE,
        _ => ExitCode::from(LOOK),
    };
    let email = text_of(account, "email");
    let text = match &*outcome {
        _ if json => run.to_string(),
        "deleted" => format!("{email} is deleted."),
        _ => format!("{email} is not deleted yet ({outcome}): {error}. A server tries again."),
    };
    Ok((text, code))
}

/// Asks on the terminal. Fails if there is none, and unless the answer is yes.
fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::NotConfirmed);
    }
    let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stderr().flush());
    asked.map_err(Failure::io("the question could not be printed"))?;
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.map_err(Failure::io("the answer could not be read"))?;
    let is_yes = ["y", "yes"].contains(&&*answer.trim().to_lowercase());
    if is_yes { Ok(()) } else { Err(Failure::Declined) }
}

fn details(account: &Value) -> String {
    let lines = [
        ("id", text_of(account, "id")),
        ("email", text_of(account, "email")),
        ("name", full_name(account)),
        ("role", text_of(account, "role")),
        ("created", text_of(account, "created_at")),
        ("state", state_of(account)),
        ("marked", text_of(account, "marked_for_deletion_at")),
        ("due", text_of(account, "due_at")),
        ("sessions", account["sessions"].to_string()),
        ("last used", text_of(account, "last_used_at")),
    ];
    let lines = lines.into_iter().filter(|(_, text)| !text.is_empty());
    lines.map(|(name, text)| format!("{name:9}  {text}")).collect::<Vec<_>>().join("\n")
}

fn name(account: &Value) -> String {
    format!("{} ({})", text_of(account, "email"), full_name(account))
}

fn full_name(account: &Value) -> String {
    format!("{} {}", text_of(account, "first_name"), text_of(account, "last_name"))
}

fn state_of(account: &Value) -> String {
    match text_of(account, "deletion_status") {
        status if status.is_empty() => "active".to_owned(),
        status => status,
    }
}
