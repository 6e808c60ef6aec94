//! The expected history, and the checks of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::home::{Family, Home, OPENING};
use super::load::{Told, id, new_event};
use super::streams::{Listener, Listeners};
use crate::harness::{Admin, Client, Folders, TestServer, event_ids, eventually, python, text};

/// How many of the last confirmed mutations with a key are repeated.
const REPEATS: usize = 16;
/// The maximum number of events that a stream replays.
const REPLAYED: usize = 10_000;

/// The child and the requested task or reward of each pending request, and the points or the cost that the
/// request recorded.
pub(crate) type Requests = BTreeMap<(String, String), i64>;

/// The history of one directory at the last check.
pub(crate) struct Book {
    rows: Vec<Value>,
    ids: HashSet<String>,
    points: HashMap<String, i64>,
    requests: Requests,
    listeners: Vec<Listeners>,
    /// The number of events without a response.
    pub(crate) unconfirmed: usize,
}

impl Book {
    /// For a directory without events. The clients of its streams read from now on.
    pub(crate) async fn new(home: &Home) -> Self {
        let mut listeners = Vec::new();
        for family in &home.families {
            let mut both = Listeners::new();
            both.catch_up(&family.parent, &home.gates, &[]).await;
            listeners.push(both);
        }
        let opening = |family: &Family| family.children.clone().into_iter().zip(OPENING);
        Self {
            rows: Vec::new(),
            ids: HashSet::new(),
            points: home.families.iter().flat_map(opening).collect(),
            requests: Requests::new(),
            listeners,
            unconfirmed: 0,
        }
    }

    /// The number of events.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The clients that read streams during the load.
    pub(crate) fn listen(
        &mut self,
        is_over: &CancellationToken,
    ) -> impl Iterator<Item = impl Future<Output = ()>> {
        self.listeners.iter_mut().map(|it| it.present.listen(is_over))
    }

    /// After a restart, checks that everything in responses is in everything that the server keeps.
    /// Returns the responses to repeated requests with keys.
    pub(crate) async fn check(&mut self, home: &Home, told: Told) -> Told {
        let before = self.rows.len();
        self.read(home.folders());
        self.check_records(home).await;
        assert_eq!(queried(&home.admin, before).await, by_time(&self.rows[before..]));
        if !home.is_on_database() {
            self.check_logs(home);
        }
        for (family, listeners) in home.families.iter().zip(&mut self.listeners) {
            let rows = of_family(&self.rows, before, home, family);
            listeners.catch_up(&family.parent, &home.gates, &rows).await;
        }
        self.account_for(home, before, told).await
    }

    /// Reads the tracking file: the earlier rows are unchanged, and the new ones continue them.
    fn read(&mut self, folders: &Folders) {
        let (numbers, rows): (Vec<_>, Vec<_>) =
            folders.rows("tracking_events.json").into_iter().unzip();
        assert!(numbers.into_iter().eq(1..=rows.len() as u64), "row numbers");
        assert!(rows.starts_with(&self.rows), "rows that were there have changed");
        for row in &rows[self.rows.len()..] {
            assert!(self.ids.insert(id(row)), "twice: {row}");
            self.fold(row);
        }
        self.rows = rows;
    }

    fn fold(&mut self, row: &Value) {
        let points = self.points.get_mut(row["child_id"].as_str().unwrap()).unwrap();
        assert_eq!(row["points_before"], *points, "{row}");
        *points += row["delta"].as_i64().unwrap();
        assert_eq!(row["points_after"], *points, "{row}");
        fold_request(&mut self.requests, row);
    }

    /// Checks that the children and the pending requests are the result of the events, in the files
    /// and in the responses.
    async fn check_records(&self, home: &Home) {
        self.check_files(home.folders());
        let (mut children, mut pending) = (Vec::new(), Requests::new());
        for (family, gate) in home.families.iter().zip(home.gates.iter().cycle()) {
            let parent = family.parent.beside(gate);
            let mut body = parent.get("/children").await.expect(200);
            children.append(body["children"].as_array_mut().unwrap());
            pending.append(&mut pending_requests(&parent).await);
        }
        assert_eq!(points(&children), self.points);
        assert_eq!(pending, self.requests);
        for gate in &home.gates {
            let health = async || gate.get("/health").await.body["status"] == "ok";
            if home.is_on_database() {
                // A server that was cut off may find only now that it can use the database again.
                eventually("health", async || health().await.then_some(())).await;
            } else {
                assert!(health().await, "{}", gate.get("/health").await.text);
            }
        }
    }

