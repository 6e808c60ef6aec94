//! The accounts that were deleted, so that a restored backup does not bring them back.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Timestamp, UserId};

/// The list of deleted accounts. It contains a keyed hash of each account's id, so that it tells whether
/// an account of a backup was deleted, and nothing to a reader without the account's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureList {
    /// The key of the hashes, in hexadecimal digits. Lists with different keys belong to different servers.
    pub key: String,
    /// Every deletion that started before this time is in the list, except those of `missing`.
    pub complete_until: Timestamp,
    /// The period whose deletions may be missing.
    pub missing: Option<Missing>,
    /// When the deletion of each account started, by the hash of its id.
    pub erased: BTreeMap<String, Timestamp>,
}

/// The form of the file, which TinyDB can read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    header: BTreeMap<String, Header>,
    #[serde(rename = "_default")]
    rows: BTreeMap<u64, Row>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    key: String,
    complete_until: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    account: String,
    erased_at: String,
}

impl ErasureList {
    /// The name of the file with the list.
    pub const FILE: &str = "erasures.json";

    /// An empty list with a new random key.
    pub fn new(key: [u8; 32], now: Timestamp) -> Self {
        Self { key: hex(&key), complete_until: now, missing: None, erased: BTreeMap::new() }
    }

    /// Adds an account. It keeps its first time.
    pub fn add(&mut self, user_id: &UserId, now: Timestamp) {
        self.erased.entry(self.hash(user_id.as_str())).or_insert(now);
    }

    /// Adds an account if one is given. The list is then complete until `now`.
    pub fn update(&mut self, erased: Option<&UserId>, now: Timestamp) {
        if let Some(user_id) = erased {
            self.add(user_id, now);
        }
        self.complete_until = self.complete_until.max(now);
    }

    /// Notes that deletions may have been lost since the list was complete. It is complete from `now` on.
    pub fn skip_to(&mut self, now: Timestamp) {
        let lost = Missing { from: self.complete_until, until: now };
        self.missing = self.missing.into_iter().chain(lost.if_any()).reduce(Missing::hull);
        self.complete_until = self.complete_until.max(now);
    }

    /// Whether an account is in the list.
    pub fn contains(&self, user_id: &str) -> bool {
        !self.erased.is_empty() && self.erased.contains_key(&self.hash(user_id))
    }

    /// The keyed hash of an account's id: HMAC-SHA-256.
    pub fn hash(&self, user_id: &str) -> String {
        // A key of any length is valid.
        let mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes());
        mac.map(|mac| hex(&mac.chain_update(user_id).finalize().into_bytes())).unwrap_or_default()
    }

    /// Adds what another list of the same server contains. Returns false if that has another key.
    pub fn merge(&mut self, other: &Self) -> bool {
        if other.key != self.key {
            return false;
        }
        let rest = self.uncovered().flat_map(|one| other.uncovered().map(move |it| one.and(it)));
        let gaps = rest.filter(|rest| rest.until != FOREVER).filter_map(Missing::if_any);
        self.missing = gaps.reduce(Missing::hull);
        self.complete_until = self.complete_until.max(other.complete_until);
        for (account, erased_at) in &other.erased {
            self.erased.entry(account.clone()).or_insert(*erased_at);
        }
        true
    }

    /// The times whose deletions may not be in the list.
    fn uncovered(&self) -> impl Iterator<Item = Missing> + use<> {
        let later = Missing { from: self.complete_until, until: FOREVER };
        self.missing.into_iter().chain([later])
    }

    /// Reads the text of a file. The error describes what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let tables: Tables = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let time = |text: &str| Timestamp::parse_iso(text).ok_or(format!("{text:?} is not a time"));
        let header = tables.header.get("1").filter(|header| !header.key.is_empty());
        let header = header.ok_or("it has no key")?;
        let rows = tables.rows.into_values();
        let erased = rows.map(|row| Ok((row.account, time(&row.erased_at)?)));
        Ok(Self {
            key: header.key.clone(),
            complete_until: time(&header.complete_until)?,
            missing: header.missing.as_deref().map(Missing::parse).transpose()?,
            erased: erased.collect::<Result<_, String>>()?,
        })
    }

    /// The text of a file.
    pub fn text(&self) -> String {
        let header = Header {
            key: self.key.clone(),
            complete_until: self.complete_until.to_string(),
            missing: self.missing.map(|missing| missing.to_string()),
        };
        let row = |(account, erased_at): (&String, &Timestamp)| Row {
            account: account.clone(),
            erased_at: erased_at.to_string(),
        };
        let tables = Tables {
            header: [("1".to_owned(), header)].into(),
            rows: (1..).zip(self.erased.iter().map(row)).collect(),
        };
        // Texts can always be serialised.
        serde_json::to_string(&tables).unwrap_or_default()
    }
}

