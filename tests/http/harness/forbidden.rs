//! Reports what a machine does not allow, instead of passing silently.

use std::fs::OpenOptions;
use std::io::Write;

/// Prints that this machine lacks what a test needs. `scripts/test` lists these lines at its end.
pub(crate) fn forbidden(what: &str) {
    eprintln!("this machine forbids {what}");
    if let Some(list) = std::env::var_os("GOLDSTAR_TEST_FORBIDDEN") {
        let mut list = OpenOptions::new().append(true).open(list).unwrap();
        writeln!(list, "{what}").unwrap();
    }
}
