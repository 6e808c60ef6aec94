//! Browsers: CORS, pages of other origins, the pages of the server, and reverse proxies.

mod cors;
mod cross_site;
mod demo;
mod home;
mod proxies;
