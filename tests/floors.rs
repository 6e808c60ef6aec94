//! Reads every path in `src/` and fails on an import of a higher floor and on an import cycle
//! between files.
//!
//! A file imports the file that defines what it names: a re-export is followed to that file, and a
//! `pub use` is an import only if the file's own code names the item too. Method calls, `mod`
//! declarations and the code of unit tests do not count.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The top modules, lowest floor first. A module uses lower floors only, and no other module of its
/// own floor.
const FLOORS: &[&[&str]] = &[
    &["domain"],
    &["disk", "clock", "memory", "metrics", "tls"],
    &["store"],
    &["followers", "repair"],
    &["service"],
    &["http"],
    &["web"],
];
/// The top floor wires everything together: its modules may use each other too.
const TOP: &[&str] = &["app", "cli", "config", "main"];

/// The names of a path, from the crate's root.
type Names = Vec<String>;

/// A path that a file names.
#[derive(Clone)]
struct Named {
    names: Names,
    /// It begins with neither `crate` nor `super`, so it may lead into another crate.
    is_relative: bool,
}

/// A name that a `use` declaration brings in.
struct Import {
    name: String,
    target: Named,
    is_public: bool,
}

#[derive(Default)]
struct File {
    /// The path in `src/`.
    path: String,
    module: Names,
    /// The text without comments and `use` declarations.
    code: String,
    imports: Vec<Import>,
    /// Every word of the code, and those that it defines.
    words: BTreeSet<String>,
    defined: BTreeSet<String>,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        let mut module: Names = path.trim_end_matches(".rs").split('/').map(Into::into).collect();
        if module.len() > 1 && module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        let mut file = Self { path: path.to_owned(), module, ..Self::default() };
        let mut declaration = String::new();
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default();
            let visible = ["pub(crate) ", "pub(super) ", "pub "];
            let start = visible.iter().find_map(|word| line.trim_start().strip_prefix(word));
            if declaration.is_empty() && !start.unwrap_or(line.trim_start()).starts_with("use ") {
                file.code.extend([line, "\n"]);
                continue;
            }
            declaration.extend([line, " "]);
            if line.contains(';') {
                file.import(&std::mem::take(&mut declaration));
            }
        }
        let words: Vec<&str> = file.code.split(|c| !is_word(c)).filter(|w| !w.is_empty()).collect();
        file.words = words.iter().map(|word| (*word).to_owned()).collect();
        let kinds = ["struct", "enum", "trait", "type", "fn", "const", "static", "mod"];
        let definitions = words.windows(2).filter(|pair| kinds.contains(&pair[0]));
        file.defined = definitions.map(|pair| pair[1].to_owned()).collect();
        file
    }

    fn import(&mut self, declaration: &str) {
        let (before, tree) = declaration.split_once("use ").unwrap();
        let (is_public, is_inline) = (before.contains("pub"), before.starts_with(' '));
        for (path, name) in leaves(tree.trim_end().trim_end_matches(';')) {
            // The `super` of an inline module is this file.
            let outer = path.strip_prefix("super::").filter(|_| is_inline);
            let outer = outer.map(|path| self.named(&format!("self::{path}")));
            let target = outer.unwrap_or_else(|| self.named(&path));
            self.imports.push(Import { name, target, is_public });
        }
    }

    fn named(&self, path: &str) -> Named {
        let (mut names, mut is_relative) = (self.module.clone(), true);
        for name in path.split("::").map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "crate" | "goldstar" => names.clear(),
                "super" => _ = names.pop(),
                "self" => {}
                name => {
                    names.push(name.to_owned());
                    continue;
                }
            }
            is_relative = false;
        }
        Named { names, is_relative }
    }

    /// The paths in the code. One that starts with an imported name continues the import's.
    fn paths(&self) -> impl Iterator<Item = Named> {
        let words = self.code.split(|c| !is_word(c) && c != ':').filter(|word| word.contains("::"));
        words.map(|word| {
            let (first, rest) = word.split_once("::").unwrap_or((word, ""));
            let imported = self.imports.iter().find(|import| import.name == first);
            let Some(import) = imported else { return self.named(word) };
            let mut named = import.target.clone();
            named.names.extend(rest.split("::").map(Into::into));
            named
        })
    }
}

