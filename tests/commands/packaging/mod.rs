//! The files for other machines match the program: the container, the systemd unit and its
//! settings.

mod container;
mod service;

use std::fs;
use std::path::Path;

/// The project's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project.
fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A file of settings, as keys and values.
fn settings_in(text: &str) -> toml::Table {
    text.parse().unwrap()
}
