//! Connections, and what applies to every request.

pub(crate) mod addresses;
pub(crate) mod app;
mod cors;
mod cross_site;
mod guard;
mod observe;
pub(crate) mod request_context;
pub(crate) mod request_id;
mod serve;

pub use app::Entrance;
pub use request_context::Peer;
pub use serve::{Connections, MAX_REFUSALS, serve};
