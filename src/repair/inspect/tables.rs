//! Faults of the small tables.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::other_tables::OtherTable;
use super::rows::inspect_row;
use super::{Finding, FindingKind};
use crate::domain::badges::{Award, Badge};
use crate::domain::schedule::Mark;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    CalendarFeed, Child, EndedRequest, Id, IdempotencyRecord, Member, Message, PendingReward,
    PendingTask, Reward, Session, Task, Timestamp, User, UserId,
};
use crate::repair::salvage::kind::TableKind;
use crate::store::json::state::table::{Stray, Table};
use crate::store::json::state::{Joined, State};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::details::{ChildDetails, Extended, UserDetails};
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::file::parse_file;
use crate::store::json::tinydb::record::Record;

/// The offsets of a file's rows.
pub(super) type Places = BTreeMap<RowNumber, u64>;

/// Examines a readable, non-empty file for what is silently lost when it is read. Returns the
/// offsets of its rows.
pub(super) fn inspect_text(kind: TableKind, bytes: &[u8], findings: &mut Vec<Finding>) -> Places {
    let file = kind.file;
    let Ok(parsed) = parse_file(Path::new(file), bytes) else {
        return Places::new();
    };
    let byte_of = |text: &str| (text.as_ptr().addr() - bytes.as_ptr().addr()) as u64;
    for (name, value) in &parsed.others {
        if let Some(table) = OtherTable::read(kind, name, byte_of(value), value) {
            findings.push(table.into_finding(file, parsed.rows.is_empty()));
        }
    }
    if let Some(byte) = parsed.second_table {
        let message = "the table `_default` occurs here a second time; only this one counts";
        let found = Finding::of_file(FindingKind::DuplicateField, file, message.to_owned());
        findings.push(Finding { byte: Some(byte as u64), ..found });
    }
    for (row, byte) in parsed.repeated {
        let message = "an earlier row has the same number; only the last one counts".to_owned();
        let byte = Some(byte as u64);
        findings.push(Finding::of_row(FindingKind::DuplicateRow, file, row, byte, message));
    }
    let mut places = Places::new();
    for (row, text) in &parsed.rows {
        let byte = byte_of(text);
        places.insert(*row, byte);
        let fields = Fields::parse(text).ok();
        if let Some(name) = fields.as_ref().and_then(Fields::repeated) {
            let message = format!("the field `{name}` occurs twice; only the last one counts");
            let byte = Some(byte);
            findings.push(Finding::of_row(FindingKind::DuplicateField, file, *row, byte, message));
        }
    }
    places
}

/// Examines the records of all tables.
pub(super) struct Tables<'a> {
    pub(super) state: &'a State,
    /// The offsets of the rows of each file.
    pub(super) places: &'a HashMap<&'static str, Places>,
    /// Whether a missing record of a file does not exist: the file is neither damaged, nor waits
    /// for a damaged log.
    pub(super) is_whole: &'a dyn Fn(&str) -> bool,
    /// Whether an account exists that is not among the records: that of another family of a database.
    pub(super) is_elsewhere: &'a dyn Fn(&str) -> bool,
    /// The current time.
    pub(super) now: Timestamp,
}

/// The accounts that the records of a family name and that may be in other families.
pub(super) fn named_accounts(state: &State) -> impl Iterator<Item = &UserId> {
    let members = state.members.numbered().map(|(_, it)| &it.account_id);
    let joined = state.users.details.numbered().filter_map(|(_, it)| it.member_of.as_ref());
    let sessions = state.sessions.numbered().filter_map(|(_, it)| it.member.as_ref());
    members.chain(joined).chain(sessions)
}

