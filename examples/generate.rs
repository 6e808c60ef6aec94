//! Writes a data directory of any size, to try things on:
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

/// Writes a data directory as a Flask + TinyDB service would have left it. The same arguments give
/// the same bytes.
#[derive(Parser)]
struct Arguments {
    /// How many accounts there are
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    users: u64,
    /// How many children they have together
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    children: u64,
    /// How many tracking events there are
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Adds an account with as many children, gives it all events, and has it wait for an
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
