//! Settings from the command line.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use super::setting::{Kind, SETTINGS, Setting};
use super::value::{Source, Value};
use super::{environment, file};

/// The flag that names the file with settings.
const FILE: &str = "config";

/// Which settings a command takes as flags. From the environment and the file, it takes all.
pub trait Part {
    /// Their keys; empty for all settings.
    const KEYS: &[&str];
}

/// Every setting.
#[derive(Clone, Debug)]
pub enum Everything {}
/// Where the files are.
#[derive(Debug)]
pub enum Storage {}
/// Where the files or the database are.
#[derive(Debug)]
pub enum Data {}
/// Where the database is.
#[derive(Debug)]
pub enum Database {}
/// How to reach a running server.
#[derive(Debug)]
pub enum Address {}

impl Part for Everything {
    const KEYS: &[&str] = &[];
}

impl Part for Storage {
    const KEYS: &[&str] = &["data_dir", "log_dir", "log_max_bytes", "log_backups"];
}

impl Part for Data {
    const KEYS: &[&str] = &[
        "data_dir",
        "database_url",
        "database_listen_url",
        "log_dir",
        "log_max_bytes",
        "log_backups",
    ];
}

impl Part for Database {
    const KEYS: &[&str] = &["database_url"];
}

impl Part for Address {
    const KEYS: &[&str] = &["listen", "data_dir", "monitoring_token"];
}

fn taken<P: Part>() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| P::KEYS.is_empty() || P::KEYS.contains(&&*setting.key))
}

/// The settings that were given on the command line.
#[derive(Clone, Debug)]
pub struct Flags<P> {
    /// The file to read instead of the usual one.
    pub(super) file: Option<PathBuf>,
    given: Vec<(&'static Setting, String)>,
    part: PhantomData<P>,
}

impl<P> Flags<P> {
    /// Sets the data directory, as `--data-dir` does.
    pub fn set_data_dir(&mut self, directory: &Path) {
        let setting = Setting::find("data_dir");
        let text = directory.to_string_lossy().into_owned();
        self.given.extend(setting.map(|setting| (setting, text)));
    }

    pub(super) fn values(&self) -> Vec<Value> {
        let value = |(setting, text): &(&'static Setting, String)| {
            let name = setting.file_key().unwrap_or_else(|| setting.key.clone());
            Value::new(setting, &name, text.clone(), Source::Flag)
        };
        self.given.iter().map(value).collect()
    }
}

impl<P: Part> Args for Flags<P> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long(FILE)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(format!(
                "File with settings [env: {}] [default: {}, or {} if nothing names the data directory]",
                environment::FILE,
                file::USUAL,
                file::PACKAGED
            ));
        command.arg(file).args(taken::<P>().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The flag of a setting, whose value is a text here: only the values in force are parsed, wherever
/// they were set.
fn argument(setting: &Setting) -> Arg {
    let help = setting.argument.get_help().map(ToString::to_string).unwrap_or_default();
    let range = setting.range().map(|range| format!(" [{range}]")).unwrap_or_default();
    let variable = setting.file_variable().unwrap_or_else(|| setting.variable());
    let argument = setting.argument.clone().help(format!("{help}{range} [env: {variable}]"));
    argument
        .value_parser(value_parser!(String))
        .value_delimiter(None)
        .action(ArgAction::Set)
        .allow_hyphen_values(setting.kind == Kind::Number)
}

impl<P: Part> FromArgMatches for Flags<P> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_given = |setting: &&Setting| {
            matches.value_source(&setting.key) == Some(ValueSource::CommandLine)
        };
        let given = taken::<P>().filter(is_given).filter_map(|setting| {
            let text = matches.get_one::<String>(&setting.key)?;
            Some((setting, text.clone()))
        });
        let file = matches.get_one(FILE).cloned();
        Ok(Self { file, given: given.collect(), part: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
