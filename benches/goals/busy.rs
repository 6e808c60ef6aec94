//! A load whose requests have known start times, unlike those of oha.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use super::support::client::{self, Client, Sample};
use super::table::{median, percentile, print_report, rounded, time};

/// A period of time.
pub(crate) type Span = (Instant, Instant);

/// Ends the threads of a load.
#[derive(Default)]
pub(crate) struct Stop(AtomicBool);

/// Sets it when it is dropped.
pub(crate) struct StopWhenDropped<'a>(&'a Stop);

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn when_dropped(&self) -> StopWhenDropped<'_> {
        StopWhenDropped(self)
    }
}

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Whether a request was in progress within that time.
pub(crate) fn overlap((begun, took): &Sample, (from, to): Span) -> bool {
    *begun < to && *begun + *took > from
}

/// The percentiles of the requests during something, and of those before it.
pub(crate) struct Percentiles([(&'static str, usize, [Vec<f64>; 2]); 2]);

impl Percentiles {
    pub(crate) const fn new() -> Self {
        Self([
            ("median", 50, [const { Vec::new() }; 2]),
            ("99th percentile", 99, [const { Vec::new() }; 2]),
        ])
    }

    /// Adds those of a round.
    pub(crate) fn add(&mut self, samples: &[Sample], span: Span) {
        for (_, percent, [during, without]) in &mut self.0 {
            for (is_during, figures) in [(true, during), (false, without)] {
                let chosen = samples.iter().filter(|it| overlap(it, span) == is_during);
                let durations = chosen.map(|(_, took)| *took).collect();
                figures.push(percentile(durations, *percent).as_secs_f64());
            }
        }
    }

    /// Prints a row for each; `what` gets the name of the percentile.
    pub(crate) fn print(self, what: impl Fn(&str) -> String) {
        for (name, _, figures) in self.0 {
            let [during, without] = figures.map(median);
            let measured = format!("{} ÷ {}", time(during), time(without));
            print_report(&what(name), &measured, &rounded(during / without));
        }
    }
}

/// Logs in the first accounts. Returns their tokens.
pub(crate) fn log_in(address: SocketAddr, accounts: u64) -> Vec<String> {
    let mut client = Client::connect(address).unwrap();
    (0..accounts).map(|user| client.log_in(user).unwrap()).collect()
}

/// Activates a task of each account, again and again, while `work` runs. Returns the requests and the result
/// of `work`.
pub(crate) fn under_load<T>(
    address: SocketAddr,
    tokens: &[String],
    work: impl FnOnce(&Stop) -> T,
) -> (Vec<Sample>, T) {
    let stop = Stop::default();
    thread::scope(|scope| {
        // If this thread panics, the other threads must end too.
        let end = stop.when_dropped();
        let loads: Vec<_> = (0..)
            .zip(tokens)
            .map(|(user, token)| {
                let request = client::request("POST", &client::activation(user, user), token);
                let stop = &stop;
                scope.spawn(move || activate_until(stop, address, &request))
            })
            .collect();
        let done = work(&stop);
        drop(end);
        (loads.into_iter().flat_map(|load| load.join().unwrap()).collect(), done)
    })
}

fn activate_until(stop: &Stop, address: SocketAddr, request: &[u8]) -> Vec<Sample> {
    let mut client = Client::connect(address).unwrap();
    let mut samples = Vec::new();
    while !stop.is_set() {
        samples.push(client.sample(request).unwrap());
    }
    samples
}
