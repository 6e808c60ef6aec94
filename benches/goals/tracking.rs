//! The cost of a query of the tracking table.

use std::fmt::Write as _;
use std::path::Path;

use super::activation::print_rates;
use super::oha::{Request, load};
use super::support::client::{self, Client};
use super::support::generate::{CHILD, TASK, USER, id};
use super::support::process::Server;
use super::table::{Goal, median, print_row, time};
use super::{Plan, peers};

/// The number of oha's processes, each with a child of its own.
const CHILDREN: u64 = 8;
/// The connections of each.
const EACH: usize = 8;

/// Most children, in random order: more pages than are kept in memory.
pub(crate) const ANY_CHILD: &str = "00000002-0000-4000-8000-000000000[0-2][0-9a-f]{2}";

/// The first page of one child's events, compared with the same bytes from memory.
pub(crate) fn page(plan: &Plan) {
    let server = Server::goldstar(plan.large(), &[]).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    let token = client.log_in(0).unwrap();
    let path = |child: &str| format!("/admin/tracking?child_id={child}&limit=50");
    let first = client.succeed(&client::request("GET", &path(&id(CHILD, 0)), &token)).unwrap();
    let limits = peers::limits(plan.folder.path(), 0, &first);
    let request = |path, token| Request { method: "GET", path, token, body: None };
    let ours = |path| request(path, Some(token.clone()));
    let same: Vec<_> = (0..CHILDREN).map(|n| ours(path(&id(CHILD, n)))).collect();
    let any: Vec<_> = (0..CHILDREN).map(|_| ours(path(ANY_CHILD).replace('?', r"\?"))).collect();
    let theirs: Vec<_> = (0..CHILDREN).map(|_| request("/page".to_owned(), None)).collect();
    let loads = [(server.address, same), (server.address, any), (limits.address, theirs)];
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        for (rates, (address, requests)) in rates.iter_mut().zip(&loads) {
            rates.push(load(*address, requests, EACH, plan.seconds).unwrap().rate);
        }
    }
    let [same, any, theirs] = rates;
    let what = |which: &str| {
        format!(
            "`GET /admin/tracking`, a page of 50 of {which} at {} events, requests/s ÷ axum, the \
             same {} bytes from memory",
            plan.large,
            first.len()
        )
    };
    print_rates(&what("a child's events"), same, theirs.clone(), Goal::AtLeast(0.5));
    print_rates(&what("the events of any of 768 children"), any, theirs, Goal::AtLeast(0.5));
}

/// How often each combination is measured to find the slowest.
const TRIES: usize = 10;
/// How many of the slowest are measured.
const SLOWEST: usize = 5;

/// The slowest combination of filters.
pub(crate) fn filters(plan: &Plan) {
    print_slowest(plan, plan.large(), plan.large);
}

/// The slowest combination of filters, in a directory with that number of events.
pub(crate) fn print_slowest(plan: &Plan, folder: &Path, events: u64) {
    let server = Server::goldstar(folder, &[]).unwrap();
    let mut client = Client::connect(server.address).unwrap();
    let token = client.log_in(0).unwrap();
    let mut tried: Vec<(f64, String)> = combinations(events / 2)
        .into_iter()
        .map(|path| {
            let request = client::request("GET", &path, &token);
            let times = (0..TRIES).map(|_| client.sample(&request).unwrap().1.as_secs_f64());
            (median(times.collect()), path)
        })
        .collect();
    tried.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let count = tried.len();
    let mut measured: Vec<(f64, String)> = tried
        .into_iter()
        .take(SLOWEST)
        .map(|(_, path)| {
            let request = Request { method: "GET", path, token: Some(token.clone()), body: None };
            let rounds = (0..plan.rounds)
                .map(|_| load(server.address, std::slice::from_ref(&request), 1, 1).unwrap().p99);
            (median(rounds.collect()), request.path)
        })
        .collect();
    measured.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let (p99, path) = &measured[0];
    let names = path.split(['?', '&', '=']).filter(|word| NAMES.contains(word));
    print_row(
        &format!(
            "99th percentile of the slowest of {count} combinations of filters at {events} events, with \
             its total"
        ),
        &format!("{} for {}", time(*p99), names.collect::<Vec<_>>().join(", ")),
        p99 * 1e3,
        " ms",
        Goal::AtMost(10.0),
    );
}

const NAMES: [&str; 9] =
    ["child_id", "user_id", "entity_type", "entity_id", "action", "from", "to", "order", "offset"];

/// Every set of filters, in both orders, for the first page and for one with a large offset. Each
/// filter matches some event, and the times match nearly all events.
fn combinations(far: u64) -> Vec<String> {
    let values = [
        id(CHILD, 0),
        id(USER, 0),
        "task".to_owned(),
        id(TASK, 0),
        "activated".to_owned(),
        "2024-01-01T00:10:00Z".to_owned(),
        "2030-01-01".to_owned(),
        "asc".to_owned(),
        far.to_string(),
    ];
    (0..1_u32 << NAMES.len())
        .map(|set| {
            let mut path = "/admin/tracking?limit=50".to_owned();
            for (n, (name, value)) in NAMES.iter().zip(&values).enumerate() {
                if set >> n & 1 == 1 {
                    write!(path, "&{name}={value}").unwrap();
                }
            }
            path
        })
        .collect()
}
