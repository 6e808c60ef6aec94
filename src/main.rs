//! The `goldstar` command.
fn main() {}
