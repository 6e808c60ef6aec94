//! Two servers on a database with the families of the stress tests, and what is known about them.

use std::cell::RefCell;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::check;
use crate::harness::cluster::execute;
use crate::harness::{TestServer, eventually};
use crate::kills::book::Book;
use crate::kills::home::{Home, settings};
use crate::kills::load::{self, Told};
use crate::random::Random;

const FAMILIES: usize = 8;
/// The number of responses before a disturbance, and after it.
const BEFORE: usize = 30;
const AFTER: usize = 60;
/// The largest number of lines that the audit log of the next server repeats.
const BATCH: usize = 1024;

/// Transactions that may still commit.
const UNFINISHED: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                          AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL";

/// Counts for the report.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) acknowledged: usize,
    unknown: usize,
    unconfirmed: usize,
    failed: usize,
    repeated: usize,
}

pub(super) struct Life {
    pub(super) home: Home,
    book: Book,
    keys: RefCell<usize>,
    /// The responses since the last check.
    told: Told,
    pub(super) url: String,
    /// How often another server may have continued the audit logs.
    pub(super) handovers: usize,
}

impl Life {
    /// Starts two servers on an empty database.
    pub(super) async fn begin(url: &str) -> Self {
        let servers = TestServer::two_on(url, settings()).await;
        let home = Home::of(servers.into(), FAMILIES).await;
        let book = Book::new(&home).await;
        let (keys, told, url) = (RefCell::default(), Told::default(), url.to_owned());
        Self { home, book, keys, told, url, handovers: 0 }
    }

    /// Sends mutations to both servers before, during and after a disturbance.
    pub(super) async fn endure(
        &mut self,
        random: &mut Random,
        disturb: impl AsyncFnOnce(&mut [TestServer]),
    ) {
        let Self { home: Home { servers, gates, families, .. }, book, keys, told, .. } = self;
        let (told, is_over) = (RefCell::new(std::mem::take(told)), CancellationToken::new());
        let further = async |count: usize| {
            let before = told.borrow().acknowledged.len();
            let is_reached = || told.borrow().acknowledged.len() >= before + count;
            eventually("further responses", async || is_reached().then_some(())).await;
        };
        let disturbance = async {
            further(BEFORE).await;
            disturb(servers).await;
            further(AFTER).await;
            is_over.cancel();
        };
        tokio::join!(
            load::work(families, gates, random, (&*keys, &told), &is_over),
            join_all(book.listen(&is_over)),
            disturbance,
        );
        self.told = told.into_inner();
    }

    /// Checks everything but the audit logs, whose next server may have to wait for the lease.
    pub(super) async fn check(&mut self, tally: &mut Tally) {
        eventually("the end of all transactions", async || {
            (execute(&self.url, UNFINISHED) == ["0"]).then_some(())
        })
        .await;
        let told = std::mem::take(&mut self.told);
        tally.acknowledged += told.acknowledged.len();
        tally.unknown += told.unknown.len();
        tally.failed += told.failed;
        self.told = self.book.check(&self.home, told).await;
    }

    /// Checks everything again, and the audit logs. Stops the servers, and checks the database.
    pub(super) async fn end(mut self, tally: &mut Tally) {
        self.check(tally).await;
        self.book.check_whole(&self.home).await;
        tally.repeated += self.book.check_lines(&self.home, self.handovers * BATCH).await;
        tally.unconfirmed += self.book.unconfirmed;
        for server in &mut self.home.servers {
            server.stop().await;
        }
        self.book.check_lines(&self.home, self.handovers * BATCH).await;
        check(&self.home.servers[0], &self.url);
    }
}

impl Tally {
    pub(super) fn figures(&self) -> String {
        let Self { acknowledged, unknown, unconfirmed, failed, repeated } = self;
        format!(
            "{acknowledged} acknowledged events: 0 lost, 0 twice; {failed} refused: 0 there; of \
             {unknown} mutations with an unknown outcome {unconfirmed} were there, whole; {repeated} \
             lines of the audit logs were repeated by another server"
        )
    }
}
