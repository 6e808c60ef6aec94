//! A strict parser of the `OpenMetrics` format, which accepts nothing that a scraper might reject.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of a series, sorted by name.
pub(crate) type Labels = BTreeMap<String, String>;

/// All metrics of a page.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) families: BTreeMap<String, Family>,
}

/// The series of one metric.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// With the suffix of a histogram's part.
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

impl Metrics {
    /// Parses a page; panics if it breaks a rule.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.strip_suffix("# EOF\n").expect("it says that it is whole");
        assert!(!text.contains('\r'), "lines end with a line feed");
        let mut metrics = Self::default();
        let mut helps = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(helps.insert(name.to_owned(), help.to_owned()).is_none(), "twice: {line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(is_name(name, true), "{line}");
                let help = helps.get(name).unwrap_or_else(|| panic!("no help before: {line}"));
                assert!(help.contains(' '), "no sentence: {help}");
                let family =
                    Family { kind: kind.to_owned(), help: help.clone(), samples: Vec::new() };
                let old = metrics.families.insert(name.to_owned(), family);
                assert!(old.is_none(), "twice: {line}");
                name.clone_into(&mut current);
            } else if let Some(rest) = line.strip_prefix("# UNIT ") {
                let (name, unit) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(name == current && name.ends_with(&format!("_{unit}")), "{line}");
            } else {
                assert!(!line.starts_with('#'), "{line}");
                let sample = sample(line);
                let family = metrics.families.get_mut(&current);
                let family = family.unwrap_or_else(|| panic!("no type before: {line}"));
                let part = sample.name.strip_prefix(&current);
                let parts = family.parts();
                let is_own = part.is_some_and(|part| parts.contains(&part));
                assert!(is_own, "out of place: {line}");
                family.samples.push(sample);
            }
        }
        metrics.check();
        metrics
    }

    fn check(&self) {
        let mut series = BTreeSet::new();
        for (name, family) in &self.families {
            for sample in &family.samples {
                let key = (sample.name.clone(), sample.labels.clone());
                assert!(series.insert(key), "twice: {sample:?}");
                assert!(!sample.value.is_nan(), "{sample:?}");
                assert!(family.kind == "gauge" || sample.value >= 0.0, "{sample:?}");
            }
            assert!(!name.ends_with("_total") && !name.ends_with("_info"), "{name}");
            if family.kind == "histogram" {
                check_histogram(name, &family.samples);
            }
        }
    }

    /// The metric with this name.
    #[track_caller]
    pub(crate) fn family(&self, name: &str) -> &Family {
        let names = || self.families.keys().cloned().collect::<Vec<_>>().join(" ");
        self.families.get(name).unwrap_or_else(|| panic!("no {name} among {}", names()))
    }

    /// The number of series.
    pub(crate) fn count(&self) -> usize {
        self.families.values().map(|family| family.samples.len()).sum()
    }
}

impl Family {
    /// The suffixes that samples of the metric can have.
    fn parts(&self) -> &'static [&'static str] {
        match &*self.kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            kind => panic!("no kind: {kind}"),
        }
    }
}

/// Buckets increase, up to an infinite one that equals `_count`; each has a sum.
fn check_histogram(name: &str, samples: &[Sample]) {
    let mut histograms: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
        let mut labels = sample.labels.clone();
        let bound = labels.remove("le").unwrap_or_else(|| panic!("no bound: {sample:?}"));
        histograms.entry(labels).or_default().push((number(&bound), sample.value));
    }
    for (labels, buckets) in &histograms {
        let grows = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        assert!(buckets.windows(2).all(grows), "{name} {labels:?} {buckets:?}");
        let (bound, count) = buckets.last().unwrap();
        assert!(bound.is_infinite() && bound.is_sign_positive(), "{name} {labels:?}");
        let part = |suffix: &str| {
            let found = samples.iter().find(|sample| {
                sample.name == format!("{name}{suffix}") && sample.labels == *labels
            });
            found.unwrap_or_else(|| panic!("no {name}{suffix} {labels:?}")).value
        };
        assert!((part("_count") - count).abs() < 0.5, "{name} {labels:?}");
        assert!(part("_sum") >= 0.0, "{name} {labels:?}");
    }
    let counts = samples.iter().filter(|sample| sample.name.ends_with("_count")).count();
    assert_eq!(counts, histograms.len(), "{name}: a count for each histogram");
}

/// `name{label="value",…} number`
fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
    let (name, rest) = line.split_at(end);
    assert!(is_name(name, true), "{line}");
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest, line),
        None => (Labels::new(), rest),
    };
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    Sample { name: name.to_owned(), labels, value: number(value) }
}

/// The labels after an opening brace, and the text after the closing one.
fn labels<'a>(mut rest: &'a str, line: &str) -> (Labels, &'a str) {
    let mut labels = Labels::new();
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(name, false) && !name.starts_with("__"), "{line}");
        let (value, after) = quoted(after, line);
        assert!(labels.insert(name.to_owned(), value).is_none(), "{line}");
        rest = after.strip_prefix(',').unwrap_or(after);
        assert!(after.starts_with([',', '}']), "{line}");
    }
    (labels, &rest[1..])
}

/// The text up to the closing quote, and the text after it.
fn quoted<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('\\' | '"'))) => value.push(c),
                _ => panic!("{line}"),
            },
            c => value.push(c),
        }
    }
    panic!("no closing quote: {line}")
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        _ => text.parse().unwrap_or_else(|_| panic!("no number: {text}")),
    }
}

fn is_name(name: &str, may_have_colon: bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (c == ':' && may_have_colon);
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}
