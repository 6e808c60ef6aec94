//! The deletion fields of a user's row.

use super::encoder::Encoder;
use super::fields::Fields;
use super::pyjson;
use crate::domain::{Deletion, Timestamp};

pub(crate) const MARKED: &str = "marked_for_deletion";
pub(crate) const MARKED_AT: &str = "marked_for_deletion_at";
pub(crate) const IN_PROGRESS: &str = "deletion_in_progress";
pub(crate) const ATTEMPTED_AT: &str = "deletion_attempted_at";
pub(crate) const ATTEMPTS: &str = "deletion_attempts";
pub(crate) const ERROR: &str = "deletion_error";

/// The deletion state of an account. An account whose mark cannot be read is locked like any marked
/// account, and only an administrator's request deletes it.
pub(crate) fn decode(fields: &Fields<'_>) -> Option<Deletion> {
    if !is_marked(fields) {
        return None;
    }
    let marked_at = if fault(fields).is_none() { fields.optional_moment(MARKED_AT) } else { None };
    let attempts = fields.optional_integer(ATTEMPTS).unwrap_or_default();
    Some(Deletion {
        marked_at: marked_at.unwrap_or(Timestamp::MAX),
        in_progress: fields.boolean(IN_PROGRESS, false) == Ok(true),
        attempted_at: fields.optional_moment(ATTEMPTED_AT),
        attempts: u32::try_from(attempts.max(0)).unwrap_or(u32::MAX),
        error: fields.optional_text(ERROR).map(|error| error.to_string()),
    })
}

/// Whether the account is marked. A value that is neither true nor false counts as in Python: the
/// Flask service locks such an account, too.
pub(crate) fn is_marked(fields: &Fields<'_>) -> bool {
    let is_empty = |raw: &str| {
        let compact = pyjson::compact(raw);
        ["\"\"", "[]", "{}"].contains(&&*compact)
    };
    fields.boolean(MARKED, false).unwrap_or_else(|_| !fields.raw(MARKED).is_some_and(is_empty))
}

/// Describes what cannot be read in the mark of a marked account.
pub(crate) fn fault(fields: &Fields<'_>) -> Option<String> {
    if !is_marked(fields) {
        return None;
    }
    for field in [MARKED, IN_PROGRESS] {
        if let Err(unreadable) = fields.boolean(field, false) {
            return Some(unreadable.to_string());
        }
    }
    if fields.optional_moment(MARKED_AT).is_some() {
        return None;
    }
    let raw = fields.raw(MARKED_AT).filter(|raw| *raw != "null");
    let Some(raw) = raw else { return Some(format!("`{MARKED_AT}` is missing")) };
    let in_seconds =
        raw.parse().ok().and_then(|millis: f64| Timestamp::from_unix_seconds(millis / 1000.0));
    let hint = in_seconds.map(|_| ": it seems to be in milliseconds, and must be in seconds");
    Some(format!("`{MARKED_AT}` is not a time{}", hint.unwrap_or_default()))
}

/// Writes the fields. An account that is not marked has only the first.
pub(crate) fn encode(deletion: Option<&Deletion>, row: &mut Encoder) {
    row.plain(MARKED, deletion.is_some());
    let Some(deletion) = deletion else {
        for name in [MARKED_AT, IN_PROGRESS, ATTEMPTED_AT, ATTEMPTS, ERROR] {
            row.absent(name);
        }
        return;
    };
    row.moment(MARKED_AT, deletion.marked_at);
    row.plain(IN_PROGRESS, deletion.in_progress);
    row.optional_moment(ATTEMPTED_AT, deletion.attempted_at);
    row.plain(ATTEMPTS, deletion.attempts);
    row.optional_text(ERROR, deletion.error.as_deref());
}

#[cfg(test)]
mod tests {
    use super::super::record::{Record, merge};
    use super::*;
    use crate::domain::User;

