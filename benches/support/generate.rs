//! Data directories of any size, like those of a Flask service.
//!
//! Everything is the same in every run: ids, times and the order of the rows.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse 1";
/// Its hash: few rounds, so that a benchmark's logins cost little.
const HASH: &str = "pbkdf2:sha256:1000$goldstarbenchmar$\
    7265a5ba345acd6c96ef7f9ad43d1bd36d5ff90db18b5fb929dcd9ee7dc62c94";

/// How large a directory is. There is at least one account and one child.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) users: u64,
    /// Of all accounts together, distributed evenly.
    pub(crate) children: u64,
    /// Of all children together, distributed evenly.
    pub(crate) events: u64,
    /// One more account, which owns all events, and whose deletion waits for an administrator.
    pub(crate) departing: bool,
}

/// The id of a kind's n-th record: a UUID that is the same in every run.
pub(crate) fn id(kind: u8, n: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{n:012x}")
}

pub(crate) const USER: u8 = 1;
pub(crate) const CHILD: u8 = 2;
pub(crate) const TASK: u8 = 3;
const EVENT: u8 = 4;
const PENALTY: u8 = 5;
pub(crate) const REWARD: u8 = 6;

/// The address of the n-th account.
pub(crate) fn email(n: u64) -> String {
    format!("parent{n}@example.org")
}

/// A child's events, repeated: kind of the entity, its type, action, change of points.
const STORY: [(u8, &str, &str, i64); 10] = [
    (TASK, "task", "activated", 1),
    (TASK, "task", "activated", 1),
    (TASK, "task", "activated", 1),
    (PENALTY, "penalty", "activated", -1),
    (REWARD, "reward", "requested", 0),
    (REWARD, "reward", "cancelled", 0),
    (TASK, "task", "activated", 1),
    (TASK, "task", "activated", 1),
    (REWARD, "reward", "requested", 0),
    (REWARD, "reward", "redeemed", -2),
];

/// A child's points after that number of its events.
fn points_after(events: u64) -> i64 {
    let change = |events: usize| STORY[..events].iter().map(|(.., change)| change).sum::<i64>();
    let (whole, rest) = (events / STORY.len() as u64, events % STORY.len() as u64);
    whole.cast_signed() * change(STORY.len()) + change(usize::try_from(rest).unwrap_or_default())
}

impl Size {
    /// The accounts, including the departing one.
    fn accounts(self) -> u64 {
        self.users + u64::from(self.departing)
    }

    /// The n-th child's account. The last children belong to the departing account.
    fn user_of(self, child: u64) -> u64 {
        if child < self.children { child % self.users } else { self.users }
    }

    /// The children that have events: as many as the size says.
    fn active(self) -> std::ops::Range<u64> {
        let first = if self.departing { self.children } else { 0 };
        first..first + self.children
    }

    /// How many events the n-th child has.
    fn events_of(self, child: u64) -> u64 {
        if !self.active().contains(&child) {
            return 0;
        }
        let place = child - self.active().start;
        self.events / self.children + u64::from(place < self.events % self.children)
    }
}

/// Writes a directory. The first account is an administrator's; each has one task worth a point, one
/// penalty that takes a point, and one reward for two.
pub(crate) fn generate(folder: &Path, size: Size) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    write_table(&folder.join("users.json"), size.accounts(), |out, n| write_user(out, size, n))?;
    write_table(&folder.join("children.json"), size.active().end, |out, n| {
        let (id, user) = (id(CHILD, n), id(USER, size.user_of(n)));
        let points = points_after(size.events_of(n));
        write!(
            out,
            "{{\"id\": \"{id}\", \"name\": \"M\\u00eda\", \"age\": 6, \"points\": {points}, \
             \"tasks\": [], \"rewards\": [], \"image_id\": null, \"user_id\": \"{user}\", \
             {TIMES}}}"
        )
    })?;
    write_table(&folder.join("tasks.json"), size.accounts() * 2, write_task)?;
    write_table(&folder.join("rewards.json"), size.accounts(), |out, n| {
        let (id, user) = (id(REWARD, n), id(USER, n));
        write!(
            out,
            "{{\"id\": \"{id}\", \"name\": \"Ice cream\", \"description\": \"\", \"cost\": 2, \
             \"image_id\": null, \"user_id\": \"{user}\", {TIMES}}}"
        )
    })?;
    let events = folder.join("tracking_events.json");
    write_table(&events, size.events, |out, n| write_event(out, size, n))
}

