//! `goldstar checkpoint`

use std::io::{self, Write};

use axum::http::Method;

use super::administered::Administered;
use super::failure::Failure;
use super::runtime::runtime;
use super::{data_directory, progress};
use crate::app::{self, Machine, StopError};
use crate::config::{Config, Flags, Storage};
use crate::metrics::Metrics;

pub(super) fn run(flags: &Flags<Storage>) -> Result<(), Failure> {
    let mut config = Config::resolve(flags)?;
    data_directory::instead_of_database(&mut config)?;
    let data = &config.storage.data_dir;
    data_directory::require(data)?;
    match Administered::running(data)? {
        Some(server) => {
            runtime()?.block_on(server.call(Method::POST, "/admin/checkpoint"))?;
        }
        None => runtime()?.block_on(open_and_close(&config))?,
    }
    let said = writeln!(io::stdout(), "{} has every change in its files.", data.display());
    said.map_err(Failure::io("all changes are in the files, but this could not be printed"))
}

async fn open_and_close(config: &Config) -> Result<(), Failure> {
    let machine = Machine { progress: progress::on_terminal(), ..Machine::default() };
    let metrics = Metrics::new(machine.clock.now());
    let service = tokio::task::block_in_place(|| {
        app::open(&config.storage, config.service.clone(), &machine, &metrics)
    })?;
    Ok(service.close().await.map_err(StopError::Close)?)
}
