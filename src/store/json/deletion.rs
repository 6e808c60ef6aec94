//! How an account's deletion stands in its row.

use super::encoder::Encoder;
use super::record::{Fields, Unreadable};
use crate::domain::{Deletion, Timestamp};

pub(super) const MARKED: &str = "marked_for_deletion";
pub(super) const MARKED_AT: &str = "marked_for_deletion_at";
pub(super) const IN_PROGRESS: &str = "deletion_in_progress";
pub(super) const ATTEMPTED_AT: &str = "deletion_attempted_at";
pub(super) const ATTEMPTS: &str = "deletion_attempts";
pub(super) const ERROR: &str = "deletion_error";

/// How far an account's deletion is. An account that is marked at an unknown time is out of use like
/// any other, and never due.
pub(super) fn decode(fields: &Fields<'_>) -> Result<Option<Deletion>, Unreadable> {
    if !fields.boolean(MARKED, false)? {
        return Ok(None);
    }
    let attempts = fields.optional_integer(ATTEMPTS).unwrap_or_default();
    Ok(Some(Deletion {
        marked_at: fields.optional_moment(MARKED_AT).unwrap_or(Timestamp::MAX),
        in_progress: fields.boolean(IN_PROGRESS, false)?,
        attempted_at: fields.optional_moment(ATTEMPTED_AT),
        attempts: u32::try_from(attempts.max(0)).unwrap_or(u32::MAX),
        error: fields.optional_text(ERROR).map(|error| error.to_string()),
    }))
}

/// An account that isn't marked has none of these fields but the first.
pub(super) fn encode(deletion: Option<&Deletion>, row: &mut Encoder) {
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

    /// The row that a user's row becomes with another deletion.
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
    fn a_mark_is_added_changed_and_taken_back() {
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
    fn what_is_not_marked_stays_as_it_is_until_it_is() {
        let row = r#"{"id": "u", "email": "a@example.org", "marked_for_deletion": false, "marked_for_deletion_at": "later", "deletion_attempts": 0, "deletion_error": "old"}"#;
        assert_eq!(read(row).deletion, None);
        assert_eq!(changed(row, |_| {}), row);
        let marked = changed(row, |user| user.deletion = Some(Deletion::marked(Timestamp::EPOCH)));
        assert_eq!(read(&marked).deletion, Some(Deletion::marked(Timestamp::EPOCH)));
    }

    #[test]
    fn marks_of_older_files_are_read() {
        let iso = r#""2026-02-09T18:42:15Z""#;
        for (at, moment) in [
            ("1770662535", Timestamp::parse_iso("2026-02-09T18:42:15Z").unwrap()),
            (iso, Timestamp::parse_iso("2026-02-09T18:42:15Z").unwrap()),
            // Nobody knows since when: out of use, and never due.
            ("null", Timestamp::MAX),
            ("\"soon\"", Timestamp::MAX),
        ] {
            let fields =
                format!(r#", "marked_for_deletion": true, "marked_for_deletion_at": {at}}}"#);
            let row = USER.replace('}', &fields);
            assert_eq!(read(&row).deletion, Some(Deletion::marked(moment)), "{at}");
            assert_eq!(changed(&row, |_| {}), row);
        }
    }
}
