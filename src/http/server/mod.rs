//! Connections, and what applies to every request.

mod access;
pub(crate) mod address_limit;
mod app;
pub(crate) mod cors;
mod cross_site;
mod headers;
pub(crate) mod request_context;
pub(crate) mod request_id;
mod serve;

pub use app::App;
pub use request_context::Peer;
pub use serve::{MAX_REFUSALS, serve, serve_operator};
