//! Settings from the command line.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};

use super::setting::{Kind, Setting};
use super::settings::{ADDRESS, SETTINGS, STORAGE};
use super::values::{Source, Value};
use super::{environment, file};

/// Which settings a command takes as flags. From the environment and the file, it takes all.
pub trait Part {
    /// Whether it takes that one.
    fn has(setting: &Setting) -> bool;
}

/// Every setting.
#[derive(Debug)]
pub enum Everything {}
/// Where the files are.
#[derive(Debug)]
pub enum Storage {}
/// How a running server is reached.
#[derive(Debug)]
pub enum Address {}

impl Part for Everything {
    fn has(_: &Setting) -> bool {
        true
    }
}

impl Part for Storage {
    fn has(setting: &Setting) -> bool {
        STORAGE.contains(&setting.key)
    }
}

impl Part for Address {
    fn has(setting: &Setting) -> bool {
        ADDRESS.contains(&setting.key)
    }
}

/// The settings that were given on the command line.
#[derive(Debug)]
pub struct Flags<P> {
    file: Option<PathBuf>,
    given: Vec<(&'static Setting, String)>,
    part: PhantomData<P>,
}

impl<P> Flags<P> {
    /// The file that is to be read instead of the usual one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Sets the data directory, as `--data-dir` does.
    pub fn set_data_dir(&mut self, directory: &Path) {
        let setting = SETTINGS.iter().find(|setting| setting.key == "data_dir");
        let text = directory.to_string_lossy().into_owned();
        self.given.extend(setting.map(|setting| (setting, text)));
    }

    /// What was given.
    pub(super) fn values(&self) -> Vec<Value> {
        let value = |(setting, text): &(&'static Setting, String)| match setting.kind {
            Kind::Secret => Value::in_file(setting, text.into(), Source::Flag),
            _ => Value::new(setting, text.clone(), Source::Flag),
        };
        self.given.iter().map(value).collect()
    }
}

impl<P: Part> Args for Flags<P> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(file::FLAG)
            .long(file::FLAG)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(format!(
                "The file with settings [env: {}] [default: {}, or else {} if nothing names the data \
                 directory]",
                environment::FILE,
                file::USUAL,
                file::PACKAGED
            ));
        let taken = SETTINGS.iter().filter(|setting| P::has(setting));
        taken.fold(command.arg(file), |command, setting| command.arg(argument(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(setting: &'static Setting) -> Arg {
    let argument = Arg::new(setting.key)
        .long(setting.flag().trim_start_matches("--").to_owned())
        .value_name(setting.placeholder)
        .help(help(setting));
    match setting.kind {
        // `--demo` alone switches on; a value needs the sign, lest it swallow what follows.
        Kind::Switch => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Kind::Number { .. } => argument.allow_hyphen_values(true),
        _ => argument,
    }
}

fn help(setting: &Setting) -> String {
    let range = setting.range().map(|range| format!(" [{range}]")).unwrap_or_default();
    let variable = setting.file_variable().unwrap_or_else(|| setting.variable());
    let default = match setting.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    format!("{}{range} [env: {variable}]{default}", setting.help)
}

impl<P: Part> FromArgMatches for Flags<P> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let taken = SETTINGS.iter().filter(|setting| P::has(setting));
        let given = taken.filter_map(|setting| {
            let text = matches.get_one::<String>(setting.key)?;
            Some((setting, text.clone()))
        });
        let file = matches.get_one(file::FLAG).cloned();
        Ok(Self { file, given: given.collect(), part: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
