//! The directory of a killed process as one text: each file follows a line `-- name --`.

use goldstar::store::json::JsonStore;

use super::directory::{Directory, TABLES, TRACKING, close, events_of};

/// If a server starts on the directory, it continues in the same way after a stop and after a power
/// failure following that start: with the same events, and in the end the same bytes in all files.
pub(crate) fn journal(bytes: &[u8]) {
    let directory = Directory::of(files(bytes));
    let Ok(store) = directory.try_open() else { return };
    let cut = directory.after_power_cut(u64::from(crc32fast::hash(bytes)));
    let events = events_of(&store);
    close(store);
    let files = directory.tables();
    for left in [directory, cut] {
        let store: JsonStore = left.reopen();
        assert_eq!(events_of(&store), events);
        close(store);
        assert!(left.tables() == files, "a restart has changed something");
    }
}

/// The files in the text with names that Goldstar uses.
fn files(text: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    let starts: Vec<usize> = memchr::memmem::find_iter(text, "-- ")
        .filter(|at| *at == 0 || text[at - 1] == b'\n')
        .chain([text.len()])
        .collect();
    let sections: Vec<&[u8]> = starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
    sections.into_iter().filter_map(|section| {
        let line = section.iter().position(|byte| *byte == b'\n')?;
        let name = str::from_utf8(&section[..line]).ok()?;
        let name = name.strip_prefix("-- ")?.strip_suffix(" --")?;
        let contents = &section[line + 1..];
        let is_known = name == TRACKING || TABLES.contains(&name) || is_of_journal(name);
        is_known.then(|| (name, contents.strip_suffix(b"\n").unwrap_or(contents)))
    })
}

fn is_of_journal(name: &str) -> bool {
    let name = name.strip_prefix("journal/");
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}
