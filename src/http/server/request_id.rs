//! The ids of requests.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::request_context::Client;
use crate::clock;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is accepted from a proxy.
const MAX_ID_BYTES: usize = 64;

/// Creates the ids of requests.
#[derive(Debug)]
pub(crate) struct RequestIds {
    /// Distinguishes the ids of this run from those of earlier runs.
    prefix: String,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        let prefix = format!("{:08x}", u32::from_ne_bytes(clock::random()));
        Self { prefix, count: AtomicU64::new(1) }
    }

    /// The id in the headers, if a trusted proxy forwarded the request; otherwise a new one.
    pub(super) fn id_of(&self, client: Client, headers: &HeaderMap) -> HeaderValue {
        let given = headers.get(REQUEST_ID).filter(|given| is_id(given.as_bytes()));
        match given.filter(|_| client.is_proxied) {
            Some(given) => given.clone(),
            None => self.next(),
        }
    }

    fn next(&self) -> HeaderValue {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = HeaderValue::try_from(format!("{}-{number}", self.prefix));
        // Hexadecimal digits, a hyphen and a number are always valid in a header.
        id.unwrap_or(HeaderValue::from_static(""))
    }
}

/// Whether an id can be written into any log without escaping.
fn is_id(given: &[u8]) -> bool {
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=MAX_ID_BYTES).contains(&given.len()) && given.iter().all(is_safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_chooses_an_id() {
        let ids = RequestIds::new();
        let client = |is_proxied| Client { address: [127, 0, 0, 1].into(), is_proxied };
        let longest = "x".repeat(MAX_ID_BYTES);
        let too_long = "x".repeat(MAX_ID_BYTES + 1);
        for (given, client, is_taken) in [
            ("trace-1_2.3", client(true), true),
            (&longest, client(true), true),
            (&too_long, client(true), false),
            ("a b", client(true), false),
            ("a\"b", client(true), false),
            ("", client(true), false),
            ("trace-1_2.3", client(false), false),
        ] {
            let headers = HeaderMap::from_iter([(REQUEST_ID, given.parse().unwrap())]);
            assert_eq!(ids.id_of(client, &headers) == given, is_taken, "{given}, {client:?}");
        }
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first, second);
        assert!(is_id(first.as_bytes()), "{first:?}");
    }
}
