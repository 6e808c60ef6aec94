//! The map of the code in `src/lib.rs`.

use std::fs;
use std::path::Path;

/// The most files that one mutation passes through.
const MOST: usize = 15;

#[test]
fn the_files_of_a_mutation_contain_the_functions_that_the_map_names() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let map = fs::read_to_string(src.join("lib.rs")).unwrap();
    let table = map.split_once("# The files of one mutation").unwrap().1;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `"))
        .map(|row| row.split('`').step_by(2).collect())
        .collect();
    assert!((10..=MOST).contains(&rows.len()), "{} files", rows.len());
    for row in rows {
        let [file, function, ..] = row[..] else { panic!("{row:?}") };
        let text =
            fs::read_to_string(src.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let is_there =
            text.contains(&format!("fn {function}(")) || text.contains(&format!("fn {function}<"));
        assert!(is_there, "{file} has no function `{function}`");
    }
}
