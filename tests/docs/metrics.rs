//! Compares the table of metrics with a server's.

use std::collections::{BTreeMap, BTreeSet};

use crate::markdown::{Document, code};
use crate::process::{Running, run};

/// A metric's type and labels, by its name.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

fn in_document() -> Metrics {
    let table = Document::read("docs/operations.md").table(" Metrics");
    let count = table.len();
    let row = |row: Vec<String>| {
        assert!(row.len() == 4 && !row[3].is_empty(), "{row:?} has no meaning");
        let labels = row[2].split(',').filter_map(code).map(str::to_owned).collect();
        (code(&row[0]).unwrap().to_owned(), (row[1].clone(), labels))
    };
    let metrics: Metrics = table.into_iter().map(row).collect();
    assert_eq!(metrics.len(), count, "a metric is there twice");
    metrics
}

/// The metrics of a scrape. The suffix that a type adds to the name of each series is part of the name,
/// except a histogram's, which adds several.
fn in_scrape(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    let mut open = (String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            let suffix = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            open = (format!("{name}{suffix}"), kind.to_owned());
        } else if !line.starts_with('#') {
            let (name, kind) = &open;
            assert!(line.starts_with(name), "{line} is no series of {name}");
            let labels = line.split_once('{').map_or("", |(_, rest)| rest);
            let names = labels.split('"').step_by(2).filter_map(|part| part.strip_suffix('='));
            let names = names.map(|name| name.trim_start_matches(',').to_owned());
            let known = metrics.entry(name.clone()).or_insert((kind.clone(), BTreeSet::new()));
            known.1.extend(names.filter(|label| label != "le"));
        }
    }
    metrics
}

#[test]
fn the_documented_metrics_are_those_of_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let goldstar = env!("CARGO_BIN_EXE_goldstar");
    let mut server = Running::start(&format!("exec {goldstar}"), folder.path());
    let greeting = server.lines(1);
    let at = greeting.split_whitespace().last().unwrap();
    // One request before, so that there is something to say of requests.
    let script = format!("curl -sS -o answer {at}/health\ncurl -sS {at}/metrics");
    let scraped = in_scrape(&run(&script, folder.path()).unwrap());
    server.stop();
    assert_eq!(in_document(), scraped);
}

#[test]
fn names_types_and_labels_are_found_in_a_scrape() {
    let text = "# HELP a Requests.\n# TYPE a counter\na_total{b=\"c,d=\",e=\"f\"} 1\n# TYPE g \
                histogram\ng_count 0\ng_bucket{le=\"1\"} 0\n# EOF\n";
    let labels = BTreeSet::from(["b".to_owned(), "e".to_owned()]);
    let expected = Metrics::from([
        ("a_total".to_owned(), ("counter".to_owned(), labels)),
        ("g".to_owned(), ("histogram".to_owned(), BTreeSet::new())),
    ]);
    assert_eq!(in_scrape(text), expected);
}
