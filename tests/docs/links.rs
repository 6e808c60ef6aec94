//! Links between the documents lead somewhere.

use crate::markdown::{Document, names, root};

/// The targets of `[text](target)`, but for those on other machines.
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

/// A heading's name in a link, as code forges make it.
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
fn every_link_leads_somewhere() {
    let mut faults = Vec::new();
    for name in names() {
        let document = Document::read(&name);
        let targets = targets(&document);
        faults.extend(targets.iter().filter_map(|target| fault(&name, target)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