/// The time from `from` until before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    pub from: Timestamp,
    pub until: Timestamp,
}

const FOREVER: Timestamp = Timestamp::MAX;

impl Missing {
    fn if_any(self) -> Option<Self> {
        (self.from < self.until).then_some(self)
    }

    /// The time that both contain.
    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// The shortest time that contains both.
    fn hull(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), until: self.until.max(other.until) }
    }

    /// Reads the form of a file. The error describes what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let times = text.split_once('/').and_then(|(from, until)| {
            Some((Timestamp::parse_iso(from)?, Timestamp::parse_iso(until)?))
        });
        let (from, until) = times.ok_or(format!("{text:?} is not a period"))?;
        Ok(Self { from, until })
    }
}

/// A period of ISO 8601.
impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.from, self.until)
    }
}

/// The bytes in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` can't fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_from_its_text() {
        let mut list = ErasureList::new([7; 32], Timestamp::from_micros(5));
        list.add(&"one".into(), Timestamp::from_micros(1));
        list.add(&"one".into(), Timestamp::from_micros(2));
        list.add(&"other".into(), Timestamp::from_micros(3));
        let read = ErasureList::parse(list.text().as_bytes()).unwrap();
        assert_eq!(read, list);
        assert!(read.contains("one") && read.contains("other") && !read.contains("third"));
        assert_eq!(read.erased[&read.hash("one")], Timestamp::from_micros(1));
        assert!(!list.text().contains("one\""));
    }

    #[test]
    fn a_text_that_is_no_list_is_an_error() {
        for text in ["", "{}", r#"{"_default": {}}"#, r#"{"header": {}, "_default": {}}"#] {
            assert!(ErasureList::parse(text.as_bytes()).is_err(), "{text}");
        }
        let list = ErasureList::new([7; 32], Timestamp::EPOCH).text();
        assert!(ErasureList::parse(&list.as_bytes()[..list.len() - 1]).is_err());
    }

    #[test]
    fn lists_of_one_server_are_merged() {
        let mut one = ErasureList::new([1; 32], Timestamp::from_micros(1));
        let mut other = ErasureList { complete_until: Timestamp::from_micros(9), ..one.clone() };
        other.add(&"u".into(), Timestamp::from_micros(2));
        assert!(one.merge(&other) && one == other);
        assert!(!one.merge(&ErasureList::new([2; 32], Timestamp::EPOCH)));
    }

    #[test]
    fn a_list_states_which_deletions_may_be_missing() {
        let at = Timestamp::from_micros;
        let list = |complete_until, missing: Option<(i64, i64)>| ErasureList {
            missing: missing.map(|(from, until)| Missing { from: at(from), until: at(until) }),
            ..ErasureList::new([1; 32], at(complete_until))
        };
        let mut skipped = list(3, None);
        skipped.skip_to(at(7));
        assert_eq!(skipped, list(7, Some((3, 7))));
        skipped.update(None, at(9));
        assert_eq!(skipped, list(9, Some((3, 7))));
        assert_eq!(ErasureList::parse(skipped.text().as_bytes()).unwrap(), skipped);
        for (other, rest) in [
            (list(2, None), Some((3, 7))),
            (list(5, None), Some((5, 7))),
            (list(7, None), None),
            (list(8, Some((1, 3))), None),
            (list(8, Some((1, 4))), Some((3, 4))),
            (list(12, Some((6, 11))), Some((6, 11))),
        ] {
            for (one, other) in [(&skipped, &other), (&other, &skipped)] {
                let mut merged = one.clone();
                assert!(merged.merge(other));
                let complete_until = one.complete_until.max(other.complete_until).as_micros();
                assert_eq!(merged, list(complete_until, rest), "{other:?}");
            }
        }
        skipped.skip_to(at(20));
        assert_eq!(skipped, list(20, Some((3, 20))));
    }
}
