//! HTTP: connections, limits of time and size, malformed requests, headers and the OpenAPI
//! document.

mod bodies;
mod bombs;
mod compression;
mod connections;
mod errors;
mod every_answer;
mod heads;
mod hung_up;
mod large_pages;
mod malformed;
mod openapi;
pub(crate) mod request_ids;
mod shares;
mod slow_clients;
mod timeouts;
