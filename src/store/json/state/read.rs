//! Reads all tables, on several processors.

use std::path::Path;
use std::thread;

use parking_lot::Mutex;

use super::State;
use super::any_table::Owner;
use super::table::AnyTable;
use crate::domain::UserId;
use crate::store::json::damage::Damage;

/// The most tables that are read at a time: the contents of each file are in memory meanwhile.
const AT_ONCE: usize = 4;

impl State {
    /// Reads every table; `read` returns a file's contents, empty if there is no file. A table
    /// whose file is damaged stays empty, and the damage is added to `damage`. Records share the text of their account's
    /// id.
    pub(crate) fn parse<E: Send>(
        folder: &Path,
        read: impl Fn(&'static str) -> Result<Vec<u8>, E> + Sync,
        damage: &mut Vec<Damage>,
    ) -> Result<Self, E> {
        let mut state = Self::default();
        let read = |table: &mut dyn AnyTable, owner: &Owner<'_>| {
            let bytes = read(table.file())?;
            Ok(table.read(&folder.join(table.file()), &bytes, owner).err())
        };
        damage.extend(read(&mut state.users.records, &UserId::clone)?);
        let users = state.users.records.clone();
        let owner =
            |id: &UserId| users.get(id.as_str()).map_or_else(|| id.clone(), |it| it.id.clone());
        let others = state.tables_mut().into_iter().skip(1).collect();
        for found in each(others, |table| read(table, &owner)) {
            damage.extend(found?);
        }
        state.join();
        Ok(state)
    }
}

/// Calls `read` with each table, on as many threads as there are processors. Returns the results in the order of
/// the tables.
fn each<T: Send>(
    tables: Vec<&mut dyn AnyTable>,
    read: impl Fn(&mut dyn AnyTable) -> T + Sync,
) -> Vec<T> {
    let (waiting, results) = (Mutex::new(tables.into_iter().enumerate()), Mutex::new(Vec::new()));
    let work = || {
        let next = || waiting.lock().next();
        while let Some((position, table)) = next() {
            let result = read(table);
            results.lock().push((position, result));
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 1..processors.min(AT_ONCE) {
            // Without further threads, this one reads all tables.
            _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut results = results.into_inner();
    results.sort_by_key(|(position, _)| *position);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A directory whose file with each name has this text.
    fn parse(
        text: impl Fn(&str) -> Result<&'static str, &'static str> + Sync,
    ) -> Result<(State, Vec<Damage>), &'static str> {
        let mut damage = Vec::new();
        let read = |file| text(file).map(|text| text.as_bytes().to_vec());
        let state = State::parse(Path::new("data"), read, &mut damage)?;
        Ok((state, damage))
    }

    #[test]
    fn damage_is_reported_in_the_order_of_the_tables_and_hides_no_other_table() {
        let (state, damage) = parse(|file| match file {
            "users.json" => Ok(r#"{"_default": {"1": {"id": "u", "email": "u@example.org"}}}"#),
            "children.json" | "tasks.json" | "members.json" => Ok("{"),
            "rewards.json" => Ok(r#"{"_default": {"1": {"id": "r", "user_id": "u", "cost": 5}}}"#),
            _ => Ok(""),
        })
        .unwrap();
        let files = damage.iter().map(|found| found.file.file_name().unwrap().to_str().unwrap());
        assert_eq!(files.collect::<Vec<_>>(), ["children.json", "tasks.json", "members.json"]);
        assert!(state.children.is_empty() && state.tasks.is_empty());
        let (user, reward) = (state.users.get("u").unwrap(), state.rewards.get("r").unwrap());
        assert!(Arc::ptr_eq(&user.id.shared(), &reward.user_id.as_ref().unwrap().shared()));
    }

    #[test]
    fn a_file_that_cannot_be_read_ends_a_start() {
        for failing in State::default().tables().map(AnyTable::file) {
            let found = parse(|file| if file == failing { Err("disk") } else { Ok("") });
            assert_eq!(found.err(), Some("disk"));
        }
    }
}
