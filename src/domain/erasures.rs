//! The accounts that were deleted, so that a restored backup does not bring them back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

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
    /// Every deletion that started before this time is in the list.
    pub complete_until: Timestamp,
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
        Self { key: hex(&key), complete_until: now, erased: BTreeMap::new() }
    }

    /// Adds an account. It keeps its first time.
    pub fn add(&mut self, user_id: &UserId, now: Timestamp) {
        self.erased.entry(self.hash(user_id.as_str())).or_insert(now);
    }

    /// Whether an account is in the list.
    /// Adds an account if one is given. The list is then complete until `now`.
    pub fn update(&mut self, erased: Option<&UserId>, now: Timestamp) {
        if let Some(user_id) = erased {
            self.add(user_id, now);
        }
        self.complete_until = self.complete_until.max(now);
    }

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
        self.complete_until = self.complete_until.max(other.complete_until);
        for (account, erased_at) in &other.erased {
            self.erased.entry(account.clone()).or_insert(*erased_at);
        }
        true
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
            erased: erased.collect::<Result<_, String>>()?,
        })
    }

    /// The text of a file.
    pub fn text(&self) -> String {
        let header =
            Header { key: self.key.clone(), complete_until: self.complete_until.to_string() };
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
}
