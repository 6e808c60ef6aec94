//! Data and log directories as machines really have them: on file systems that lack something, with
//! pipes and devices in the place of files, and with files of several users. All of it with the real
//! binary.

mod attributes;
mod kinds;
mod lacking;
mod mounts;
mod owners;
mod start;
mod system;
