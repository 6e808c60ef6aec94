//! The seed and the length of a stress test: the only code that reads the two variables.

use std::env;
use std::time::{Duration, Instant};

use crate::random::Random;

/// A number; a random one if it is not set.
const SEED: &str = "GOLDSTAR_TORTURE_SEED";
/// `short`, `long`, a number of rounds, or a number of seconds such as `60s`; `short` if it is not
/// set.
const BUDGET: &str = "GOLDSTAR_TORTURE_BUDGET";

/// The number of rounds of a test's two forms.
pub(crate) struct Rounds {
    pub(crate) short: usize,
    pub(crate) long: usize,
}

enum Budget {
    Rounds(usize),
    Time(Duration),
}

/// One run of a stress test. If it fails, it prints how to repeat it.
pub(crate) struct Run {
    member: &'static str,
    seed: u64,
    /// Whether it is the short form, in which nothing depends on the speed of the machine.
    pub(crate) is_short: bool,
    budget: Budget,
    begun: usize,
    started: Instant,
}

impl Run {
    /// A run of the test with the settings of the variables.
    pub(crate) fn of(member: &'static str, rounds: &Rounds) -> Self {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let seed = variable(SEED).map_or_else(random_seed, |text| text.parse().expect(SEED));
        let text = variable(BUDGET).unwrap_or_else(|| "short".to_owned());
        let budget = match text.as_str() {
            "short" => Budget::Rounds(rounds.short),
            "long" => Budget::Rounds(rounds.long),
            text => match text.strip_suffix('s') {
                Some(seconds) => Budget::Time(Duration::from_secs(seconds.parse().expect(BUDGET))),
                None => Budget::Rounds(text.parse().expect(BUDGET)),
            },
        };
        let is_short = text == "short";
        Self { member, seed, is_short, budget, begun: 0, started: Instant::now() }
    }

    /// Starts the next round, if there is one, and returns its random numbers. There is always a
    /// first round.
    pub(crate) fn next(&mut self) -> Option<Random> {
        let is_over = match self.budget {
            Budget::Rounds(rounds) => self.begun >= rounds,
            Budget::Time(time) => self.started.elapsed() >= time,
        };
        if is_over && self.begun > 0 {
            return None;
        }
        self.begun += 1;
        Some(Random::new(self.seed.wrapping_add(self.begun as u64)))
    }

    /// Prints the result of the run, as a row for `docs/reliability.md`.
    pub(crate) fn report(self, figures: &str) {
        let Self { member, seed, ref started, .. } = self;
        let seconds = started.elapsed().as_secs();
        println!("\n| `{member}` | {figures} | {seconds} s, seed {seed} |");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { member, seed, begun, .. } = self;
            let budget = if self.is_short { "short".to_owned() } else { begun.to_string() };
            eprintln!(
                "{member} failed in round {begun}; to repeat it:\n    \
                 {SEED}={seed} {BUDGET}={budget} cargo test --test torture {member}::"
            );
        }
    }
}

fn random_seed() -> u64 {
    // Short enough to type.
    u64::from(u32::from_ne_bytes(goldstar::clock::random()))
}