    /// The row after a change of the deletion.
    fn changed(row: &str, change: impl FnOnce(&mut User)) -> String {
        let old = read(row);
        let mut new = old.clone();
        change(&mut new);
        merge(row, &old, &new).to_string()
    }

    fn read(row: &str) -> User {
        User::decode(&Fields::parse(row).unwrap()).unwrap()
    }

    const USER: &str = r#"{"id": "u", "email": "a@example.org", "pin": ""}"#;

    #[test]
    fn a_mark_is_added_changed_and_removed() {
        assert_eq!(changed(USER, |_| {}), USER);
        let now = Timestamp::from_micros(1_770_662_535_500_000);
        let marked = changed(USER, |user| user.deletion = Some(Deletion::marked(now)));
        let fields = r#", "marked_for_deletion": true, "marked_for_deletion_at": 1770662535.5, "deletion_in_progress": false, "deletion_attempted_at": null, "deletion_attempts": 0, "deletion_error": null}"#;
        assert_eq!(marked, USER.replace('}', fields));
        assert_eq!(read(&marked).deletion, Some(Deletion::marked(now)));
        assert!(read(&marked).extra.iter().all(|(name, _)| &**name == "pin"));

        let tried = Deletion {
            in_progress: true,
            attempted_at: Some(now),
            attempts: 2,
            error: Some("é".to_owned()),
            ..Deletion::marked(now)
        };
        let failed = changed(&marked, |user| user.deletion = Some(tried.clone()));
        assert_eq!(read(&failed).deletion, Some(tried));

        let restored = changed(&failed, |user| user.deletion = None);
        assert_eq!(restored, USER.replace('}', r#", "marked_for_deletion": false}"#));
    }

    #[test]
    fn an_unmarked_row_stays_unchanged_until_it_is_marked() {
        let row = r#"{"id": "u", "email": "a@example.org", "marked_for_deletion": false, "marked_for_deletion_at": "later", "deletion_attempts": 0, "deletion_error": "old"}"#;
        assert_eq!(read(row).deletion, None);
        assert_eq!(changed(row, |_| {}), row);
        let marked = changed(row, |user| user.deletion = Some(Deletion::marked(Timestamp::EPOCH)));
        assert_eq!(read(&marked).deletion, Some(Deletion::marked(Timestamp::EPOCH)));
    }

    #[test]
    fn a_mark_that_is_not_a_boolean_counts_as_in_python() {
        for (mark, fault) in [
            ("\"yes\"", Some("`marked_for_deletion` is not true or false")),
            ("2", Some("`marked_for_deletion` is not true or false")),
            ("[1]", Some("`marked_for_deletion` is not true or false")),
            ("1", Some("`marked_for_deletion_at` is missing")),
            ("\"\"", None),
            ("[ ]", None),
            ("{}", None),
        ] {
            let row = USER.replace('}', &format!(r#", "marked_for_deletion": {mark}}}"#));
            let fields = Fields::parse(&row).unwrap();
            assert_eq!(super::fault(&fields).as_deref(), fault, "{mark}");
            assert_eq!(read(&row).deletion.is_some(), fault.is_some(), "{mark}");
            assert_eq!(changed(&row, |_| {}), row);
        }
    }

    #[test]
    fn marks_of_older_files_are_read() {
        let iso = r#""2026-02-09T18:42:15Z""#;
        for (at, moment) in [
            ("1770662535", Timestamp::parse_iso("2026-02-09T18:42:15Z").unwrap()),
            (iso, Timestamp::parse_iso("2026-02-09T18:42:15Z").unwrap()),
            // The time is unknown: locked, and never due.
            ("null", Timestamp::MAX),
            ("\"soon\"", Timestamp::MAX),
            ("1770662535000", Timestamp::MAX),
        ] {
            let fields =
                format!(r#", "marked_for_deletion": true, "marked_for_deletion_at": {at}}}"#);
            let row = USER.replace('}', &fields);
            assert_eq!(read(&row).deletion, Some(Deletion::marked(moment)), "{at}");
            assert_eq!(changed(&row, |_| {}), row);
        }
    }
}
