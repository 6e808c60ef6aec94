//! One setting: its names, and the forms that its value can have.

/// Something that the operator can set.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file. The flag is the same with dashes, the variable the same in capitals.
    pub key: &'static str,
    /// What stands for its value in the help: for a number, its unit.
    pub placeholder: &'static str,
    /// The form of its value.
    pub kind: Kind,
    /// Its value where nobody sets it, as it would be written in a variable; empty for none.
    pub default: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string in the file; it may be empty where the default is.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// An integer in the file, no smaller and no larger than these.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A boolean in the file.
    Switch,
    /// An array of strings in the file; separated by commas elsewhere.
    List,
    /// A string in the file that is never shown, and never a flag, which other users of the machine
    /// could read. It can be read from a file of its own: its name has `_file` behind it then.
    Secret,
}

impl Setting {
    /// `--log-dir`; a secret's flag names the file that it is in.
    pub fn flag(&self) -> String {
        let suffix = if self.kind == Kind::Secret { "-file" } else { "" };
        format!("--{}{suffix}", self.key.replace('_', "-"))
    }

    /// `GOLDSTAR_LOG_DIR`
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_uppercase())
    }

    /// `GOLDSTAR_MONITORING_TOKEN_FILE`, which names the file that a secret is in; none for others.
    pub fn file_variable(&self) -> Option<String> {
        (self.kind == Kind::Secret).then(|| format!("{}_FILE", self.variable()))
    }

    /// `monitoring_token_file`, the same in the file of settings.
    pub(super) fn file_key(&self) -> Option<String> {
        (self.kind == Kind::Secret).then(|| format!("{}_file", self.key))
    }

    /// The values that it can have, such as `1 to 3600`, where its kind tells.
    pub fn range(&self) -> Option<String> {
        match self.kind {
            Kind::Word(words) => Some(words.join(" or ")),
            Kind::Number { min, max } => Some(format!("{min} to {max}")),
            Kind::Switch => Some("true or false".to_owned()),
            Kind::Text | Kind::List | Kind::Secret => None,
        }
    }

    /// The one form of a text that can be written in several ways, such as `yes`, `007` or `a, b`.
    /// The error is the rule that it breaks, to stand behind the setting's name.
    pub(super) fn normalize(&self, text: &str) -> Result<String, String> {
        match self.kind {
            Kind::Text | Kind::Secret if text.is_empty() && !self.default.is_empty() => {
                Err("must not be empty".to_owned())
            }
            Kind::Text | Kind::Secret => Ok(text.to_owned()),
            Kind::List => Ok(items(text).collect::<Vec<_>>().join(",")),
            Kind::Word(words) if words.contains(&text) => Ok(text.to_owned()),
            Kind::Word(words) => Err(format!("must be {}", words.join(" or "))),
            Kind::Switch => match switch(text) {
                Some(on) => Ok(on.to_string()),
                None => Err("must be true or false".to_owned()),
            },
            Kind::Number { min, max } => match text.parse::<i64>() {
                Ok(number) if (min..=max).contains(&number) => Ok(number.to_string()),
                _ => Err(format!("must be a whole number from {min} to {max}")),
            },
        }
    }
}

/// What every variable's name begins with.
pub(super) const PREFIX: &str = "GOLDSTAR_";

/// The items of a list with commas in between.
pub(super) fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// As people write it in variables.
fn switch(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}
