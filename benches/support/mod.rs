//! What the benchmarks share: data directories of any size, a server in a process of its own, and a
//! client that costs little.

pub(crate) mod client;
pub(crate) mod generate;
pub(crate) mod server;
