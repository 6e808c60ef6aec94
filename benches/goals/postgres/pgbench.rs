//! The same statements by pgbench, without a server in between.

use std::fs;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use goldstar::store::postgres::statements;

use super::Figures;
use super::cluster::Cluster;
use crate::support::generate::{CHILD, TASK};

/// Executes a script with pgbench for some seconds, by prepared statements. The rate is that of executed
/// scripts.
pub(super) fn run(
    cluster: &Cluster,
    database: &str,
    script: &str,
    connections: usize,
    seconds: u64,
) -> io::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let (file, log) = (folder.path().join("script"), folder.path().join("log"));
    fs::write(&file, script)?;
    let mut pgbench = cluster.program("pgbench");
    pgbench.args(["-n", "-M", "prepared", "-j", "2", "-c", &connections.to_string()]);
    // The time to connect counts here.
    pgbench.args(["-T", &seconds.max(3).to_string(), "--log", "--log-prefix"]).arg(log);
    pgbench.arg("-f").arg(file).arg(cluster.url(database));
    let done = pgbench.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let errors = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() || errors.contains("ERROR") {
        let first: Vec<&str> = errors.lines().take(5).collect();
        return Err(io::Error::other(format!("pgbench failed: {}", first.join("\n"))));
    }
    let (mut times, mut begun, mut ended) = (Vec::new(), f64::INFINITY, 0.0_f64);
    for entry in fs::read_dir(folder.path())? {
        let name = entry?.path();
        if name.file_name().is_some_and(|it| it.to_string_lossy().starts_with("log")) {
            for line in fs::read_to_string(name)?.lines() {
                // The duration in microseconds, and the seconds and microseconds of the end.
                let fields: Result<Vec<u64>, _> = line.split(' ').map(str::parse).collect();
                let fields = fields.map_err(io::Error::other)?;
                let time = Duration::from_micros(fields[2]);
                #[expect(clippy::cast_precision_loss, reason = "microseconds fit")]
                let end = fields[4] as f64 + fields[5] as f64 / 1e6;
                (begun, ended) = (begun.min(end - time.as_secs_f64()), ended.max(end));
                times.push(time);
            }
        }
    }
    if times.is_empty() {
        return Err(io::Error::other("pgbench executed nothing"));
    }
    Ok(Figures::of(times, ended - begun))
}

/// The values of an activation that pgbench does not make.
pub(super) struct Constants {
    /// The version of what all families share.
    pub(super) shared: i64,
    /// The length of a child's record, and of an event.
    pub(super) child: i64,
    pub(super) event: i64,
}

/// The two statements that Goldstar executes for an activation, of a random one of the first families. The
/// session of the n-th family has n as its hash: see [`super::activations`].
///
/// The last row of the first statement is the family's newest session. Its columns become variables.
pub(super) fn activation(families: u64, constants: &Constants) -> String {
    let Constants { shared, child, event } = constants;
    let id =
        |kind: u8| format!("('{kind:08x}-0000-4000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))");
    let texts = |text: &str| format!("ARRAY[{text}]::text[]");
    let numbers = |number: &str| format!("ARRAY[{number}]::bigint[]");
    let now = numbers("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
    let (family, no_numbers, no_texts) = (numbers(":l_id"), numbers(""), texts(""));
    let load = with_values(statements::LOAD_ONE, &[":account::text", "lpad(:n::text, 64, '0')"]);
    let swap = with_values(
        statements::SWAP_ONE,
        &[
            &family,
            &numbers(":l_version"),
            &numbers(":seq"),
            &now,
            &format!("{shared}::bigint"),
            "gen_random_uuid()",
            &family,
            &texts("'children'"),
            &texts(&id(CHILD)),
            &numbers("NULL"),
            &texts(&format!("repeat('x', {child})")),
            &no_numbers,
            &no_texts,
            &no_texts,
            &family,
            &numbers(":seq"),
            "ARRAY[1]::integer[]",
            &texts("gen_random_uuid()::text"),
            &texts(&id(CHILD)),
            &texts("'task'"),
            &texts(&id(TASK)),
            &texts("'activated'"),
            &now,
            &now,
            &texts(&format!("repeat('x', {event})")),
            &texts("NULL"),
        ],
    );
    let last = families - 1;
    format!(
        "\\set account 0\n\\set n random(0, {last})\n{load} \\aset l_\n\\set seq :l_seq + 1\n{swap};\n"
    )
}

/// A statement with expressions instead of its parameters.
fn with_values(statement: &str, values: &[&str]) -> String {
    let mut text = statement.to_owned();
    for (place, value) in values.iter().enumerate().rev() {
        text = text.replace(&format!("${}", place + 1), value);
    }
    assert!(!text.contains('$'), "the statement has more parameters: {text}");
    text
}
