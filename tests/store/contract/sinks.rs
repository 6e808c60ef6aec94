//! Sinks: told every event once, in commit order, when the history holds it and before its answer.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use goldstar::domain::{RowNumber, UserId};
use goldstar::store::{EventSink, History, Projection, Resume, Store, StoredEvent};

use super::bench::{Bench, Medium, family};

/// What a sink was told, in the order of the calls.
#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    resumed: usize,
    rows: Vec<RowNumber>,
    retries: usize,
    forgotten: Vec<UserId>,
}

#[derive(Default)]
struct Listener {
    told: Arc<Mutex<Told>>,
    /// How many events it claims to be behind by.
    backlog: Arc<Mutex<usize>>,
    /// Whether it can't forget.
    remembers: bool,
    /// Whether it can't make durable what it has done.
    fails: Arc<AtomicBool>,
}

impl EventSink for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn resume(&mut self, from: Resume<'_>, history: &dyn History) {
        let mut told = self.told.lock().unwrap();
        assert!(told.rows.is_empty(), "before anything else");
        assert!(from.written <= history.last_row());
        told.resumed += 1;
    }

    fn apply(&mut self, events: &[Arc<StoredEvent>], history: &dyn History) {
        for recorded in events {
            let kept = history.event(recorded.row).unwrap().expect("the history holds it");
            assert_eq!(kept.json, recorded.json);
            self.told.lock().unwrap().rows.push(recorded.row);
        }
    }

    fn retry(&mut self, _history: &dyn History) {
        self.told.lock().unwrap().retries += 1;
        *self.backlog.lock().unwrap() = 0;
    }

    fn health(&self) -> Projection {
        let backlog = *self.backlog.lock().unwrap();
        Projection { name: self.name(), backlog, ..Projection::default() }
    }

    fn forget(&mut self, user_id: &UserId) -> io::Result<()> {
        if self.remembers {
            return Err(io::Error::other("it stays"));
        }
        self.told.lock().unwrap().forgotten.push(user_id.clone());
        Ok(())
    }

    fn checkpoint(&mut self) -> Box<dyn FnOnce() -> io::Result<String> + Send> {
        let fails = Arc::clone(&self.fails);
        Box::new(move || {
            if fails.load(Ordering::Relaxed) {
                Err(io::Error::other("it can't"))
            } else {
                Ok("noted".to_owned())
            }
        })
    }
}

#[tokio::test]
async fn a_sink_hears_every_event_once_in_order_before_the_answer() {
    let told = Arc::new(Mutex::new(Told::default()));
    let listener = Listener { told: Arc::clone(&told), ..Listener::default() };
    let bench = Bench::with_sinks(Medium::folder(), vec![Box::new(listener)]);
    assert_eq!(told.lock().unwrap().resumed, 1);
    bench.put(family()).await;
    let mut rows = Vec::new();
    for _ in 0..3 {
        rows.push(bench.activate("c1", "good").await.row);
        assert_eq!(told.lock().unwrap().rows, rows);
    }
    let all = (0..16).map(|_| bench.activate("c2", "good"));
    let more = futures_util::future::join_all(all).await;
    rows.extend(more.iter().map(|recorded| recorded.row));
    rows.sort_unstable();
    assert_eq!(told.lock().unwrap().rows, rows);
}

#[tokio::test]
async fn a_sink_that_is_behind_is_called_again_and_shown() {
    let (told, backlog) = (Arc::new(Mutex::new(Told::default())), Arc::new(Mutex::new(7)));
    let listener =
        Listener { told: Arc::clone(&told), backlog: Arc::clone(&backlog), ..Listener::default() };
    let bench = Bench::with_sinks(Medium::folder(), vec![Box::new(listener)]);
    let shown = bench.store.health().projections;
    let shown = shown.iter().find(|projection| projection.name == "listener");
    assert_eq!(shown.map(|projection| projection.backlog), Some(7));
    // The store calls by itself, about once a second.
    let caught_up = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        while told.lock().unwrap().retries == 0 {
            ticks.tick().await;
        }
    };
    let deadline = std::time::Duration::from_mins(1);
    tokio::time::timeout(deadline, caught_up).await.expect("it is called again");
    assert_eq!(*backlog.lock().unwrap(), 0);
}

#[tokio::test]
async fn every_sink_forgets_an_account_also_where_another_can_not() {
    let told = Arc::new(Mutex::new(Told::default()));
    let listener = Listener { told: Arc::clone(&told), ..Listener::default() };
    let stubborn = Listener { remembers: true, ..Listener::default() };
    let bench = Bench::with_sinks(Medium::folder(), vec![Box::new(stubborn), Box::new(listener)]);
    let error = bench.store.forget(&"u".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "it stays");
    assert_eq!(told.lock().unwrap().forgotten, [UserId::from("u")]);
}

#[tokio::test]
async fn a_purge_fails_while_the_note_of_a_sink_may_tell_of_the_past() {
    let fails = Arc::new(AtomicBool::new(false));
    let listener = Listener { fails: Arc::clone(&fails), ..Listener::default() };
    let bench = Bench::with_sinks(Medium::folder(), vec![Box::new(listener)]);
    bench.put(family()).await;
    fails.store(true, Ordering::Relaxed);
    bench.store.purge().await.unwrap_err();
    bench.activate("c1", "good").await;
    fails.store(false, Ordering::Relaxed);
    bench.store.purge().await.unwrap();
}