    fn check_files(&self, folders: &Folders) {
        // The file of a table exists once it has had a row.
        let rows = |name| {
            let exists = folders.database.get().is_some() || folders.data_file(name).exists();
            let rows = exists.then(|| folders.rows(name));
            rows.into_iter().flatten().map(|(_, row)| row).collect::<Vec<_>>()
        };
        let mut children = rows("children.json");
        children.retain(|child| child["id"] != "ballast");
        assert_eq!(points(&children), self.points, "children.json");
        let mut pending = requests(&rows("pending_tasks.json"), "task_id", |it| &it["points"]);
        let costs = rows("request_details.json");
        let cost = |request: &Value| costs.iter().find(|it| it["id"] == request["id"]).unwrap();
        let rewards = rows("pending_rewards.json");
        pending.append(&mut requests(&rewards, "reward_id", |it| &cost(it)["cost"]));
        assert_eq!(pending, self.requests, "the files of pending requests");
    }

    fn check_logs(&self, home: &Home) {
        for family in &home.families {
            let logged = event_ids(&home.folders().log_lines(&family.parent.id));
            let rows = of_family(&self.rows, 0, home, family);
            assert!(logged.into_iter().eq(rows.iter().map(|(_, row)| id(row))), "the log differs");
        }
    }

    /// Checks that every new row belongs to a response, or to a request without one.
    async fn account_for(&mut self, home: &Home, before: usize, told: Told) -> Told {
        let new = self.rows[before..].iter();
        let mut new: HashMap<String, &Value> = new.map(|row| (id(row), row)).collect();
        for (_, event) in &told.acknowledged {
            assert_eq!(new.remove(&id(event)), Some(event), "acknowledged, and not there");
        }
        self.unconfirmed += new.len();
        let keyed = told.acknowledged.iter().filter(|(attempt, _)| attempt.key.is_some());
        for ((attempt, event), gate) in keyed.rev().take(REPEATS).zip(home.gates.iter().cycle()) {
            let parent = home.families[attempt.family].parent.beside(gate);
            let answer = attempt.send(&parent).await.unwrap();
            assert_eq!(answer.header("idempotent-replayed"), "true", "{}", answer.text);
            assert_eq!(answer.expect(200)["tracking_event"], *event);
        }
        let mut again = Told::default();
        let (keyed, mut plain): (Vec<_>, Vec<_>) =
            told.unknown.into_iter().partition(|attempt| attempt.key.is_some());
        for attempt in keyed {
            let answer = attempt.send(&home.families[attempt.family].parent).await.unwrap();
            if answer.header("idempotent-replayed") == "true" {
                let event = answer.expect(200)["tracking_event"].take();
                assert!(attempt.is(&event), "{event}");
                assert_eq!(new.remove(&id(&event)), Some(&event), "a key stands for nothing");
            } else if answer.status == 200 {
                let event = new_event(answer);
                again.acknowledged.push((attempt, event));
            } else {
                assert_eq!(answer.status, 409, "{}", answer.text);
            }
        }
        for row in new.into_values() {
            let asked = plain.iter().position(|attempt| attempt.is(row));
            let asked = asked.unwrap_or_else(|| panic!("nobody asked for {row}, or not twice"));
            plain.swap_remove(asked);
        }
        again
    }

    /// Checks all events again, in a query and in the longest possible replay of a stream.
    pub(crate) async fn check_whole(&self, home: &Home) {
        assert_eq!(queried(&home.admin, 0).await, by_time(&self.rows));
        for family in &home.families {
            let rows = of_family(&self.rows, 0, home, family);
            let (received, rows) = rows.split_at(rows.len().saturating_sub(REPLAYED));
            let last = received.last().map_or(0, |(number, _)| *number);
            Listener::after(last).catch_up(&family.parent, rows).await;
        }
    }

    /// Checks the audit logs of several servers: each event has a line, and no server's own files have
    /// two of one event. Other servers may repeat up to `repeated` lines.
    pub(crate) async fn check_lines(&self, home: &Home, repeated: usize) -> usize {
        let mut repeats = 0;
        for family in &home.families {
            let rows = of_family(&self.rows, 0, home, family);
            let all: HashSet<String> = rows.iter().map(|(_, row)| id(row)).collect();
            let lines = eventually("the lines of all events", async || {
                let ids =
                    |server: &TestServer| event_ids(&server.folders.lines_now(&family.parent.id));
                let lines: Vec<Vec<String>> = home.servers.iter().map(ids).collect();
                let found: HashSet<&String> = lines.iter().flatten().collect();
                (found.len() >= all.len()).then_some(lines)
            })
            .await;
            for own in &lines {
                let distinct: HashSet<&String> = own.iter().collect();
                assert_eq!(distinct.len(), own.len(), "a server has written a line twice");
                assert!(own.iter().all(|id| all.contains(id)), "a line without an event");
            }
            repeats += lines.iter().map(Vec::len).sum::<usize>() - all.len();
        }
        assert!(repeats <= repeated, "{repeats} lines are repeated");
        repeats
    }

