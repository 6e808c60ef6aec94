//! Floor 4: HTTP and nothing else: each handler parses the request, calls the service and returns a response.
//!
//! | module | content |
//! | --- | --- |
//! | `server` | connections, and what applies to every request |
//! | `routes` | the table of routes |
//! | `extract` | what handlers read from a request |
//! | `resources` | the handlers, one file per resource |
//! | `response`, `error` | bodies of responses, and every error |
//! | `openapi`, `docs` | the OpenAPI document, and the pages in HTML |

pub(crate) mod certificates;
mod docs;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod language;
mod legacy;
mod openapi;
mod pages;
pub(crate) mod resources;
pub(crate) mod response;
mod routes;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod state;

pub use error::{ApiError, ErrorCode};
pub use pages::Pages;
pub(crate) use resources::backups::BACKUP_BYTES;
pub use routes::openapi_document;
pub use server::{App, MAX_REFUSALS, Peer, serve, serve_operator};
pub(crate) use settings::is_host;
pub use settings::{CookieName, HttpSettings, InEffect, Limits, Monitoring, Origin, Secret};