impl Tables<'_> {
    pub(super) fn inspect(&self, findings: &mut Vec<Finding>) {
        self.rows(findings);
        self.emails(findings);
        self.references(findings);
    }

    /// Examines each row alone.
    pub(super) fn rows(&self, findings: &mut Vec<Finding>) {
        for table in self.state.tables() {
            let file = table.file();
            for (row, text) in table.texts() {
                inspect_row(file, &text, self.now, |kind, message| {
                    findings.push(self.finding(kind, file, row, message));
                });
            }
            for (row, stray) in table.strays() {
                let (kind, message) = match stray {
                    Stray::Unreadable(why) => {
                        let message =
                            format!("it is not a record of this table, and is ignored: {why}");
                        (FindingKind::UnreadableRow, message)
                    }
                    Stray::Repeated(first) => {
                        let message =
                            format!("it has the id of row {first}; look-ups find only that row");
                        (FindingKind::DuplicateId, message)
                    }
                };
                findings.push(self.finding(kind, file, row, message));
            }
        }
    }

    fn finding(
        &self,
        kind: FindingKind,
        file: &'static str,
        row: RowNumber,
        message: String,
    ) -> Finding {
        let byte = self.places.get(file).and_then(|places| places.get(&row)).copied();
        Finding::of_row(kind, file, row, byte, message)
    }

    fn emails(&self, findings: &mut Vec<Finding>) {
        let mut first_with: HashMap<&Arc<str>, (RowNumber, &User)> = HashMap::new();
        for (row, user) in self.state.users.numbered() {
            let (first, other) = *first_with.entry(user.email.folded()).or_insert((row, user));
            if other.id != user.id {
                let message = format!(
                    "it has the email address of row {first}; only that account can log in"
                );
                findings.push(self.finding(FindingKind::DuplicateEmail, User::FILE, row, message));
            }
        }
    }

    fn references(&self, findings: &mut Vec<Finding>) {
        let State { users, children, tasks, rewards, pending, sessions, remembered, .. } =
            self.state;
        let mut check = Check { tables: self, findings };
        for (row, it) in children.numbered() {
            check.names::<Child, User>(row, "account", it.user_id.as_str(), users);
        }
        for (row, it) in tasks.numbered() {
            if let Some(user) = &it.user_id {
                check.names::<Task, User>(row, "account", user.as_str(), users);
            }
        }
        for (row, it) in rewards.numbered() {
            if let Some(user) = &it.user_id {
                check.names::<Reward, User>(row, "account", user.as_str(), users);
            }
        }
        for (row, it) in pending.numbered() {
            check.names::<PendingReward, User>(row, "account", it.user_id.as_str(), users);
            check.names::<PendingReward, Child>(row, "child", it.child_id.as_str(), children);
            check.names::<PendingReward, Reward>(row, "reward", it.reward_id.as_str(), rewards);
        }
        for (row, it) in sessions.numbered() {
            check.names::<Session, User>(row, "account", it.user_id.as_str(), users);
            if let Some(child) = it.child_id.as_ref().map(Id::as_str) {
                check.names::<Session, Child>(row, "child", child, children);
            }
            if let Some(account) = &it.member {
                check.names_member(row, it, account);
            }
        }
        for (row, it) in remembered.numbered() {
            check.names::<IdempotencyRecord, User>(row, "account", it.user_id.as_str(), users);
        }
        self.references_of_own_files(&mut check);
    }

    /// Examines the files that the Flask service does not have.
    fn references_of_own_files(&self, check: &mut Check<'_>) {
        let State {
            users,
            children,
            tasks,
            rewards,
            pending,
            pending_tasks,
            ended,
            messages,
            badges,
            awards,
            marks,
            feeds,
            webhooks,
            deliveries,
            members,
            ..
        } = self.state;
        check.details("account", users);
        for (row, it) in users.details.numbered() {
            if let Some(family) = &it.member_of {
                check.names_account::<UserDetails>(row, family, users);
            }
        }
        check.details("child", children);
        check.details("task", tasks);
        check.details("reward", rewards);
        check.details("request", pending);
        for (row, it) in pending_tasks.numbered() {
            check.names::<PendingTask, User>(row, "account", it.user_id.as_str(), users);
            check.names::<PendingTask, Child>(row, "child", it.child_id.as_str(), children);
            check.names::<PendingTask, Task>(row, "task", it.task_id.as_str(), tasks);
        }
        for (row, it) in ended.numbered() {
            check.names::<EndedRequest, User>(row, "account", it.user_id.as_str(), users);
            check.names::<EndedRequest, Child>(row, "child", it.child_id.as_str(), children);
        }
        for (row, it) in messages.numbered() {
            check.names::<Message, User>(row, "account", it.user_id.as_str(), users);
        }
        for (row, it) in badges.numbered() {
            if let Some(user) = &it.user_id {
                check.names::<Badge, User>(row, "account", user.as_str(), users);
            }
        }
        for (row, it) in awards.numbered() {
            check.names::<Award, User>(row, "account", it.user_id.as_str(), users);
            check.names::<Award, Child>(row, "child", it.key.child_id.as_str(), children);
        }
        for (row, it) in marks.numbered() {
            check.names::<Mark, User>(row, "account", it.user_id.as_str(), users);
            check.names::<Mark, Child>(row, "child", it.key.child_id.as_str(), children);
            check.names::<Mark, Task>(row, "task", it.key.task_id.as_str(), tasks);
        }
        for (row, it) in feeds.numbered() {
            check.names::<CalendarFeed, User>(row, "account", it.user_id.as_str(), users);
            check.names::<CalendarFeed, Child>(row, "child", it.child_id.as_str(), children);
        }
        for (row, it) in webhooks.numbered() {
            check.names::<Webhook, User>(row, "account", it.user_id.as_str(), users);
            if let Some(child) = &it.child_id {
                check.names::<Webhook, Child>(row, "child", child.as_str(), children);
            }
        }
        for (row, it) in deliveries.numbered() {
            check.names::<Delivery, User>(row, "account", it.user_id.as_str(), users);
            check.names::<Delivery, Webhook>(row, "webhook", it.webhook_id.as_str(), webhooks);
        }
        for (row, it) in members.numbered() {
            check.names::<Member, User>(row, "account", it.user_id.as_str(), users);
            check.names_account::<Member>(row, &it.account_id, users);
        }
        for (row, it) in children.details.numbered() {
            if let Some(goal) = &it.goal {
                check.names::<ChildDetails, Reward>(row, "reward", goal.as_str(), rewards);
            }
        }
    }
}

