//! Parsers of the settings' values. An error is a rule that follows the name of the setting, such as
//! "must be open or closed".

use std::ffi::OsStr;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command};
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::domain::calendar::Zone;
use crate::domain::webhooks::AllowedHosts;
use crate::http::{Origin, Secret, is_host};
use crate::store::postgres::DatabaseUrl;

/// A parser that lists the values it accepts, which the help and the documentation show.
#[derive(Clone)]
struct WithValues<P> {
    values: Vec<String>,
    parser: P,
}

impl<P: TypedValueParser> TypedValueParser for WithValues<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        self.parser.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.values.iter().map(PossibleValue::new)))
    }
}

/// A whole number within bounds, converted by `read`.
pub(super) fn whole<T: Clone + Send + Sync + 'static>(
    min: i64,
    max: i64,
    read: impl Fn(i64) -> Option<T> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = T> {
    let range = format!("{min} to {max}");
    let rule = format!("must be a whole number from {range}");
    let parser = move |text: &str| {
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        number.and_then(&read).ok_or_else(|| rule.clone())
    };
    WithValues { values: vec![range], parser }
}

/// A whole number within bounds, which fit the type.
pub(super) fn number<T>(min: i64, max: i64) -> impl TypedValueParser<Value = T>
where
    T: TryFrom<i64> + Clone + Send + Sync + 'static,
{
    whole(min, max, |number| number.try_into().ok())
}

/// A number of things.
pub(super) fn count(min: i64, max: i64) -> impl TypedValueParser<Value = usize> {
    number(min, max)
}

/// A whole number of seconds.
pub(super) fn seconds(min: i64, max: i64) -> impl TypedValueParser<Value = Duration> {
    whole(min, max, |number| number.try_into().ok().map(Duration::from_secs))
}

/// One of these words.
pub(super) fn one_of<T, const N: usize>(
    words: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T>
where
    T: Clone + Send + Sync + 'static,
{
    let values = words.each_ref().map(|(word, _)| (*word).to_owned()).to_vec();
    let rule = format!("must be {}", values.join(" or "));
    let parser = move |text: &str| {
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| value.clone()).ok_or_else(|| rule.clone())
    };
    WithValues { values, parser }
}

/// `true` or `false`.
pub(super) fn switch() -> impl TypedValueParser<Value = bool> {
    one_of([("true", true), ("false", false)])
}

/// An address and a port. Whether the machine has that address shows when the server binds it.
pub(super) fn listen(text: &str) -> Result<String, &'static str> {
    let parts = text.rsplit_once(':');
    let is_named = parts.is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    // An IPv6 address may contain the number of an interface.
    let is_valid = is_named || text.parse::<SocketAddr>().is_ok();
    let rule = "must be an address and a port, such as 127.0.0.1:5000 or [::1]:5000";
    if is_valid { Ok(text.to_owned()) } else { Err(rule) }
}

/// The scheme, the host and the port of a URL.
pub(super) fn origin(text: &str) -> Result<Origin, &'static str> {
    Origin::parse(text)
        .ok_or("must be an address such as https://goldstar.example.org, without a path")
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, &'static str> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_| single());
    network.map_err(|_| "must list addresses or networks, such as 10.0.0.0/8")
}

/// An address, a network or a name to which webhooks may be sent.
pub(super) fn webhook_host(text: &str) -> Result<String, &'static str> {
    let is_valid = AllowedHosts::default().add(text);
    let rule = "must list addresses, networks or names, such as 192.168.1.0/24 or home.local";
    if is_valid { Ok(text.to_owned()) } else { Err(rule) }
}

/// The name of a time zone.
pub(crate) fn zone(name: &str) -> Result<Zone, &'static str> {
    Zone::find(name).ok_or("must be the name of a time zone, such as Europe/Berlin")
}

/// A level, or levels per module. Modules of other crates are refused: the log never contains their
/// lines, and a filter that names only such a module would silence the log.
pub(super) fn log_filter(filter: &str) -> Result<String, &'static str> {
    let rule = "must be error, warn, info, debug or trace, or module=level for modules of goldstar, \
                with commas in between";
    let is_own = |part: &str| part.split("::").next() == Some(env!("CARGO_CRATE_NAME"));
    // `EnvFilter` takes a misspelt level for the name of a module.
    let is_clear = |directive: &str| match directive.find(['=', '[']) {
        Some(0) => true,
        Some(end) => is_own(&directive[..end]),
        None => directive.parse::<LevelFilter>().is_ok(),
    };
    let is_valid = items(filter).all(is_clear) && EnvFilter::builder().parse(filter).is_ok();
    if is_valid { Ok(filter.to_owned()) } else { Err(rule) }
}

/// A bearer token that cannot be guessed.
pub(super) fn token(text: &str) -> Result<Secret, &'static str> {
    let is_graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_graphic && (16..=1024).contains(&text.len()) {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err("must be 16 to 1024 printable ASCII characters without blanks")
    }
}

/// The URL of a PostgreSQL database.
pub(super) fn database(text: &str) -> Result<DatabaseUrl, &'static str> {
    let url = DatabaseUrl::new(text);
    let rule = "must have the form postgres://user:password@host:5432/database, and only options of \
                PostgreSQL's client library";
    url.check().map(|()| url).map_err(|_| rule)
}

/// The items of a list with commas in between.
pub(super) fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}
