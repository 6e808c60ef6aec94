//! `goldstar checkpoint`

use axum::http::Method;
use clap::Args;
use serde_json::json;

use super::administered::Administered;
use super::failure::Failure;
use super::report::Report;
use super::runtime::runtime;
use super::{data_directory, progress};
use crate::app::{self, Machine, StopError};
use crate::config::{Config, Flags, Storage};
use crate::metrics::Metrics;

#[derive(Args)]
#[command(after_help = "\
Afterwards TinyDB finds every record in the files. Each start and each stop of a server does the same. If a \
server runs on the directory, the command uses its socket, and the files contain every change until then.

The exit code is 0 if everything is in the files, 78 for damage, 2 for wrong arguments, and 1 for any other \
failure.")]
pub(super) struct Arguments {
    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Storage>,
}

pub(super) fn run(Arguments { report, flags }: Arguments) -> Result<(), Failure> {
    let config = data_directory::only(flags, None)?;
    let data = &config.storage.data_dir;
    data_directory::require(data)?;
    match Administered::running(data)? {
        Some(server) => {
            runtime()?.block_on(server.call(Method::POST, "/admin/checkpoint"))?;
        }
        None => runtime()?.block_on(open_and_close(&config))?,
    }
    report.print(
        "all changes are in the files",
        || json!({"directory": data.to_string_lossy()}),
        || format!("{} has every change in its files.", data.display()),
    )
}

async fn open_and_close(config: &Config) -> Result<(), Failure> {
    let machine = Machine { progress: progress::on_terminal(), ..Machine::default() };
    let metrics = Metrics::new(machine.clock.now());
    let service = tokio::task::block_in_place(|| {
        app::open(&config.storage, config.service.clone(), &machine, &metrics)
    })?;
    Ok(service.close().await.map_err(StopError::Close)?)
}