/// Examines whether the records that a row names exist.
struct Check<'a> {
    tables: &'a Tables<'a>,
    findings: &'a mut Vec<Finding>,
}

impl Check<'_> {
    /// Reports the details of records that do not exist.
    fn details<R: Extended>(&mut self, what: &str, joined: &Joined<R>) {
        for (row, details) in joined.details.numbered() {
            self.names::<R::Details, R>(row, what, &details.key(), joined);
        }
    }

    /// Reports a row that names an account, which can be one of another family.
    fn names_account<R: Record>(&mut self, row: RowNumber, id: &UserId, users: &Table<User>) {
        if !(self.tables.is_elsewhere)(id.as_str()) {
            self.names::<R, User>(row, "account", id.as_str(), users);
        }
    }

    /// Reports a session or an API token of an account that is no member of the family.
    fn names_member(&mut self, row: RowNumber, session: &Session, account: &UserId) {
        let members = &self.tables.state.members;
        let is_it = |it: &Member| it.user_id == session.user_id && it.account_id == *account;
        let is_member = members.numbered().any(|(_, member)| is_it(member));
        if !is_member && (self.tables.is_whole)(Member::FILE) {
            let message =
                format!("it is of the account {account}, which is no member of the family");
            let kind = FindingKind::BrokenReference;
            self.findings.push(self.tables.finding(kind, Session::FILE, row, message));
        }
    }

    /// Reports a row of an `R` that names an `N` that does not exist.
    fn names<R: Record, N: Record>(
        &mut self,
        row: RowNumber,
        what: &str,
        id: &str,
        named: &Table<N>,
    ) {
        if named.get(id).is_none() && (self.tables.is_whole)(N::FILE) {
            let message = format!("it names the {what} {id}, which doesn't exist");
            let kind = FindingKind::BrokenReference;
            self.findings.push(self.tables.finding(kind, R::FILE, row, message));
        }
    }
}
