//! Splits a document into fenced blocks and other lines.

use std::fs;
use std::path::{Path, PathBuf};

/// A document of the project.
pub(crate) struct Document {
    /// The path from the project's root.
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
}

pub(crate) enum Part {
    /// A line of the text.
    Line(String),
    /// A fenced block.
    Block(Block),
}

pub(crate) struct Block {
    pub(crate) language: String,
    /// The line of its opening fence, from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all documents.
pub(crate) fn names() -> Vec<String> {
    let mut names = markdown_files("");
    for folder in ["docs", "docs/decisions", "frontend/vue-app"] {
        names.extend(markdown_files(folder));
    }
    names
}

fn markdown_files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"))
        .map(|name| PathBuf::from(folder).join(name).display().to_string())
        .collect();
    names.sort();
    names
}

impl Document {
    pub(crate) fn read(name: &str) -> Self {
        let text = fs::read_to_string(root().join(name));
        let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name: name.to_owned(), parts: parse(&text) }
    }

    pub(crate) fn write(&self) {
        let parts = self.parts.iter().map(|part| match part {
            Part::Line(line) => format!("{line}\n"),
            Part::Block(Block { language, text, .. }) => format!("```{language}\n{text}```\n"),
        });
        fs::write(root().join(&self.name), parts.collect::<String>()).unwrap();
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.parts.iter().filter_map(|part| match part {
            Part::Block(block) => Some(block),
            Part::Line(_) => None,
        })
    }

    /// The lines outside blocks.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Line(line) => Some(line.as_str()),
            Part::Block(_) => None,
        })
    }

    /// The lines under a heading, outside blocks.
    pub(crate) fn section(&self, heading: &str) -> String {
        let mut lines = self.lines().skip_while(|line| line.trim_start_matches('#') != heading);
        assert!(lines.next().is_some(), "{} has no heading{heading}", self.name);
        let section = lines.take_while(|line| !line.starts_with('#'));
        section.collect::<Vec<_>>().join("\n")
    }

    /// The cells of the first table under a heading, without its two header lines.
    pub(crate) fn table(&self, heading: &str) -> Vec<Vec<String>> {
        let section = self.section(heading);
        let rows = section.lines().skip_while(|line| !line.starts_with('|'));
        let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
        let cell = |text: &str| text.trim().replace("\\|", "|");
        let cells = |row: &str| {
            // A bar within a cell is written as `\|`.
            let row = row.trim().trim_matches('|').replace("\\|", "\u{1}");
            row.split('|').map(|text| cell(&text.replace('\u{1}', "|"))).collect()
        };
        rows.map(cells).collect()
    }
}

/// The first text in back quotes.
pub(crate) fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}

fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => parts.push(Part::Block(block)),
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some(Block { language, line: number, text: String::new() });
            }
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => parts.push(Part::Line(line.to_owned())),
        }
    }
    assert!(open.is_none(), "a block isn't closed");
    parts
}

#[test]
fn blocks_and_tables_are_found() {
    let text =
        "# A\n\n| a | b |\n| - | - |\n| `x` | y\\|z |\n\n```sh\nls\n```\n```text\n\n```\nend\n";
    let document = Document { name: "a.md".to_owned(), parts: parse(text) };
    assert_eq!(document.table(" A"), [["`x`", "y|z"]]);
    assert_eq!(code("the `x` of `y`"), Some("x"));
    let blocks: Vec<_> =
        document.blocks().map(|block| (&*block.language, &*block.text, block.line)).collect();
    assert_eq!(blocks, [("sh", "ls\n", 7), ("text", "\n", 10)]);
}
