//! The printed table, and its cells.

use std::fmt;
use std::time::Duration;

/// The goal of a value.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
            Self::AtMost(bound) => write!(f, "≤ {bound}"),
        }
    }
}

pub(crate) fn print_head() {
    println!("| what | measured | value | goal | |");
    println!("| --- | --- | --- | --- | --- |");
}

/// Prints a row; `unit` follows the value and its goal.
pub(crate) fn print_row(what: &str, measured: &str, value: f64, unit: &str, goal: Goal) {
    let met = if goal.is_met(value) { "met" } else { "**not met**" };
    let value = rounded(value);
    println!("| {what} | {measured} | {value}{unit} | {goal}{unit} | {met} |");
}

/// Prints a row without a goal.
pub(crate) fn print_report(what: &str, measured: &str, value: &str) {
    println!("| {what} | {measured} | {value} | – | |");
}

/// With three significant digits, or all digits before the point.
pub(crate) fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The median.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The percentile.
pub(crate) fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

/// A time in microseconds or milliseconds. `seconds` is a float because it may be a median.
pub(crate) fn time(seconds: f64) -> String {
    if seconds < 0.001 {
        format!("{} µs", rounded(seconds * 1e6))
    } else if seconds < 1.0 {
        format!("{} ms", rounded(seconds * 1e3))
    } else {
        format!("{} s", rounded(seconds))
    }
}
