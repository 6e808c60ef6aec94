//! What the benchmarks share: data directories of any size, servers in processes of their own, and
//! a client that costs little.

pub(crate) mod client;
pub(crate) mod generate;
pub(crate) mod process;
