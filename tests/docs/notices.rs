//! Compares the notices of the crates in the program with `Cargo.lock`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The crates that the program contains on any system, such as `axum 0.8.1`.
fn crates() -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p}"]);
    // Macros and scripts run while the program is built, and are no part of it.
    command.args(["--edges", "normal,no-proc-macro"]);
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin"]
    {
        command.args(["--target", target]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let crates = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| {
        let (name, version) = line.split_once(" v")?;
        Some(format!("{name} {}", version.split(' ').next()?))
    };
    crates.lines().filter_map(name).filter(|name| !name.starts_with("goldstar ")).collect()
}

#[test]
fn each_crate_of_the_program_has_its_notice() {
    let notices = fs::read_to_string("THIRD-PARTY.txt").unwrap();
    let name = |line: &str| {
        let mut words = line.strip_prefix("- ")?.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    };
    let listed: BTreeSet<String> = notices.lines().filter_map(name).collect();
    let crates = crates();
    assert!(crates.len() > 100, "{crates:?}");
    let missing: Vec<_> = crates.difference(&listed).collect();
    assert!(missing.is_empty(), "`scripts/notices` adds {missing:?}");
}
