//! Compares the tables of settings and flags with the code and with the commands' help.

use std::process::Command;

use goldstar::config::{Kind, SETTINGS};

use crate::markdown::{Document, code};

/// A flag, its variable and its default.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flag {
    name: String,
    variable: String,
    default: String,
}

/// The flags in `goldstar <command> --help`, except `--help`.
fn in_help(command: &[&str]) -> Vec<Flag> {
    let goldstar = env!("CARGO_BIN_EXE_goldstar");
    let output = Command::new(goldstar).args(command).arg("--help").env_clear().output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let (_, options) = help.split_once("Options:").unwrap();
    // The text after the options is not indented, and neither are the headings among them.
    let is_heading = |line: &str| line.ends_with(':') && line != "Examples:";
    let is_option = |line: &&str| line.is_empty() || line.starts_with(' ') || is_heading(line);
    let options: Vec<&str> = options.lines().take_while(is_option).collect();
    let options = options.join("\n");
    // A long line is wrapped, anywhere.
    let words = options.split_whitespace().fold(String::new(), |text, word| text + " " + word);
    let flag = |text: &str| {
        let end = text.find([' ', '[']).unwrap_or(text.len());
        let bracketed = |name: &str| {
            let inside = text.split_once(&format!("[{name}: ")).map(|(_, rest)| rest);
            inside.and_then(|rest| rest.split(']').next()).unwrap_or_default().to_owned()
        };
        Flag {
            name: format!("--{}", &text[..end]),
            variable: bracketed("env").trim_end_matches('=').to_owned(),
            default: bracketed("default"),
        }
    };
    let is_own = |text: &&str| ["help", "version"].iter().any(|own| text.starts_with(own));
    let flags = words.split(" --").skip(1).filter(|text| !is_own(text));
    flags.map(flag).collect()
}

/// The first code of a row's cell; empty if there is none.
fn cell(row: &[String], column: usize) -> String {
    code(&row[column]).unwrap_or_default().to_owned()
}

#[test]
fn the_documented_settings_are_those_of_the_code() {
    let table = Document::read("docs/operations.md").table(" Settings");
    let documented: Vec<[String; 4]> =
        table.iter().map(|row| [0, 1, 2, 3].map(|column| cell(row, column))).collect();
    let settings: Vec<[String; 4]> = SETTINGS
        .iter()
        .map(|setting| {
            let (key, default) = (setting.key.clone(), setting.default.clone());
            [key, setting.flag(), setting.variable(), default]
        })
        .collect();
    assert_eq!(documented, settings);
    for (row, setting) in table.iter().zip(SETTINGS.iter()) {
        let what = row[4].replace('`', "");
        let range = setting.range().unwrap_or_default();
        assert!(what.contains(&range), "{}: {range}", setting.key);
        let has_file = row[0].contains("_file`") && row[2].contains("_FILE`");
        assert_eq!(has_file, setting.kind == Kind::Secret, "{}", setting.key);
    }
}

#[test]
fn the_help_lists_every_setting() {
    let mut help = in_help(&["serve"]).into_iter();
    assert_eq!(help.next().map(|flag| flag.variable).as_deref(), Some("GOLDSTAR_CONFIG"));
    let settings = SETTINGS.iter().map(|setting| Flag {
        name: setting.flag(),
        variable: setting.file_variable().unwrap_or_else(|| setting.variable()),
        default: setting.default.clone(),
    });
    assert_eq!(help.collect::<Vec<_>>(), settings.collect::<Vec<_>>());
}

#[test]
fn the_documented_flags_of_admin_are_those_of_the_code() {
    let document = Document::read("docs/operations.md");
    let row = |row: &Vec<String>| Flag {
        name: cell(row, 0),
        variable: cell(row, 1),
        default: cell(row, 2),
    };
    let documented: Vec<Flag> = document.table(" An administrator").iter().map(row).collect();
    let is_setting = |flag: &Flag| {
        SETTINGS.iter().any(|setting| setting.flag() == flag.name) || flag.name == "--config"
    };
    let (settings, own): (Vec<_>, Vec<_>) =
        in_help(&["admin", "create"]).into_iter().partition(is_setting);
    assert_eq!(documented, own);
    let section = document.section(" An administrator");
    for flag in settings {
        assert!(section.contains(&format!("`{}`", flag.name)), "{}", flag.name);
    }
}
