//! What the table's kinds don't tell: values from their texts. An error is a rule that stands behind
//! a setting's name.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::setting::items;
use crate::domain::Points;
use crate::domain::deletion::Threshold;
use crate::http::{Origin, Secret, is_host};

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
    move |text| items(text).map(&read).collect()
}

/// Where to listen. Whether the machine has that address shows when it is used.
pub(super) fn listen(text: &str) -> Result<String, String> {
    let parts = text.rsplit_once(':');
    let is_named = parts.is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    // One of IPv6 may have the number of an interface in it.
    let is_good = is_named || text.parse::<SocketAddr>().is_ok();
    let rule = "must be an address and a port, such as 127.0.0.1:5000 or [::1]:5000";
    if is_good { Ok(text.to_owned()) } else { Err(rule.to_owned()) }
}

/// How long a marked account waits. The table's bounds are those of the type.
pub(super) fn threshold(text: &str) -> Result<Threshold, String> {
    let hours = text.parse().ok().and_then(Threshold::from_hours);
    hours.ok_or_else(|| "is beyond the bounds".to_owned())
}

/// The scheme, the host and the port of a page's address.
pub(super) fn origin(text: &str) -> Result<Origin, String> {
    let rule = "must be an address such as https://goldstar.example.org, without a path";
    Origin::parse(text).ok_or_else(|| rule.to_owned())
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_| single());
    network.map_err(|_| "must list addresses or networks, such as 10.0.0.0/8".to_owned())
}

/// A level, or levels of parts of the program. A part of another program is refused: the log has no
/// lines of it, and where it is all that is named, no other lines either.
pub(super) fn log_filter(filter: &str) -> Result<String, String> {
    let rule = "must be error, warn, info, debug or trace, or module=level for modules of goldstar, \
                with commas in between";
    let is_own = |part: &str| part.split("::").next() == Some(env!("CARGO_CRATE_NAME"));
    // To the library, a misspelt level is the name of a part.
    let is_clear = |directive: &str| match directive.find(['=', '[']) {
        Some(0) => true,
        Some(end) => is_own(&directive[..end]),
        None => directive.parse::<LevelFilter>().is_ok(),
    };
    if items(filter).all(is_clear) && EnvFilter::builder().parse(filter).is_ok() {
        Ok(filter.to_owned())
    } else {
        Err(rule.to_owned())
    }
}

/// What can stand behind `Bearer`, and is not guessed.
pub(super) fn token(text: &str) -> Result<Secret, String> {
    let is_graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_graphic && (16..=1024).contains(&text.len()) {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err("must be 16 to 1024 printable ASCII characters without blanks".to_owned())
    }
}

/// A number of points.
pub(super) fn points(text: &str) -> Result<Points, String> {
    let points = text.parse().ok().and_then(Points::new);
    points.ok_or_else(|| "is out of range".to_owned())
}
