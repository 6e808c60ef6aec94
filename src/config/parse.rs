//! Values from their texts. An error is a rule that stands behind a setting's name.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;

/// What an origin must be.
pub(super) const ORIGIN_RULE: &str =
    "must be an address such as https://goldstar.example.org, without a path";

pub(super) fn text(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// Where an empty text stands for none.
pub(super) fn optional<T>(
    read: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Option<T>, String> {
    move |text| if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

/// A list with commas in between.
pub(super) fn list<T>(
    read: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Vec<T>, String> {
    move |text| {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(&read).collect()
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy, const N: usize>(
    words: [(&str, T); N],
) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let found = words.iter().find(|(word, _)| *word == text);
        let names = words.map(|(word, _)| word);
        found.map(|(_, value)| *value).ok_or_else(|| format!("must be {}", names.join(" or ")))
    }
}

/// A whole number within bounds.
pub(super) fn number<T: FromStr + PartialOrd + fmt::Display>(
    bounds: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| {
            format!("must be a whole number from {} to {}", bounds.start(), bounds.end())
        })
    }
}

pub(super) fn seconds(bounds: RangeInclusive<u64>) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| number(bounds.clone())(text).map(Duration::from_secs)
}

/// As people write it in variables.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match &*text.to_ascii_lowercase() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_| single());
    network.map_err(|_| "must list addresses or networks, such as 10.0.0.0/8".to_owned())
}

pub(super) fn log_filter(filter: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(filter) {
        Ok(_) => text(filter),
        Err(error) => Err(format!("must be a level, or levels of parts ({error})")),
    }
}

/// What can stand behind `Bearer`, and is not guessed.
pub(super) fn token(text: &str) -> Result<String, String> {
    let is_graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_graphic && (16..=1024).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("must be 16 to 1024 printable ASCII characters without blanks".to_owned())
    }
}