/// The paths of a `use` tree, each with the name that it brings in.
fn leaves(tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    let Some((prefix, group)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let path = path.strip_suffix("::self").unwrap_or(path);
        let last = path.rsplit("::").next().unwrap_or(path);
        return vec![(path.into(), if name.is_empty() { last } else { name }.into())];
    };
    let (mut depth, mut parts) = (0_i32, vec![String::new()]);
    for c in group.trim_end_matches([' ', '}']).chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().unwrap().push(c),
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| leaves(&format!("{prefix}{part}"))).collect()
}

/// The path in `src/` and the text of each file below a folder.
fn read(folder: &Path, files: &mut Vec<(String, String)>) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source.join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(&source).unwrap();
        if path.is_dir() {
            read(name, files);
        // The map declares the modules and has no code.
        } else if name.extension().is_some_and(|it| it == "rs") && name != Path::new("lib.rs") {
            files.push((name.to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    read(Path::new(""), &mut files);
    assert!(files.len() > 10, "found only {} files", files.len());
    files
}

fn floor_of(module: &str) -> Option<usize> {
    let floor = FLOORS.iter().position(|floor| floor.contains(&module));
    floor.or_else(|| TOP.contains(&module).then_some(FLOORS.len()))
}

/// Each import of a floor that is not lower, and each module without a floor.
fn upward_imports(file: &File) -> Vec<String> {
    let own = &file.module[0];
    let imports = file.imports.iter().map(|import| import.target.clone());
    let named = imports.chain(file.paths()).filter(|named| !named.is_relative);
    let modules = named.filter_map(|named| named.names.first().cloned());
    let used: BTreeSet<String> = modules.filter(|name| name != "*").chain([own.clone()]).collect();
    let fault = |used: &String| match (floor_of(own), floor_of(used)) {
        (Some(from), Some(to)) if to < from || used == own => None,
        (Some(from), Some(to)) if from == FLOORS.len() && to == from => None,
        (_, None) => Some(format!("{}: `{used}` has no floor in tests/floors.rs", file.path)),
        _ => Some(format!("{} uses `{used}`", file.path)),
    };
    used.iter().filter_map(fault).collect()
}

/// The files by their modules.
type Tree<'a> = BTreeMap<&'a [String], &'a File>;

/// The file that defines what a path names; `None` for another crate and for a module itself.
fn definition<'a>(tree: &Tree<'a>, wanted: &Named, within: &File, hops: u8) -> Option<&'a File> {
    let names = &wanted.names;
    let is_module = |len: &usize| tree.contains_key(&names[..*len]);
    let len = (1..=names.len()).rev().find(is_module)?;
    if wanted.is_relative && len <= within.module.len() {
        return None;
    }
    let (file, item) = (tree[&names[..len]], names.get(len)?);
    let import = file.imports.iter().find(|import| import.name == *item);
    match import.filter(|_| !file.defined.contains(item) && hops > 0) {
        None => Some(file),
        Some(import) => {
            let mut target = import.target.clone();
            target.names.extend_from_slice(&names[len + 1..]);
            definition(tree, &target, file, hops - 1)
        }
    }
}

/// The files that each file imports.
fn imports(files: &[File]) -> BTreeMap<&str, BTreeSet<&str>> {
    let tree: Tree<'_> = files.iter().map(|file| (&*file.module, file)).collect();
    let of = |file: &File| {
        let counted = |import: &&Import| !import.is_public || file.words.contains(&import.name);
        let counted = file.imports.iter().filter(counted).map(|import| import.target.clone());
        let named = counted.chain(file.paths());
        let others = named.filter_map(|named| definition(&tree, &named, file, 8));
        others.map(|other| &*other.path).filter(|path| *path != file.path).collect()
    };
    files.iter().map(|file| (&*file.path, of(file))).collect()
}

/// The sets of files that import each other, directly or through others.
fn cycles(sources: &[(String, String)]) -> Vec<BTreeMap<String, Vec<String>>> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs");
    let sources = sources.iter().filter(|(path, _)| !is_test(path));
    let files = sources.map(|(path, text)| {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        File::new(path, code)
    });
    let files: Vec<File> = files.collect();
    let imports = imports(&files);
    let mut reached = imports.clone();
    for others in reached.values_mut() {
        let mut next: Vec<&str> = others.iter().copied().collect();
        while let Some(file) = next.pop() {
            next.extend(imports[file].iter().filter(|other| others.insert(other)));
        }
    }
    let mut sets: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    for (file, others) in reached.iter().filter(|(file, others)| others.contains(*file)) {
        sets.insert(others.iter().copied().filter(|it| reached[it].contains(file)).collect());
    }
    let within = |file: &str, set: &BTreeSet<&str>| {
        let others = imports[file].intersection(set).map(ToString::to_string).collect();
        (file.to_owned(), others)
    };
    sets.iter().map(|set| set.iter().map(|file| within(file, set)).collect()).collect()
}

