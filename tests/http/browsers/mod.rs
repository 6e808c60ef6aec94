//! What browsers rely on: CORS, pages of other origins, the demo's page, and reverse proxies.

mod cors;
mod cross_site;
mod demo;
mod home;
mod origins;
mod proxies;
