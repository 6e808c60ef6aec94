//! Shared by the benchmarks: data directories of any size, servers in processes of their own, and a
//! client with little overhead.

pub(crate) mod client;
pub(crate) mod generate;
pub(crate) mod process;
