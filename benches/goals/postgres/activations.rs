//! Activations, compared with pgbench.

use super::cluster::Cluster;
use super::load::{load, requests};
use super::pgbench::{self, Constants};
use super::{Figures, import_into, serve};
use crate::Plan;
use crate::processor::processor_time;
use crate::support::client::{self, Client};
use crate::support::generate::Size;
use crate::support::process::Server;
use crate::table::{Goal, median, print_report, print_row, rounded, time};

const CONNECTIONS: usize = 64;
const BUSY: u64 = 8;

/// The databases of both sides.
const OURS: &str = "ours";
const THEIRS: &str = "theirs";

/// The figures of one side, in all rounds.
#[derive(Default)]
struct Side {
    rates: Vec<f64>,
    p99: Vec<f64>,
    /// The processor time of a commit in seconds: of PostgreSQL, and of the program that uses it.
    postgres: Vec<f64>,
    program: Vec<f64>,
}

/// Each connection activates a task of a random one of 1,000 families.
pub(crate) fn many(plan: &Plan) {
    let families = plan.families;
    let [ours, theirs] = compare(plan, families);
    let what = |what: &str| {
        format!("PostgreSQL: {what}, {CONNECTIONS} connections, {families} families ÷ pgbench")
    };
    print_rates(&what("durable activations/s"), &ours, &theirs, 0.8);
    let p99 = [&ours, &theirs].map(|side| median(side.p99.clone()));
    print_row(
        &what("99th percentile of an activation"),
        &format!("{} ÷ {}", time(p99[0]), time(p99[1])),
        p99[0] / p99[1],
        "",
        Goal::AtMost(1.3),
    );
    print_processor_time(&what("processor time of an activation"), &ours, &theirs);
}

/// The same with eight families, whose transactions wait for each other.
pub(crate) fn busy(plan: &Plan) {
    let [ours, theirs] = compare(plan, BUSY);
    let what = |what: &str| {
        format!("PostgreSQL: {what}, {CONNECTIONS} connections, {BUSY} busy families ÷ pgbench")
    };
    print_rates(&what("durable activations/s"), &ours, &theirs, 2.0);
    print_processor_time(&what("processor time of an activation"), &ours, &theirs);
}

fn print_rates(what: &str, ours: &Side, theirs: &Side, goal: f64) {
    crate::activation::print_rates(
        what,
        ours.rates.clone(),
        theirs.rates.clone(),
        Goal::AtLeast(goal),
    );
}

fn print_processor_time(what: &str, ours: &Side, theirs: &Side) {
    let [ours, theirs] = [ours, theirs].map(|side| {
        let (postgres, program) = (median(side.postgres.clone()), median(side.program.clone()));
        (postgres + program, postgres / (postgres + program) * 100.0)
    });
    let measured = format!(
        "{}, {:.0} % of it PostgreSQL's ÷ {}, {:.0} %",
        time(ours.0),
        ours.1,
        time(theirs.0),
        theirs.1
    );
    print_report(what, &measured, &rounded(ours.0 / theirs.0));
}

fn compare(plan: &Plan, families: u64) -> [Side; 2] {
    let cluster = plan.cluster();
    let requests = &requests_of(plan)[..usize::try_from(families).unwrap()];
    let script = pgbench::activation(families, &constants(cluster));
    let mut sides = [Side::default(), Side::default()];
    for _ in 0..plan.rounds {
        let server = serve(plan, &cluster.url(OURS)).unwrap();
        let process = server.id().to_string();
        sides[0].add(cluster, OURS, &process, || {
            load(&[server.address], requests, CONNECTIONS, plan.seconds).unwrap()
        });
        drop(server);
        sides[1].add(cluster, THEIRS, "self", || {
            pgbench::run(cluster, THEIRS, &script, CONNECTIONS, plan.seconds).unwrap()
        });
    }
    sides
}

impl Side {
    fn add(
        &mut self,
        cluster: &Cluster,
        database: &str,
        process: &str,
        run: impl FnOnce() -> Figures,
    ) {
        let times = || [cluster.processor_time().unwrap(), processor_time(process).unwrap()];
        let (commits, before) = (commits(cluster, database), times());
        let Figures { count, rate, p99 } = run();
        let (after, commits) = (times(), self::commits(cluster, database) - commits);
        let each = |place: usize| (after[place] - before[place]) / commits;
        self.postgres.push(each(0));
        self.program.push(each(1));
        // A script of pgbench whose second statement finds another version commits nothing.
        self.rates.push(rate * (commits / count).min(1.0));
        self.p99.push(p99);
    }
}

/// The number of events so far.
fn commits(cluster: &Cluster, database: &str) -> f64 {
    cluster.number(database, "SELECT sum(seq) FROM families").unwrap()
}

