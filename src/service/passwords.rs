//! Hashes and checks passwords: on blocking threads, a limited number at a time, and in a time that does
//! not depend on the account.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ServiceError, spawn};
use crate::clock;
use crate::domain::password::{self, NewPassword};

/// The weight of a new measurement in a moving average is one part in this many.
const WEIGHT: u32 = 8;

/// Hashes passwords and checks them.
pub(super) struct Passwords {
    /// The method of new hashes.
    method: &'static str,
    /// One permit per core: more checks at a time would take more memory (32 MiB each) and save no time.
    permits: Arc<Semaphore>,
    /// One permit for all checks of expensive hashes, so that they use at most one core and 256 MiB, and
    /// other logins do not wait for them.
    expensive: Arc<Semaphore>,
    durations: Arc<Durations>,
    /// The replacements of expensive hashes, by the old hash.
    replacements: Mutex<HashMap<Arc<str>, Arc<str>>>,
}

impl Passwords {
    pub(super) fn new(method: &'static str) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            method,
            permits: Arc::new(Semaphore::new(cores)),
            expensive: Arc::new(Semaphore::new(1)),
            durations: Arc::default(),
            replacements: Mutex::default(),
        }
    }

    pub(super) async fn hash(&self, password: NewPassword) -> Result<Arc<str>, ServiceError> {
        let permit = permit(&self.permits).await?;
        let method = self.method;
        let work = spawn::blocking(move || {
            let hash = password.hash(method, clock::random());
            drop(permit);
            hash
        });
        work.await.map_err(ServiceError::internal)
    }

    /// Returns the replacement of `hash`, which `password` matches; `None` unless `hash` is expensive to
    /// check. The replacement is the same each time, so that concurrent logins agree on it.
    pub(super) async fn replacement(
        &self,
        hash: &Arc<str>,
        password: &str,
    ) -> Result<Option<Arc<str>>, ServiceError> {
        if !password::is_expensive(hash) {
            return Ok(None);
        }
        let known = self.replacements.lock().get(hash).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let new = self.hash(NewPassword::known(password)).await?;
        let mut replacements = self.replacements.lock();
        Ok(Some(Arc::clone(replacements.entry(Arc::clone(hash)).or_insert(new))))
    }

    /// Returns whether `password` matches `hash`; false without a hash. Takes the same time in every case,
    /// so that the time does not tell which accounts exist or how old their hashes are. The exception is
    /// an expensive hash, which takes longer: if all responses took as long, one such account would slow
    /// down all logins.
    pub(super) async fn verify(
        &self,
        hash: Option<Arc<str>>,
        password: String,
    ) -> Result<bool, ServiceError> {
        let is_expensive = hash.as_deref().is_some_and(password::is_expensive);
        let permits = if is_expensive { &self.expensive } else { &self.permits };
        let permit = permit(permits).await?;
        let durations = Arc::clone(&self.durations);
        let method = self.method;
        let work = spawn::blocking(move || {
            let is_known = hash.is_some();
            let hash = hash.unwrap_or_else(|| password::unmatched(method).into());
            let (matches, rest) = if is_expensive {
                (password::verify(&hash, &password), Duration::ZERO)
            } else {
                durations.verify(&hash, &password, method)
            };
            drop(permit);
            (is_known && matches, rest)
        });
        let (matches, rest) = work.await.map_err(ServiceError::internal)?;
        tokio::time::sleep(rest).await;
        Ok(matches)
    }
}

/// The work owns the permit, not the future that waits for it: if a client disconnects, the work
/// continues and must still count.
async fn permit(permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ServiceError> {
    Arc::clone(permits).acquire_owned().await.map_err(ServiceError::internal)
}

/// How long a check takes on this machine: a moving average for each hashing method.
#[derive(Default)]
struct Durations(Mutex<HashMap<Box<str>, Duration>>);

impl Durations {
    /// Returns whether the password matches, and how much longer the response must wait to take as long
    /// as the slowest method.
    fn verify(&self, hash: &str, password: &str, new_method: &str) -> (bool, Duration) {
        // The first hash to be checked may be cheap; the time of a new hash must be known by then.
        let is_first = !self.0.lock().contains_key(new_method);
        if is_first {
            self.timed(&password::unmatched(new_method), password);
        }
        let (matches, took) = self.timed(hash, password);
        (matches, self.slowest().saturating_sub(took))
    }

    fn timed(&self, hash: &str, password: &str) -> (bool, Duration) {
        let start = Instant::now();
        let matches = password::verify(hash, password);
        let took = start.elapsed();
        self.note(password::method(hash), took);
        (matches, took)
    }

    fn note(&self, method: &str, took: Duration) {
        let mut averages = self.0.lock();
        match averages.get_mut(method) {
            Some(average) => *average = (*average * (WEIGHT - 1) + took) / WEIGHT,
            None => _ = averages.insert(method.into(), took),
        }
    }

    fn slowest(&self) -> Duration {
        self.0.lock().values().max().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_check_waits_as_long_as_the_slowest() {
        let durations = Durations::default();
        durations.note(password::NEW_METHOD, Duration::from_secs(100));
        durations.note("pbkdf2:sha256:1", Duration::from_millis(1));
        let (matches, rest) =
            durations.verify("pbkdf2:sha256:1$salt$00", "password", password::NEW_METHOD);
        assert!(!matches);
        assert!(rest > Duration::from_secs(90), "{rest:?}");
    }

    #[test]
    fn one_measurement_changes_the_average_by_its_weight() {
        let durations = Durations::default();
        durations.note("a", Duration::from_millis(800));
        durations.note("a", Duration::ZERO);
        assert_eq!(durations.slowest(), Duration::from_millis(700));
    }
}
