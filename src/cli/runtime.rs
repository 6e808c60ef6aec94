//! The threads for all asynchronous work.

use super::failure::Failure;

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("the threads could not be started"))
}
