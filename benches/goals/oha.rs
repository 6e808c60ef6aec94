//! Load by [oha](https://github.com/hatoo/oha), which runs in processes of its own.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use super::peers::program;

/// The request, which is repeated.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// With `[…]` it is a regular expression: each request uses a random path that matches.
    pub(crate) path: String,
    /// The session's token; `None` if the server has no sessions.
    pub(crate) token: Option<String>,
    /// A JSON body.
    pub(crate) body: Option<String>,
}

/// The result of a load.
pub(crate) struct Outcome {
    /// Responses per second.
    pub(crate) rate: f64,
    /// The median in seconds, of the first process only.
    pub(crate) median: f64,
    /// The 99th percentile in seconds, of the first process only.
    pub(crate) p99: f64,
}

/// oha's report.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Summary,
    latency_percentiles: Percentiles,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    requests_per_sec: f64,
}

#[derive(Deserialize)]
struct Percentiles {
    p50: Option<f64>,
    p99: Option<f64>,
}

/// oha's name for the requests that the end of the time interrupts.
const BROKEN_OFF: &str = "aborted due to deadline";

/// Sends requests for some seconds: one process for each request, with that number of connections.
/// Fails if a response is not 200.
pub(crate) fn load(
    address: SocketAddr,
    requests: &[Request],
    connections: usize,
    seconds: u64,
) -> io::Result<Outcome> {
    let processes: io::Result<Vec<Child>> = requests
        .iter()
        .map(|request| command(address, request, connections, seconds).spawn())
        .collect();
    let reports: io::Result<Vec<Report>> = processes?.into_iter().map(report).collect();
    let reports = reports?;
    let first = reports.first().ok_or_else(|| io::Error::other("no request"))?;
    let missing = || io::Error::other("no answer in time");
    Ok(Outcome {
        rate: reports.iter().map(|report| report.summary.requests_per_sec).sum(),
        median: first.latency_percentiles.p50.ok_or_else(missing)?,
        p99: first.latency_percentiles.p99.ok_or_else(missing)?,
    })
}

fn command(address: SocketAddr, request: &Request, connections: usize, seconds: u64) -> Command {
    let mut oha = Command::new(program("BENCH_OHA"));
    oha.args(["--no-tui", "--output-format", "json", "--disable-compression"]);
    oha.args(["--worker-threads", "1", "-c", &connections.to_string()]);
    oha.args(["-z", &format!("{seconds}s"), "-m", request.method]);
    if let Some(token) = &request.token {
        oha.args(["-H", &format!("Cookie: session={token}")]);
    }
    if let Some(body) = &request.body {
        oha.args(["-T", "application/json", "-d", body]);
    }
    if request.path.contains('[') {
        oha.arg("--rand-regex-url");
    }
    oha.arg(format!("http://{address}{}", request.path));
    oha.stdin(Stdio::null()).stdout(Stdio::piped());
    oha
}

fn report(process: Child) -> io::Result<Report> {
    let output = process.wait_with_output()?;
    if !output.status.success() {
        io::stderr().write_all(&output.stdout)?;
        return Err(io::Error::other("oha failed"));
    }
    let report: Report = serde_json::from_slice(&output.stdout)?;
    let only_200 = report.status_code_distribution.keys().all(|status| status == "200");
    let only_broken_off = report.error_distribution.keys().all(|error| error == BROKEN_OFF);
    if !only_200 || !only_broken_off {
        let (statuses, errors) = (report.status_code_distribution, report.error_distribution);
        return Err(io::Error::other(format!("not only 200: {statuses:?} {errors:?}")));
    }
    Ok(report)
}
