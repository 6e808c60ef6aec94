//! Writes a data directory of any size:
//!
//! ```console
//! cargo run --release --example generate -- --users 100 --children 1000 --events 1000000 DIR
//! ```

#[path = "../benches/support/generate.rs"]
mod generate;

use std::io;
use std::path::PathBuf;

use clap::Parser;
use generate::{PASSWORD, Size, email};

/// Writes a data directory like that of a Flask + TinyDB service. The same arguments give the same
/// bytes.
#[derive(Parser)]
struct Arguments {
    /// The number of accounts
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    users: u64,
    /// The number of their children together
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    children: u64,
    /// The number of tracking events
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Adds an account with the same number of children, which owns all events and waits for an
    /// administrator to run its deletion
    #[arg(long)]
    departing: bool,
    /// The directory; its tables are replaced
    directory: PathBuf,
}

fn main() -> io::Result<()> {
    let Arguments { users, children, events, departing, directory } = Arguments::parse();
    generate::generate(&directory, Size { users, children, events, departing })?;
    println!("Log in as {} (an administrator) to {}", email(0), email(users - 1));
    println!("with the password: {PASSWORD}");
    Ok(())
}
