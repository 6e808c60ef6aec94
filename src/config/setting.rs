//! What is known of each setting, read from the declarations in [`super::settings`].

use std::any::TypeId;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Arg, CommandFactory};

use super::parse::items;
use super::settings::AllSettings;
use crate::http::Secret;
use crate::store::postgres::DatabaseUrl;

/// Every setting, in the order of the help.
pub static SETTINGS: LazyLock<Vec<Setting>> =
    LazyLock::new(|| AllSettings::command().get_arguments().map(Setting::new).collect());

/// What the name of every environment variable begins with.
pub(super) const PREFIX: &str = "GOLDSTAR_";

/// Something that the operator can set.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file.
    pub key: String,
    /// The form of its value.
    pub kind: Kind,
    /// Its default, as it would be written in a variable; empty for none.
    pub default: String,
    pub(super) argument: Arg,
}

/// The form of a value, which is that of its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string in the file.
    Text,
    /// An integer in the file.
    Number,
    /// A boolean in the file.
    Switch,
    /// An array of strings in the file; separated by commas elsewhere.
    List,
    /// A string in the file that is never shown, and never a flag, which other users of the machine
    /// could read. A file of its own can contain it: its name ends with `_file` then.
    Secret,
    /// A string in the file that is never shown: it contains a password.
    Hidden,
}

impl Setting {
    fn new(argument: &Arg) -> Self {
        let defaults = argument.get_default_values().iter();
        let default: String = defaults.map(|text| text.to_string_lossy()).collect();
        let kind = if argument.get_value_parser().type_id() == TypeId::of::<Secret>() {
            Kind::Secret
        } else if argument.get_value_parser().type_id() == TypeId::of::<DatabaseUrl>() {
            Kind::Hidden
        } else if argument.get_value_delimiter().is_some() {
            Kind::List
        } else if default.parse::<bool>().is_ok() {
            Kind::Switch
        } else if default.parse::<i64>().is_ok() {
            Kind::Number
        } else {
            Kind::Text
        };
        let key = argument.get_id().to_string();
        Self { key, kind, default, argument: argument.clone() }
    }

    /// The setting of that name, which may also be the name of a secret's file.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let is_named =
            |setting: &&Self| setting.key == name || setting.file_key().as_deref() == Some(name);
        SETTINGS.iter().find(is_named)
    }

    /// `--log-dir`; the flag of a secret names the file that contains it.
    pub fn flag(&self) -> String {
        format!("--{}", self.argument.get_long().unwrap_or_default())
    }

    /// `GOLDSTAR_LOG_DIR`
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_uppercase())
    }

    /// `GOLDSTAR_MONITORING_TOKEN_FILE`, which names the file that contains a secret.
    pub fn file_variable(&self) -> Option<String> {
        (self.kind == Kind::Secret).then(|| format!("{}_FILE", self.variable()))
    }

    /// `monitoring_token_file`, the same as a key in the file of settings.
    pub(super) fn file_key(&self) -> Option<String> {
        (self.kind == Kind::Secret).then(|| format!("{}_file", self.key))
    }

    /// The values that it accepts, such as `1 to 3600`, if they can be listed.
    pub fn range(&self) -> Option<String> {
        let values = self.argument.get_possible_values();
        let names: Vec<_> = values.iter().map(PossibleValue::get_name).collect();
        (!names.is_empty()).then(|| names.join(" or "))
    }

    /// The one spelling of a value that can be written in several ways, such as `yes`, `007` or
    /// `a, b`. Returns what it can't read as it is: its parser names the rule.
    pub(super) fn normalize(&self, text: String) -> String {
        match self.kind {
            Kind::Text | Kind::Secret | Kind::Hidden => text,
            Kind::Number => text.parse::<i64>().map_or(text, |number| number.to_string()),
            Kind::List => items(&text).collect::<Vec<_>>().join(","),
            Kind::Switch => match &*text.to_ascii_lowercase() {
                "true" | "yes" | "on" | "1" => true.to_string(),
                "false" | "no" | "off" | "0" => false.to_string(),
                _ => text,
            },
        }
    }
}
