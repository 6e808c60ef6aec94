//! Where values come from: flags over variables over the file over the defaults.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use thiserror::Error;

use super::settings::{ADDRESS, Kind, PREFIX, SETTINGS, STORAGE, Setting};

/// The file that is read where none is named; it need not be there.
const USUAL_FILE: &str = "goldstar.toml";
/// The flag, and the variable behind [`PREFIX`], that name another one.
const FILE_ID: &str = "config";
/// What other programs put into the environment under the same prefix: Kubernetes and Docker do so
/// for a service or a container of that name. And what is for `goldstar admin` alone.
const FOREIGN: [&str; 3] = ["SERVICE_", "PORT", "ADMIN_"];

/// Why the settings can't be used.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum ConfigError {
    #[error("{name} is not a setting; `goldstar serve --help` lists them")]
    UnknownVariable { name: String },
    #[error("{name} is not UTF-8")]
    NotUtf8 { name: String },
    #[error("{} can't be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("{}, line {line}: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error("`{key}` in {} is not a setting; `goldstar serve --help` lists them", path.display())]
    UnknownKey { path: PathBuf, key: String },
    #[error("`{key}` in {} must be {form}", path.display())]
    WrongType { path: PathBuf, key: String, form: &'static str },
    #[error("`{key}` and `{key}_file` are both set in {place}")]
    Twice { key: &'static str, place: String },
    #[error("{place} {rule}{}", told(value.as_deref()))]
    Refused { place: String, rule: String, value: Option<String> },
}

fn told(value: Option<&str>) -> String {
    value.map(|value| format!(", and is {value:?}")).unwrap_or_default()
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// That file.
    File(PathBuf),
    /// Nobody has set it.
    Default,
}

/// A setting's value.
#[derive(Clone, Debug)]
pub struct Value {
    /// Of which setting.
    pub setting: &'static Setting,
    /// As it would be written in a variable; empty for none.
    pub text: String,
    /// Where it comes from.
    pub source: Source,
    /// The file that a secret was read from.
    pub secret_file: Option<PathBuf>,
}

impl Value {
    /// The place where a person would change it.
    pub fn place(&self) -> String {
        let key = self.setting.key;
        let suffix = if self.secret_file.is_some() { "_file" } else { "" };
        match &self.source {
            Source::Flag => self.setting.flag(),
            Source::Variable => format!("{}{}", self.setting.variable(), suffix.to_uppercase()),
            Source::File(path) => format!("`{key}{suffix}` in {}", path.display()),
            Source::Default => format!("the default of {key}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Variable => f.write_str("variable"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Which settings a command takes as flags.
pub trait Part: Clone + fmt::Debug + Send + Sync + 'static {
    /// Whether it takes that one.
    fn has(setting: &Setting) -> bool;
}

/// Every setting.
#[derive(Clone, Debug)]
pub enum Everything {}
/// Where the files are.
#[derive(Clone, Debug)]
pub enum Storage {}
/// How a running server is reached.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
pub struct Flags<P> {
    file: Option<PathBuf>,
    given: Vec<(&'static Setting, String)>,
    part: PhantomData<P>,
}

impl<P: Part> Args for Flags<P> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE_ID).long(FILE_ID).value_name("FILE").help(format!(
            "The file with settings [env: {PREFIX}CONFIG] [default: {USUAL_FILE}, where it is there]"
        ));
        let taken = SETTINGS.iter().filter(|setting| P::has(setting));
        taken.fold(command.arg(file), |command, setting| command.arg(argument(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(setting: &'static Setting) -> Arg {
    let flag = setting.flag();
    let variable = match setting.kind {
        Kind::Secret => format!("{}_FILE", setting.variable()),
        _ => setting.variable(),
    };
    let default = match setting.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let argument = Arg::new(setting.key)
        .long(flag.trim_start_matches("--").to_owned())
        .value_name(setting.placeholder)
        .allow_hyphen_values(setting.kind == Kind::Number)
        .help(format!("{} [env: {variable}]{default}", setting.help));
    if setting.kind == Kind::Switch {
        // `--demo` alone switches on; a value needs the sign, lest it swallow what follows.
        return argument.num_args(0..=1).require_equals(true).default_missing_value("true");
    }
    argument
}

impl<P: Part> FromArgMatches for Flags<P> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let taken = SETTINGS.iter().filter(|setting| P::has(setting));
        let given = taken.filter_map(|setting| {
            let text = matches.get_one::<String>(setting.key)?;
            Some((setting, text.clone()))
        });
        let file = matches.get_one::<String>(FILE_ID).map(PathBuf::from);
        Ok(Self { file, given: given.collect(), part: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A value for every setting.
#[derive(Clone, Debug)]
pub struct Values(Vec<Value>);

impl Values {
    /// Brings together what a command was given, the process's environment and the file.
    pub fn resolve<P: Part>(flags: &Flags<P>) -> Result<Self, ConfigError> {
        let environment = Environment::read(std::env::vars_os())?;
        let named = flags.file.clone().or_else(|| environment.file());
        let mut values = Self::defaults();
        values.take_file(named.as_deref())?;
        values.take_environment(&environment)?;
        for (setting, text) in &flags.given {
            let secret_file = (setting.kind == Kind::Secret).then(|| PathBuf::from(text));
            values.set(setting, text.clone(), Source::Flag, secret_file)?;
        }
        Ok(values)
    }

    /// What nobody has set anything of.
    pub fn defaults() -> Self {
        let value = |setting: &'static Setting| Value {
            setting,
            text: setting.default.to_owned(),
            source: Source::Default,
            secret_file: None,
        };
        Self(SETTINGS.iter().map(value).collect())
    }

    /// All of them, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// What `read` makes of a setting's value; its error is a rule, such as "must be a number".
    ///
    /// # Panics
    ///
    /// Where there is no such setting.
    pub(super) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let value = self.0.iter().find(|value| value.setting.key == key);
        let Some(value) = value else { panic!("`{key}` is not in the table of settings") };
        read(&value.text).map_err(|rule| ConfigError::Refused {
            place: value.place(),
            rule,
            value: (value.setting.kind != Kind::Secret).then(|| value.text.clone()),
        })
    }

    fn set(
        &mut self,
        setting: &'static Setting,
        text: String,
        source: Source,
        secret_file: Option<PathBuf>,
    ) -> Result<(), ConfigError> {
        let text = match &secret_file {
            Some(path) => read(path)?.trim().to_owned(),
            None => text,
        };
        if let Some(value) = self.0.iter_mut().find(|value| value.setting.key == setting.key) {
            *value = Value { setting, text, source, secret_file };
        }
        Ok(())
    }

    fn take_file(&mut self, named: Option<&Path>) -> Result<(), ConfigError> {
        let path = named.unwrap_or(Path::new(USUAL_FILE));
        let text = match read(path) {
            Err(ConfigError::Unreadable { cause, .. })
                if named.is_none() && cause.kind() == io::ErrorKind::NotFound =>
            {
                return Ok(());
            }
            text => text?,
        };
        let mut table = parse(path, &text)?;
        for setting in &SETTINGS {
            let value = table.remove(setting.key);
            let secret_file = match setting.kind {
                Kind::Secret => table.remove(&*format!("{}_file", setting.key)),
                _ => None,
            };
            if value.is_some() && secret_file.is_some() {
                let place = path.display().to_string();
                return Err(ConfigError::Twice { key: setting.key, place });
            }
            let is_from_file = secret_file.is_some();
            let Some(value) = value.or(secret_file) else { continue };
            let text = written(setting, value).map_err(|form| ConfigError::WrongType {
                path: path.to_owned(),
                key: setting.key.to_owned(),
                form,
            })?;
            let secret_file = is_from_file.then(|| PathBuf::from(&text));
            self.set(setting, text, Source::File(path.to_owned()), secret_file)?;
        }
        match table.into_iter().next() {
            Some((key, _)) => Err(ConfigError::UnknownKey { path: path.to_owned(), key }),
            None => Ok(()),
        }
    }

    fn take_environment(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        for setting in &SETTINGS {
            let variable = setting.variable();
            let text = environment.get(&variable);
            let file = match setting.kind {
                Kind::Secret => environment.get(&format!("{variable}_FILE")).map(PathBuf::from),
                _ => None,
            };
            if text.is_some() && file.is_some() {
                let place = "the environment".to_owned();
                return Err(ConfigError::Twice { key: setting.key, place });
            }
            if text.is_some() || file.is_some() {
                let text = text.unwrap_or_default().to_owned();
                self.set(setting, text, Source::Variable, file)?;
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })
}

/// The library's own message shows the line, which may hold a secret.
fn parse(path: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let place = error.span().map_or(0, |span| span.start);
        let before = text.get(..place).unwrap_or_default();
        ConfigError::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// A value of the file as it would be written in a variable; the error is the form that it must
/// have.
fn written(setting: &Setting, value: toml::Value) -> Result<String, &'static str> {
    match (setting.kind, value) {
        (Kind::Text | Kind::Secret, toml::Value::String(text)) => Ok(text),
        (Kind::Text | Kind::Secret, _) => Err("a string"),
        (Kind::Number, toml::Value::Integer(number)) => Ok(number.to_string()),
        (Kind::Number, _) => Err("a whole number"),
        (Kind::Switch, toml::Value::Boolean(switch)) => Ok(switch.to_string()),
        (Kind::Switch, _) => Err("true or false"),
        (Kind::List, toml::Value::Array(items)) => {
            let texts = items.iter().map(|item| item.as_str().filter(|text| !text.contains(',')));
            let texts: Option<Vec<_>> = texts.collect();
            texts.map(|texts| texts.join(",")).ok_or("an array of strings, each without a comma")
        }
        (Kind::List, _) => Err("an array of strings"),
    }
}

/// The variables with the prefix.
struct Environment(BTreeMap<String, String>);

impl Environment {
    /// A variable that is empty counts as not set: that is how compose files leave one out.
    fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let mut ours = BTreeMap::new();
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if FOREIGN.iter().any(|prefix| rest.starts_with(prefix)) || value.is_empty() {
                continue;
            }
            let name = name.to_owned();
            if !is_known(&name) {
                return Err(ConfigError::UnknownVariable { name });
            }
            match value.into_string() {
                Ok(value) => _ = ours.insert(name, value),
                Err(_) => return Err(ConfigError::NotUtf8 { name }),
            }
        }
        Ok(Self(ours))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn file(&self) -> Option<PathBuf> {
        self.get(&format!("{PREFIX}{}", FILE_ID.to_uppercase())).map(PathBuf::from)
    }
}

fn is_known(variable: &str) -> bool {
    let is_of = |setting: &Setting| {
        let own = setting.variable();
        let is_secret_file =
            setting.kind == Kind::Secret && variable.strip_suffix("_FILE") == Some(&*own);
        variable == own || is_secret_file
    };
    variable == format!("{PREFIX}{}", FILE_ID.to_uppercase()) || SETTINGS.iter().any(is_of)
}
