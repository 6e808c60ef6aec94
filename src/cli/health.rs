//! `goldstar health`

use axum::http::StatusCode;
use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::health_client::{Answer, MonitoringToken, ServerUrl, Unhealthy};
use super::report::Report;
use super::runtime::runtime;
use crate::config::{self, Config, Flags, Values};

#[derive(Args)]
#[command(after_help = "\
The exit code is 0 if the status is ok or degraded, and 1 if it is another one or the server can't be \
reached. The monitoring token, if one is set, is sent only to an address of this machine, or to an \
address that was set in the same place as the token.

Examples:
  goldstar health
  goldstar health --url http://127.0.0.1:5001")]
pub(super) struct Arguments {
    /// URL of the server, instead of the address in the settings
    #[arg(long, value_parser = ServerUrl::at)]
    url: Option<ServerUrl>,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<config::Address>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let values = Values::resolve(&arguments.flags)?;
    let config = Config::from_values(&values)?;
    let (server, has_its_source) = if let Some(server) = arguments.url {
        (server, values.is_flag("monitoring_token"))
    } else {
        let server = ServerUrl::that_listens(&config.listen)?;
        (server, values.have_one_source("listen", "monitoring_token"))
    };
    let token = config
        .http
        .monitoring
        .token
        .as_ref()
        .map(|secret| MonitoringToken { secret, has_its_source });
    let runtime = runtime()?;
    let asked = runtime.block_on(server.ask(token));
    // Does not wait for a name that the system is still resolving.
    runtime.shutdown_background();
    let name = server.authority;
    let (status, Answer { status: word, reason, .. }) = asked?;
    let object = json!({"status": word, "reason": reason});
    let verdict = match (status, &*word) {
        (StatusCode::OK, "ok" | "degraded") => Ok(()),
        (StatusCode::SERVICE_UNAVAILABLE, "read_only") => Err(Unhealthy::ReadOnly(name, reason)),
        (StatusCode::SERVICE_UNAVAILABLE, "failing") => Err(Unhealthy::Failing(name, reason)),
        _ => return Err(Unhealthy::Foreign(name, status).into()),
    };
    arguments.report.print("the server responds", || object, || word)?;
    Ok(verdict?)
}