/// Two servers, compared with one, by the same number of connections.
pub(crate) fn two_servers(plan: &Plan) {
    let cluster = plan.cluster();
    let requests = requests_of(plan);
    let (mut two, mut one) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        for (rates, number) in [(&mut two, 2), (&mut one, 1)] {
            let servers: Vec<Server> =
                (0..number).map(|_| serve(plan, &cluster.url(OURS)).unwrap()).collect();
            let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
            rates.push(load(&addresses, requests, CONNECTIONS, plan.seconds).unwrap().rate);
        }
    }
    let (two, one) = (median(two), median(one));
    print_report(
        &format!(
            "PostgreSQL: durable activations/s, {CONNECTIONS} connections, {} families, two servers \
             ÷ one on the same processors",
            plan.families
        ),
        &format!("{} ÷ {}", rounded(two), rounded(one)),
        &rounded(two / one),
    );
}

/// The statements and the bytes of the write-ahead log of an activation.
pub(crate) fn cost(plan: &Plan) {
    let cluster = plan.cluster();
    let requests = requests_of(plan);
    cluster.execute(OURS, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements").unwrap();
    let track = format!("ALTER DATABASE {OURS} SET pg_stat_statements.track = 'top'");
    cluster.execute(OURS, &track).unwrap();
    let server = serve(plan, &cluster.url(OURS)).unwrap();
    for (requests, families) in
        [(requests, plan.families), (&requests[..usize::try_from(BUSY).unwrap()], BUSY)]
    {
        let calls = || {
            let sum = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements";
            cluster.number(OURS, sum).unwrap()
        };
        let wal = || {
            let bytes = "SELECT pg_current_wal_insert_lsn() - '0/0'";
            cluster.number(OURS, bytes).unwrap()
        };
        // A page is written as a whole when it first changes after a checkpoint.
        load(&[server.address], requests, CONNECTIONS, plan.seconds).unwrap();
        let before = (calls(), wal(), commits(cluster, OURS));
        load(&[server.address], requests, CONNECTIONS, plan.seconds).unwrap();
        let after = (calls(), wal(), commits(cluster, OURS));
        let activations = after.2 - before.2;
        let each = |before: f64, after: f64| rounded((after - before) / activations);
        let what = |what: &str| {
            format!("PostgreSQL: {what}, {CONNECTIONS} connections, {families} families")
        };
        let measured = format!("{activations} activations");
        let statements = each(before.0, after.0);
        print_report(&what("statements of an activation"), &measured, &statements);
        let bytes = format!("{} bytes", each(before.1, after.1));
        print_report(&what("write-ahead log of an activation"), &measured, &bytes);
    }
}

/// The requests on the databases, which are created only once: so many log-ins take minutes.
fn requests_of(plan: &Plan) -> &[Vec<u8>] {
    plan.activations.get_or_init(|| prepare(plan, plan.cluster()))
}

/// Creates the databases of both sides, with one child in each family and a session of each. Returns the
/// requests.
fn prepare(plan: &Plan, cluster: &Cluster) -> Vec<Vec<u8>> {
    let families = plan.families;
    let size = Size { users: families, children: families, events: families, departing: false };
    let folder = plan.fresh("postgres", size);
    cluster.create(OURS, "template1").unwrap();
    import_into(&cluster.url(OURS), &folder).unwrap();
    let server = serve(plan, &cluster.url(OURS)).unwrap();
    store_a_setting(&server);
    let requests = requests(&server, families).unwrap();
    // One event, whose length pgbench's script has.
    Client::connect(server.address).unwrap().succeed(&requests[0]).unwrap();
    drop(server);
    cluster.create(THEIRS, OURS).unwrap();
    let number = "lpad(substring(email FROM '[0-9]+'), 64, '0')";
    let tokens =
        format!("DELETE FROM tokens; INSERT INTO tokens SELECT {number}, family_id FROM accounts");
    cluster.execute(THEIRS, &tokens).unwrap();
    cluster.execute(OURS, "VACUUM ANALYZE").unwrap();
    cluster.execute(THEIRS, "VACUUM ANALYZE").unwrap();
    requests
}

/// Stores a setting before the sessions, so that the last row of a family's records is one of its own.
fn store_a_setting(server: &Server) {
    let mut client = Client::connect(server.address).unwrap();
    let token = client.log_in(0).unwrap();
    let body = "{\"hours\": 720}";
    let request = client::json_request("PUT", "/admin/deletion-threshold", &token, body);
    client.succeed(&request).unwrap();
}

fn constants(cluster: &Cluster) -> Constants {
    let number = |statement: &str| cluster.execute(OURS, statement).unwrap().parse().unwrap();
    Constants {
        shared: number("SELECT version FROM families WHERE id = 0"),
        child: number("SELECT max(octet_length(row)) FROM records WHERE kind = 'children'"),
        event: number(
            "SELECT octet_length(json) FROM events ORDER BY xid DESC, place DESC LIMIT 1",
        ),
    }
}