const TIMES: &str = "\"created_at\": 1769551003.41912, \"updated_at\": 1769551003.41912";

fn write_user(out: &mut String, size: Size, n: u64) -> std::fmt::Result {
    let (id, email) = (id(USER, n), email(n));
    let role = if n == 0 { "admin" } else { "parent" };
    // The number of attempts after which only an administrator's request starts another one.
    let deletion = if n == size.users {
        "\"marked_for_deletion\": true, \"marked_for_deletion_at\": 1769551003.41912, \
         \"deletion_in_progress\": false, \"deletion_attempted_at\": 1772143003.41912, \
         \"deletion_attempts\": 10, \"deletion_error\": \"io\", "
    } else {
        ""
    };
    write!(
        out,
        "{{\"id\": \"{id}\", \"first_name\": \"Zo\\u00eb\", \"last_name\": \"Family{n}\", \
         \"email\": \"{email}\", \"password\": \"{HASH}\", \"role\": \"{role}\", {deletion}{TIMES}}}"
    )
}

/// The n-th account's task has the number 2n, its penalty 2n + 1.
fn write_task(out: &mut String, n: u64) -> std::fmt::Result {
    let (kind, name) =
        if n.is_multiple_of(2) { (TASK, "Make the bed") } else { (PENALTY, "Left the lights on") };
    let (id, user, is_good) = (id(kind, n / 2), id(USER, n / 2), kind == TASK);
    write!(
        out,
        "{{\"id\": \"{id}\", \"name\": \"{name}\", \"points\": 1, \"is_good\": {is_good}, \
         \"image_id\": null, \"user_id\": \"{user}\", {TIMES}}}"
    )
}

fn write_event(out: &mut String, size: Size, n: u64) -> std::fmt::Result {
    let child = size.active().start + n % size.children;
    let user = size.user_of(child);
    // How many events the child had before.
    let earlier = n / size.children;
    let (before, after) = (points_after(earlier), points_after(earlier + 1));
    let place = usize::try_from(earlier % STORY.len() as u64).unwrap_or_default();
    let (kind, entity_type, action, delta) = STORY[place];
    let metadata = match kind {
        TASK => "\"task_name\": \"Make the bed\", \"is_good\": true",
        PENALTY => "\"task_name\": \"Left the lights on\", \"is_good\": false",
        _ => "\"reward_name\": \"Ice cream\", \"cost\": 2",
    };
    let moment = moment(n);
    write!(
        out,
        "{{\"id\": \"{}\", \"user_id\": \"{}\", \"child_id\": \"{}\", \
         \"entity_type\": \"{entity_type}\", \"entity_id\": \"{}\", \"action\": \"{action}\", \
         \"points_before\": {before}, \"points_after\": {after}, \"delta\": {delta}, \
         \"occurred_at\": \"{moment}\", \"created_at\": \"{moment}\", \"metadata\": {{{metadata}}}}}",
        id(EVENT, n),
        id(USER, user),
        id(CHILD, child),
        id(kind, user),
    )
}

/// The time of the n-th event: a second after the one before it, from the first of January 2024 on.
fn moment(n: u64) -> String {
    let (day, second) = (n / 86_400, n % 86_400);
    let (year, month, day) = (2024 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.123456+00:00")
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
    // Otherwise, later writes of the kernel would slow down the next measurement.
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}
