//! Each floor of the house uses only the floors below it. This reads every path in `src/` that
//! starts at the crate's root, so that an upward import fails here rather than in a review.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::fs;
use std::path::{Path, PathBuf};

/// The modules, lowest floor first. Modules of one floor don't use each other.
const FLOORS: &[&[&str]] = &[
    &["domain"],
    &["disk", "clock", "metrics"],
    &["store"],
    &["followers", "repair"],
    &["service"],
    &["http"],
];
/// The top floor wires everything together: its modules may use each other too.
const TOP: &[&str] = &["app", "cli", "config", "main"];

/// The crate's map: it declares the modules and has no code.
const MAP: &str = "lib";

fn floor_of(module: &str) -> Option<usize> {
    if TOP.contains(&module) {
        return Some(FLOORS.len());
    }
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn may_use(user: &str, other: &str) -> Result<bool, String> {
    let floor =
        |module| floor_of(module).ok_or_else(|| format!("`{module}` has no place in {FLOORS:?}"));
    let (from, to) = (floor(user)?, floor(other)?);
    Ok(user == other || to < from || (from == to && to == FLOORS.len()))
}

/// Where a source file stands: its top module, and how many `super::` lead from it to the root.
#[derive(Debug, PartialEq)]
struct Place {
    module: String,
    depth: usize,
}

fn place_of(path_in_src: &Path) -> Place {
    let mut parts: Vec<String> = path_in_src
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    let depth = parts.len();
    Place { module: parts.swap_remove(0), depth }
}

/// The modules that a source text names by a path from the crate's root.
fn modules_used(text: &str, depth: usize) -> Vec<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut used = Vec::new();
    for root in ["crate::", "goldstar::"] {
        for rest in paths_after(&code, root) {
            used.extend(heads(rest));
        }
    }
    // As many `super::` as the file lies deep lead to the root as well; one more from an inline
    // module. Only names of top modules count: others are the file's neighbours.
    let supers = "super::".repeat(depth);
    for rest in paths_after(&code, &supers) {
        let rest = rest.trim_start_matches("super::");
        used.extend(heads(rest).filter(|name| floor_of(name).is_some()));
    }
    used.sort();
    used.dedup();
    used
}

/// What follows each `prefix` that isn't the end of a longer word or path.
fn paths_after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(prefix).filter_map(move |(at, _)| {
        let before = code[..at].chars().next_back();
        let inside = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        (!inside).then(|| &code[at + prefix.len()..])
    })
}

/// The first names of what a path goes on with: one, or each of a group in braces.
fn heads(rest: &str) -> impl Iterator<Item = String> {
    let mut names = Vec::new();
    if let Some(group) = rest.strip_prefix('{') {
        let (mut depth, mut name) = (0, String::new());
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => names.push(std::mem::take(&mut name)),
                _ if depth == 0 => name.push(c),
                _ => {}
            }
        }
        names.push(name);
    } else {
        names.push(rest.to_owned());
    }
    names.into_iter().filter_map(|name| {
        let head: String =
            name.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (!head.is_empty() && head != "self").then_some(head)
    })
}

/// Every upward import, and every module without a place, of one source text.
fn faults(path_in_src: &Path, text: &str) -> Vec<String> {
    let place = place_of(path_in_src);
    if place.module == MAP {
        return Vec::new();
    }
    let own = std::iter::once(place.module.clone());
    own.chain(modules_used(text, place.depth))
        .filter_map(|used| match may_use(&place.module, &used) {
            Ok(true) => None,
            Ok(false) => Some(format!("{} uses `{used}`", path_in_src.display())),
            Err(unplaced) => Some(format!("{}: {unplaced}", path_in_src.display())),
        })
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_floor_uses_a_floor_above_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 10, "found only {} files in {src:?}", files.len());
    let faults: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            faults(file.strip_prefix(&src).unwrap(), &text)
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_made_up_upward_import_is_found() {
    for (file, line) in [
        ("domain/ledger.rs", "use crate::store::Store;"),
        ("domain/mod.rs", "use super::clock;"),
        ("disk.rs", "fn f(clock: &crate::clock::Clock) {}"),
        ("store/mod.rs", "use crate::{domain::{Id, Name}, followers};"),
        ("store/json/journal.rs", "use super::super::super::service;"),
        ("service/mod.rs", "use crate::{\n    domain::Id,\n    http,\n};"),
        ("http/tasks.rs", "pub(crate) use crate::{self as root, app::App};"),
    ] {
        assert_eq!(faults(Path::new(file), line).len(), 1, "{file}: {line}");
    }
}

#[test]
fn a_module_without_a_place_is_found() {
    assert_eq!(faults(Path::new("utils.rs"), "").len(), 1);
    let line = "use crate::helpers::help;";
    assert_eq!(faults(Path::new("http/tasks.rs"), line).len(), 1);
}

#[test]
fn what_may_be_used_is_let_through() {
    for (file, line) in [
        ("store/json/mod.rs", "use crate::{disk::Disk, domain::{Id, Name}};"),
        ("http/tasks.rs", "use super::error::ApiError;"),
        ("http/tasks.rs", "/// As [`crate::app::launch`] says."),
        ("service/mod.rs", "use axum_crate::http::Uri;"),
        ("cli/serve.rs", "use crate::{app, config::Config};"),
        ("main.rs", "use goldstar::cli;"),
    ] {
        assert_eq!(faults(Path::new(file), line), Vec::<String>::new(), "{line}");
    }
}