    /// Checks that the files of a stopped server contain the same, and that the journal is empty.
    pub(crate) fn check_stopped(&mut self, folders: &Folders) {
        self.read(folders);
        self.check_files(folders);
        let journal = crate::harness::names(&folders.data().join("journal"));
        assert!(journal.iter().all(|name| !name.contains(".journal")), "{journal:?}");
    }
}

/// Checks that TinyDB opens every file and finds all rows.
pub(crate) fn check_with_tinydb(folders: &Folders) {
    let mut rows = 0;
    for entry in fs::read_dir(folders.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "json") {
            let tables = folders.json(path.file_name().unwrap().to_str().unwrap());
            let tables = tables.as_object().unwrap().values();
            rows += tables.map(|table| table.as_object().unwrap().len()).sum::<usize>();
        }
    }
    let found = python("open_tables.py", &[&folders.data()], "").stdout;
    assert_eq!(String::from_utf8(found).unwrap().trim(), rows.to_string());
}

/// The rows in the order of a query: events of two families that are written at once may be a few
/// microseconds apart the other way round.
fn by_time(rows: &[Value]) -> Vec<Value> {
    let time = |row: &Value| (text(&row["occurred_at"]), text(&row["created_at"]));
    let mut rows = rows.to_vec();
    rows.sort_by_key(time);
    rows
}

/// A family's rows beyond the first `before` of the table, with their numbers: those of the rows of a
/// file, and those of the family's events in a database.
fn of_family<'a>(
    rows: &'a [Value],
    before: usize,
    home: &Home,
    family: &Family,
) -> Vec<(usize, &'a Value)> {
    let numbered = rows.iter().zip(1..).map(|(row, number)| (number, number, row));
    let own = numbered.filter(|(.., row)| row["user_id"] == *family.parent.id);
    let own = own.zip(1..).map(|((place, number, row), own)| {
        (place, if home.is_on_database() { own } else { number }, row)
    });
    own.filter(|(place, ..)| *place > before).map(|(_, number, row)| (number, row)).collect()
}

/// All events after the `first` ones, as a query returns them.
async fn queried(admin: &Admin, first: usize) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let offset = first + events.len();
        let path = format!("/admin/tracking?order=asc&limit=500&offset={offset}");
        let mut body = admin.get(&path).await.expect(200);
        let page = body["tracking_events"].as_array_mut().unwrap();
        let is_last = page.is_empty();
        events.append(page);
        if is_last {
            assert_eq!(body["total"], first + events.len());
            return events;
        }
    }
}

fn points(children: &[Value]) -> HashMap<String, i64> {
    children.iter().map(|it| (text(&it["id"]), it["points"].as_i64().unwrap())).collect()
}

/// Follows the requests that an event begins, ends or restores. An answered request counts with what it
/// recorded.
pub(crate) fn fold_request(requests: &mut Requests, row: &Value) {
    let metadata = &row["metadata"];
    let request = (text(&row["child_id"]), text(&row["entity_id"]));
    let amount = metadata.get("points").or(metadata.get("cost")).and_then(Value::as_i64).unwrap();
    let has = |field| metadata.get(field).is_some();
    match row["action"].as_str().unwrap() {
        "cancelled" if has("reverses") && !has("request_id") => {}
        "cancelled" if has("reverses") => {
            assert!(requests.insert(request, amount).is_none(), "restored twice: {row}");
        }
        "requested" => assert!(requests.insert(request, amount).is_none(), "asked twice: {row}"),
        "cancelled" => assert_eq!(requests.remove(&request), Some(amount), "{row}"),
        _ => {
            let ended = requests.remove(&request);
            assert_eq!(ended, has("request_id").then_some(amount), "{row}");
        }
    }
}

/// The pending requests of a family in the responses.
pub(crate) async fn pending_requests(parent: &Client) -> Requests {
    let tasks = parent.get("/tasks/pending").await.expect(200);
    let rewards = parent.get("/rewards/pending").await.expect(200);
    let list = |body: &Value, name| body[name].as_array().unwrap().clone();
    let mut pending = requests(&list(&tasks, "pending_tasks"), "task_id", |it| &it["points"]);
    pending.append(&mut requests(
        &list(&rewards, "pending_rewards"),
        "reward_id",
        |it| &it["cost"],
    ));
    pending
}

fn requests<'a>(rows: &'a [Value], of: &str, amount: impl Fn(&'a Value) -> &'a Value) -> Requests {
    let request =
        |it: &'a Value| ((text(&it["child_id"]), text(&it[of])), amount(it).as_i64().unwrap());
    let found: Requests = rows.iter().map(request).collect();
    assert_eq!(found.len(), rows.len(), "a request twice: {rows:?}");
    found
}
