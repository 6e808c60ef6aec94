//! Values that differ between runs: each one in a sample stands for one value of the run.

use std::collections::HashMap;

/// The forms of values that differ. `x` is a hexadecimal digit, `9` a digit, `a` a letter, `#` one
/// or more digits; every other character is itself.
const FORMS: &[&str] = &[
    // An id.
    "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    // A time in Goldstar's form. Rows of other programs have other forms, and are compared.
    "9999-99-99T99:99:99.999999Z",
    // A session's token, or its hash.
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    // The id of a session.
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    // A password of the demo.
    "xxxxxxxxxxxxxxxx",
    // A request's id.
    "xxxxxxxx-#",
    // The time of an HTTP header.
    HTTP_DATE,
    // How long a request took.
    DURATION,
    DURATION_IN_JSON,
    // The process that uses a directory.
    "(process #)",
];

/// Two that are equal in a document may differ in a run, since the seconds change.
const HTTP_DATE: &str = "date: aaa, 99 aaa 9999 99:99:99 GMT";

/// Two requests may take the same time in one run and not in the next.
const DURATION: &str = "duration_ms=#.#";
const DURATION_IN_JSON: &str = "\"duration_ms\":#.#";

/// The forms of values that may differ if they are equal in the document.
const UNBOUND: [&str; 3] = [HTTP_DATE, DURATION, DURATION_IN_JSON];

/// A text in which each value that may differ is replaced by its form, and the values.
#[derive(Debug, PartialEq)]
pub(crate) struct Masked {
    pub(crate) text: String,
    pub(crate) values: Vec<String>,
}

pub(crate) fn mask(text: &str) -> Masked {
    let mut masked = Masked { text: String::new(), values: Vec::new() };
    masked.text = replace(text, |form, value| {
        if !UNBOUND.contains(&form) {
            masked.values.push(value.to_owned());
        }
        format!("<{form}>")
    });
    masked
}

/// Replaces each value that may differ.
fn replace(text: &str, mut with: impl FnMut(&'static str, &str) -> String) -> String {
    let mut replaced = String::new();
    let (mut rest, mut before) = (text, ' ');
    while let Some(first) = rest.chars().next() {
        let found = FORMS.iter().find_map(|form| Some((*form, length(form, rest)?)));
        if let Some((form, length)) = found.filter(|_| !before.is_ascii_alphanumeric()) {
            replaced.push_str(&with(form, &rest[..length]));
            rest = &rest[length..];
            before = ' ';
        } else {
            replaced.push(first);
            rest = &rest[first.len_utf8()..];
            before = first;
        }
    }
    replaced
}

/// The length of the value of that form at the beginning of a text, unless it is part of a longer
/// word.
fn length(form: &str, text: &str) -> Option<usize> {
    let mut rest = text;
    for wanted in form.chars() {
        let count = match wanted {
            '#' => rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()),
            _ => usize::from(rest.starts_with(|c: char| match wanted {
                'x' => c.is_ascii_hexdigit(),
                '9' => c.is_ascii_digit(),
                'a' if form == HTTP_DATE => c.is_ascii_alphabetic(),
                _ => c == wanted,
            })),
        };
        rest = rest.get(count..).filter(|_| count > 0)?;
    }
    (!rest.starts_with(|c: char| c.is_ascii_alphanumeric())).then(|| text.len() - rest.len())
}

/// The values of this run that the values of a document's samples stand for.
#[derive(Debug, Default)]
pub(crate) struct Bindings(HashMap<String, String>);

impl Bindings {
    /// Compares a sample with what was printed. Each of its values must stand for the same value in
    /// the whole document.
    pub(crate) fn agree(&mut self, sample: &str, printed: &str) -> Result<(), String> {
        let (sample, printed) = (mask(sample), mask(printed));
        for (written, real) in sample.values.iter().zip(&printed.values) {
            let known = self.0.entry(written.clone()).or_insert_with(|| real.clone());
            if known != real {
                return Err(format!("{written} stood for {known}, and now for {real}"));
            }
        }
        if sample.text == printed.text { Ok(()) } else { Err("the texts differ".to_owned()) }
    }

    /// Replaces the document's values in a command by this run's.
    pub(crate) fn in_this_run(&self, text: &str) -> String {
        replace(text, |_, value| self.0.get(value).map_or(value, |real| real).to_owned())
    }
}

#[test]
fn values_that_differ_are_masked_and_bound() {
    let id =
        |digit: &str| format!("{0}{0}-{1}-{1}-{1}-{1}{0}{0}", digit.repeat(4), digit.repeat(4));
    let (a, b) = (id("a"), id("b"));
    let moment = "2026-02-09T18:42:15.123456Z";
    let masked = mask(&format!("id={a}, at {moment} (process 17) {}0", "0".repeat(64)));
    assert_eq!(masked.values, [&*a, moment, "(process 17)"]);
    assert_eq!(mask("2026-02-09T18:42:15Z").values, [""; 0], "compared as it is");

    let mut bindings = Bindings::default();
    bindings.agree(&a, &b).unwrap();
    assert!(bindings.agree(&a, &a).is_err(), "it stands for another one");
    assert!(bindings.agree("1", "2").is_err());
    assert_eq!(bindings.in_this_run(&format!("/{a}/x")), format!("/{b}/x"));
}