#[test]
fn no_floor_uses_a_floor_above_it() {
    let files = sources().into_iter().map(|(path, text)| File::new(&path, &text));
    let faults: Vec<String> = files.flat_map(|file| upward_imports(&file)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_files_import_each_other() {
    let cycles = cycles(&sources());
    assert!(cycles.is_empty(), "these files import each other: {cycles:#?}");
}

#[test]
fn an_example_of_an_upward_import_is_found() {
    for (file, line) in [
        ("domain/ledger.rs", "use crate::store::Store;"),
        ("domain/mod.rs", "use super::clock;"),
        ("disk.rs", "fn f(clock: &crate::clock::Clock) {}"),
        ("followers/mod.rs", "use crate::{domain::{Id, Name}, repair};"),
        ("store/json/journal.rs", "use super::super::super::service;"),
        ("service/mod.rs", "use crate::{\n    domain::Id,\n    http,\n};"),
        ("http/tasks.rs", "pub(crate) use crate::{self as root, app::App};"),
        ("utils.rs", ""),
        ("http/tasks.rs", "use crate::helpers::help;"),
    ] {
        assert_eq!(upward_imports(&File::new(file, line)).len(), 1, "{file}: {line}");
    }
}

#[test]
fn an_import_of_a_lower_floor_is_allowed() {
    for (file, line) in [
        ("store/json/mod.rs", "use crate::{disk::Disk, domain::{Id, Name}};"),
        ("http/tasks.rs", "use super::error::ApiError;"),
        ("http/tasks.rs", "/// As [`crate::app::launch`] says."),
        ("service/mod.rs", "use axum_crate::http::Uri;"),
        ("cli/serve.rs", "use crate::{app, config::Config};"),
        ("main.rs", "use goldstar::cli;"),
    ] {
        assert_eq!(upward_imports(&File::new(file, line)), Vec::<String>::new(), "{line}");
    }
}

/// How many cycles a crate of these files has.
fn cycles_of(files: &[(&str, &str)]) -> usize {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    cycles(&files.collect::<Vec<_>>()).len()
}

#[test]
fn example_cycles_are_found() {
    for files in [
        [("a.rs", "use crate::b::B;"), ("b.rs", "use super::a::A;"), ("c.rs", "")],
        [("a.rs", "fn f() { crate::b::g() }"), ("b.rs", "use crate::{c, a::A};"), ("c.rs", "")],
        [
            ("a.rs", "use crate::b;\nfn f() { b::g() }"),
            ("b.rs", "pub fn g() -> super::c::C {}"),
            ("c.rs", "use goldstar::{\n    a::{A, f},\n};"),
        ],
        // A module that uses its child, which uses the module.
        [("m/mod.rs", "use child::C;"), ("m/child.rs", "use super::M;"), ("c.rs", "")],
        // The child's item is re-exported by another file.
        [
            ("a.rs", "use crate::m::C;"),
            ("m/mod.rs", "pub use child::C;"),
            ("m/child.rs", "use crate::a::A;"),
        ],
        // The module re-exports the item and uses it.
        [
            ("m/mod.rs", "pub use child::C;\nfn f(c: C) {}"),
            ("m/child.rs", "use super::f;"),
            ("c.rs", ""),
        ],
    ] {
        assert_eq!(cycles_of(&files), 1, "{files:?}");
    }
}

#[test]
fn example_files_without_a_cycle_are_allowed() {
    for files in [
        [("a.rs", "use crate::b::B;"), ("b.rs", "use crate::c::C;"), ("c.rs", "")],
        // The module only declares and re-exports its child.
        [
            ("m/mod.rs", "mod child;\npub use child::C;\npub struct M;"),
            ("m/child.rs", "use super::M;"),
            ("c.rs", ""),
        ],
        // Siblings name each other's items through the module.
        [("m/mod.rs", "pub use a::A;"), ("m/a.rs", ""), ("m/b.rs", "use super::A;")],
        [
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}"),
            ("c.rs", ""),
        ],
        [("a.rs", "use a::{b::C, d};\nuse std::io;"), ("b.rs", "use serde::a::A;"), ("c.rs", "")],
    ] {
        assert_eq!(cycles_of(&files), 0, "{files:?}");
    }
}
