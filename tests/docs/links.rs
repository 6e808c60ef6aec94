//! The targets of links exist, and so do the paths that the documents name.

use crate::markdown::{Document, names, root};

/// The targets of `[text](target)`, except URLs.
fn targets(document: &Document) -> Vec<String> {
    let mut targets = Vec::new();
    for line in document.lines() {
        for rest in line.split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            if !target.contains("://") {
                targets.push(target.to_owned());
            }
        }
    }
    targets
}

/// The anchor of a heading, as code forges create it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn fault(document: &str, target: &str) -> Option<String> {
    let (file, wanted) = target.split_once('#').map_or((target, None), |(f, a)| (f, Some(a)));
    let folder = root().join(document).parent().unwrap().to_owned();
    let path = if file.is_empty() { root().join(document) } else { folder.join(file) };
    if !path.exists() {
        return Some(format!("{document}: {target} doesn't exist"));
    }
    let wanted = wanted?;
    let name = path.canonicalize().unwrap();
    let name = name.strip_prefix(root().canonicalize().unwrap()).unwrap().to_owned();
    let other = Document::read(&name.to_string_lossy());
    let mut headings = other.lines().filter(|line| line.starts_with('#'));
    let found = headings.any(|heading| anchor(heading) == wanted);
    (!found).then(|| format!("{document}: {target} has no such heading"))
}

#[test]
fn the_target_of_every_link_exists() {
    let mut faults = Vec::new();
    for name in names() {
        let document = Document::read(&name);
        let targets = targets(&document);
        faults.extend(targets.iter().filter_map(|target| fault(&name, target)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The paths of files and folders that a document names in back quotes: from the project's root, or
/// from `src`.
fn paths(document: &Document) -> Vec<String> {
    let roots =
        ["tests/", "src/", "benches/", "scripts/", "fuzz/", "frontend/", "packaging/", "docs/"];
    let modules = ["store/", "http/", "service/", "followers/", "repair/", "domain/"];
    let begins = |text: &str| roots.iter().chain(&modules).any(|root| text.starts_with(root));
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    let texts = document.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    texts.filter(|text| begins(text) && text.chars().all(is_path)).map(str::to_owned).collect()
}

#[test]
fn every_path_in_a_document_exists() {
    let mut faults = Vec::new();
    // The paths in the front end's page begin in its own folder.
    for name in names().into_iter().filter(|name| !name.starts_with("frontend")) {
        for path in paths(&Document::read(&name)) {
            let places = [path.clone(), format!("src/{path}"), format!("src/{path}.rs")];
            if !places.iter().any(|place| root().join(place).exists()) {
                faults.push(format!("{name}: {path} doesn't exist"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
