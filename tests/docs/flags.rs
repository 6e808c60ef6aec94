//! The tables of flags, against the command's own help.

use std::process::Command;

use crate::markdown::{Document, code};

/// A flag, its variable and its default.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flag {
    name: String,
    variable: String,
    default: String,
}

/// What `goldstar <command> --help` lists, but for the help itself.
fn in_help(command: &[&str]) -> Vec<Flag> {
    let goldstar = env!("CARGO_BIN_EXE_goldstar");
    let output = Command::new(goldstar).args(command).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut flags: Vec<Flag> = Vec::new();
    for line in help.lines().map(str::trim) {
        let words = line.split_whitespace().next().unwrap_or_default();
        let bracketed = |name: &str| {
            let (_, rest) = line.split_once(&format!("[{name}: "))?;
            rest.split(']').next()
        };
        if words.starts_with("--") {
            let name = words.to_owned();
            flags.push(Flag { name, variable: String::new(), default: String::new() });
        }
        let Some(last) = flags.last_mut() else { continue };
        if let Some(variable) = bracketed("env") {
            variable.trim_end_matches('=').clone_into(&mut last.variable);
        }
        if let Some(default) = bracketed("default") {
            default.clone_into(&mut last.default);
        }
    }
    flags.sort();
    flags
}

fn in_document(heading: &str) -> Vec<Flag> {
    let text = |cell: &String| code(cell).unwrap_or_default().to_owned();
    let table = Document::read("docs/operations.md").table(heading);
    let row = |row: &Vec<String>| Flag {
        name: text(&row[0]),
        variable: text(&row[1]),
        default: text(&row[2]),
    };
    let mut flags: Vec<Flag> = table.iter().map(row).collect();
    flags.sort();
    flags
}

#[test]
fn every_flag_is_in_its_table_and_no_other() {
    for (command, heading) in
        [(&["serve"][..], " Flags and variables"), (&["admin", "create"], " An administrator")]
    {
        let help = in_help(command);
        assert!(help.len() > 5, "{help:?}");
        assert_eq!(in_document(heading), help, "{command:?}");
    }
}
