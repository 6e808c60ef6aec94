//! Data and log directories of real machines: on file systems that lack features, with pipes and
//! devices instead of files, and with files of several users. All tests use the real binary.

mod attributes;
mod kinds;
mod lacking;
mod mounts;
mod owners;
mod start;
pub(crate) mod system;
