//! `kill -9` under load: clients send mutations, the real program is killed at a random time and
//! started again, and all confirmed changes are searched for in everything that it keeps.

pub(crate) mod book;
pub(crate) mod home;
pub(crate) mod load;
mod moments;
mod streams;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::budget::{Rounds, Run};
use crate::random::Random;
use book::{Book, check_with_tinydb};
use home::{Home, grow_the_journal, kill_a_start, prepared};
use load::Told;
use moments::{Moment, is_half_done};

const ROUNDS: Rounds = Rounds { short: 5, long: 380 };
/// After this many rounds, a new directory is used.
const LIFE: usize = 20;
/// After this many rounds, TinyDB opens the files.
const TINYDB: usize = 10;

/// Counts for the report.
#[derive(Default)]
struct Tally {
    under_load: usize,
    in_checkpoint: usize,
    in_stop: usize,
    in_start: usize,
    /// After how many kills a temporary file was left that was to replace another.
    half_done: usize,
    directories: usize,
    acknowledged: usize,
    unknown: usize,
    unconfirmed: usize,
    tinydb: usize,
}

/// A directory, through several kills.
struct Life {
    home: Home,
    book: Book,
    keys: RefCell<usize>,
    /// The responses since the last check.
    told: Told,
    /// The duration of the last start.
    start: Duration,
}

impl Life {
    async fn begin(random: &mut Random, tally: &mut Tally) -> Self {
        let folders = prepared();
        if random.coin() {
            tally.in_start += 1;
            kill_a_start(&folders, moments::below(random, Duration::from_millis(50))).await;
        }
        let home = Home::new(folders).await;
        let book = Book::new(&home).await;
        tally.directories += 1;
        let start = Duration::from_millis(50);
        Self { home, book, keys: RefCell::default(), told: Told::default(), start }
    }

    /// Kills the server while the clients send requests, and kills some of the following starts.
    async fn kill(&mut self, random: &mut Random, tally: &mut Tally) {
        let moment = Moment::draw(random);
        *moment.count(tally) += 1;
        let Self { home, book, keys, told, .. } = self;
        let Home { servers, gates, families, admin } = home;
        let (server, is_over) = (&mut servers[0], CancellationToken::new());
        let received = RefCell::new(std::mem::take(told));
        let growth = async {
            if matches!(moment, Moment::Checkpoint(_)) {
                grow_the_journal(admin).await;
            }
        };
        tokio::join!(
            load::work(families, gates, random, (keys, &received), &is_over),
            join_all(book.listen(&is_over)),
            growth,
            moment.kill(server),
        );
        *told = received.into_inner();
        tally.half_done += usize::from(is_half_done(&server.folders));
        while random.below(4) == 0 {
            tally.in_start += 1;
            kill_a_start(&server.folders, moments::below(random, self.start)).await;
            tally.half_done += usize::from(is_half_done(&server.folders));
        }
    }

    /// Starts the server again, and checks everything.
    async fn look(&mut self, tally: &mut Tally, with_tinydb: bool) {
        let started = Instant::now();
        self.home.servers[0].start_again().await;
        self.start = started.elapsed();
        if with_tinydb {
            // The files do not change before the first request.
            tally.tinydb += 1;
            check_with_tinydb(self.home.folders());
        }
        let told = std::mem::take(&mut self.told);
        tally.acknowledged += told.acknowledged.len();
        tally.unknown += told.unknown.len();
        self.told = self.book.check(&self.home, told).await;
    }

    async fn end(mut self, tally: &mut Tally) {
        self.home.servers[0].restart().await;
        tally.acknowledged += self.told.acknowledged.len();
        self.book.check(&self.home, self.told).await;
        self.book.check_whole(&self.home).await;
        self.home.servers[0].stop().await;
        self.book.check_stopped(self.home.folders());
        tally.tinydb += 1;
        check_with_tinydb(self.home.folders());
        assert!(self.book.len() > 0, "nothing has happened");
        tally.unconfirmed += self.book.unconfirmed;
    }
}

impl Tally {
    fn figures(&self) -> String {
        let Self { under_load, in_checkpoint, in_stop, in_start, half_done, .. } = self;
        let kills = under_load + in_checkpoint + in_stop + in_start;
        format!(
            "{kills} kills ({under_load} under load, {in_checkpoint} in a checkpoint, {in_stop} in \
             a stop, {in_start} in a start; {half_done} left a file half replaced), {} directories; \
             {} acknowledged events: 0 lost, 0 twice; of {} mutations that were never answered {} \
             were there, whole; TinyDB opened the files {} times",
            self.directories, self.acknowledged, self.unknown, self.unconfirmed, self.tinydb
        )
    }
}

#[tokio::test]
async fn a_killed_server_has_every_confirmed_change_once() {
    let mut run = Run::of("kills", &ROUNDS);
    let mut tally = Tally::default();
    let mut life: Option<Life> = None;
    let mut rounds = 0;
    while let Some(mut random) = run.next() {
        let mut current = match life.take() {
            Some(life) => life,
            None => Life::begin(&mut random, &mut tally).await,
        };
        current.kill(&mut random, &mut tally).await;
        rounds += 1;
        current.look(&mut tally, rounds % TINYDB == 0).await;
        if rounds % LIFE == 0 {
            current.end(&mut tally).await;
        } else {
            life = Some(current);
        }
    }
    if let Some(life) = life {
        life.end(&mut tally).await;
    }
    run.report(&tally.figures());
}
