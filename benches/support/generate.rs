//! Data directories of any size, as a Flask service would have left them.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse 1";
const HASH: &str = "pbkdf2:sha256:60000$MTxcUgXKiqg0XEW0$ec877d5a492cbaada9eebf956105502c7a12\
    bfd52e62403dab853309faeec583";

/// How large a directory is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) users: u64,
    pub(crate) children_per_user: u64,
    pub(crate) events: u64,
}

/// The id of a kind's n-th record: a UUID that is the same in every run.
pub(crate) fn id(kind: u8, n: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{n:012x}")
}

pub(crate) const USER: u8 = 1;
pub(crate) const CHILD: u8 = 2;
pub(crate) const TASK: u8 = 3;
const EVENT: u8 = 4;

/// The address of the n-th account.
pub(crate) fn email(n: u64) -> String {
    format!("parent{n}@example.org")
}

/// Writes a directory. The first account is an administrator's; each has one task worth a point.
pub(crate) fn generate(folder: &Path, size: Size) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let children = size.users * size.children_per_user;
    write_table(&folder.join("users.json"), size.users, |out, n| {
        let (id, email) = (id(USER, n), email(n));
        let role = if n == 0 { "admin" } else { "parent" };
        write!(
            out,
            "{{\"id\": \"{id}\", \"first_name\": \"Zo\\u00eb\", \"last_name\": \"Family{n}\", \
             \"email\": \"{email}\", \"password\": \"{HASH}\", \"role\": \"{role}\", \
             \"created_at\": 1769551003.41912, \"updated_at\": 1769551003.41912}}"
        )
    })?;
    write_table(&folder.join("children.json"), children, |out, n| {
        let (id, user) = (id(CHILD, n), id(USER, n / size.children_per_user));
        let points = size.events / children + u64::from(n < size.events % children);
        write!(
            out,
            "{{\"id\": \"{id}\", \"name\": \"M\\u00eda\", \"age\": 6, \"points\": {points}, \
             \"tasks\": [], \"rewards\": [], \"image_id\": null, \"user_id\": \"{user}\", \
             \"created_at\": 1769551003.41912, \"updated_at\": 1769551003.41912}}"
        )
    })?;
    write_table(&folder.join("tasks.json"), size.users, |out, n| {
        let (id, user) = (id(TASK, n), id(USER, n));
        write!(
            out,
            "{{\"id\": \"{id}\", \"name\": \"Make the bed\", \"points\": 1, \"is_good\": true, \
             \"image_id\": null, \"user_id\": \"{user}\", \"created_at\": 1769551003.41912, \
             \"updated_at\": 1769551003.41912}}"
        )
    })?;
    write_table(&folder.join("tracking_events.json"), size.events, |out, n| {
        let child = n % children;
        let user = child / size.children_per_user;
        let before = n / children;
        let after = before + 1;
        let moment = moment(n);
        write!(
            out,
            "{{\"id\": \"{}\", \"user_id\": \"{}\", \"child_id\": \"{}\", \
             \"entity_type\": \"task\", \"entity_id\": \"{}\", \"action\": \"activated\", \
             \"points_before\": {before}, \"points_after\": {after}, \"delta\": 1, \
             \"occurred_at\": \"{moment}\", \"created_at\": \"{moment}\", \"metadata\": \
             {{\"task_name\": \"Make the bed\", \"is_good\": true}}}}",
            id(EVENT, n),
            id(USER, user),
            id(CHILD, child),
            id(TASK, user),
        )
    })
}

/// The time of the n-th event: a second after the one before it, from the first of January 2024 on.
fn moment(n: u64) -> String {
    let (day, second) = (n / 86_400, n % 86_400);
    let (month, day) = (day / 28 % 12 + 1, day % 28 + 1);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("2024-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.123456+00:00")
}

fn write_table(
    path: &Path,
    rows: u64,
    row: impl Fn(&mut String, u64) -> std::fmt::Result,
) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(b"{\"_default\": {")?;
    let mut text = String::new();
    for n in 0..rows {
        text.clear();
        let comma = if n > 0 { ", " } else { "" };
        write!(text, "{comma}\"{}\": ", n + 1).map_err(io::Error::other)?;
        row(&mut text, n).map_err(io::Error::other)?;
        file.write_all(text.as_bytes())?;
    }
    file.write_all(b"}}")?;
    file.flush()
}
