//! The admin query, compared with plain statements by pgbench.

use super::cluster::Cluster;
use super::{import_into, pgbench, serve};
use crate::Plan;
use crate::activation::print_rates;
use crate::oha::{Request, load};
use crate::processor::processor_time;
use crate::support::client::Client;
use crate::support::generate::CHILD;
use crate::table::{Goal, median, print_report, rounded, time};
use crate::tracking::ANY_CHILD;

/// The number of oha's processes, and the connections of each.
const PROCESSES: usize = 8;
const EACH: usize = 8;

/// The newest page of a child's events, and their number.
fn script() -> String {
    let child = format!("'{CHILD:08x}-0000-4000-8000-' || lpad(to_hex(:n::bigint), 12, '0')");
    format!(
        "\\set n random(0, 767)\n\
         SELECT count(*) FROM events WHERE child_id = {child};\n\
         SELECT json FROM events WHERE child_id = {child} \
         ORDER BY occurred_at DESC, created_at DESC, xid DESC, place DESC LIMIT 50;\n"
    )
}

/// A page of 50 of any of 768 children, with the total.
pub(crate) fn page(plan: &Plan) {
    let cluster = plan.cluster();
    let url = large_database(plan, cluster);
    let server = serve(plan, &url).unwrap();
    let token = Client::connect(server.address).unwrap().log_in(0).unwrap();
    let path = format!("/admin/tracking?child_id={ANY_CHILD}&limit=50").replace('?', r"\?");
    let request = Request { method: "GET", path, token: Some(token), body: None };
    let requests = vec![request; PROCESSES];
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    let process = server.id().to_string();
    for _ in 0..plan.rounds {
        ours.add(cluster, &process, plan.seconds, || {
            load(server.address, &requests, EACH, plan.seconds).unwrap().rate
        });
        theirs.add(cluster, "self", plan.seconds, || {
            let connections = PROCESSES * EACH;
            pgbench::run(cluster, LARGE, &script(), connections, plan.seconds).unwrap().rate
        });
    }
    let what = format!(
        "PostgreSQL: `GET /admin/tracking`, a page of 50 of the events of any of 768 children at {} \
         events",
        plan.large
    );
    let rates = format!("{what}, requests/s ÷ pgbench, the bare query and its total");
    print_rates(&rates, ours.rates, theirs.rates, Goal::AtLeast(0.8));
    let postgres = [ours.postgres, theirs.postgres].map(median);
    print_report(
        &format!("{what}, processor time of PostgreSQL ÷ with pgbench"),
        &format!(
            "{} and {} of Goldstar's ÷ {}",
            time(postgres[0]),
            time(median(ours.program)),
            time(postgres[1])
        ),
        &rounded(postgres[0] / postgres[1]),
    );
}

/// The figures of one side, in all rounds.
#[derive(Default)]
struct Side {
    rates: Vec<f64>,
    /// The processor time of a request in seconds: of PostgreSQL, and of a process that uses it.
    postgres: Vec<f64>,
    program: Vec<f64>,
}

impl Side {
    fn add(&mut self, cluster: &Cluster, process: &str, seconds: u64, run: impl FnOnce() -> f64) {
        let times = || [cluster.processor_time().unwrap(), processor_time(process).unwrap()];
        let before = times();
        let rate = run();
        let after = times();
        #[expect(clippy::cast_precision_loss, reason = "a benchmark is short")]
        let count = rate * seconds as f64;
        self.rates.push(rate);
        self.postgres.push((after[0] - before[0]) / count);
        self.program.push((after[1] - before[1]) / count);
    }
}

const LARGE: &str = "large";

/// The URL of a database with the events of the large directory.
pub(super) fn large_database(plan: &Plan, cluster: &Cluster) -> String {
    let url = cluster.url(LARGE);
    if cluster
        .number("postgres", &format!("SELECT count(*) FROM pg_database WHERE datname = '{LARGE}'"))
        .unwrap()
        == 0.0
    {
        cluster.create(LARGE, "template1").unwrap();
        import_into(&url, plan.large()).unwrap();
        cluster.execute(LARGE, "VACUUM ANALYZE").unwrap();
    }
    url
}
