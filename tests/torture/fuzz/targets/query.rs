//! Query parameters.

use std::cell::OnceCell;
use std::fmt::Write;

use axum::body::Body;
use axum::extract::Query;
use axum::http::{Request, Uri};
use goldstar::domain::{Page, Timestamp};
use goldstar::http::ErrorCode;
use serde_json::Value;

use super::family::{Answer, Server};

/// The addresses with parameters, the token for each, and the name of the list in the response.
const LISTS: [(&str, &str, &str); 5] = [
    ("/admin/tracking", "admin", EVENTS),
    ("/children/mia/tracking", "parent", EVENTS),
    ("/children", "parent", "children"),
    ("/tasks", "parent", "tasks"),
    ("/rewards", "parent", "rewards"),
];

/// The list that can be filtered.
const EVENTS: &str = "tracking_events";

/// A server, and all its events, oldest first.
struct Known {
    server: Server,
    events: Vec<Value>,
}

thread_local! {
    static KNOWN: OnceCell<Known> = const { OnceCell::new() };
}

/// Parameters lead to `INVALID_PARAMETER`, or to a page with as many entries as it says, at most
/// [`Page::MAX_LIMIT`]. A page of events must be the one that a simple filter over all events
/// gives.
pub(crate) fn query(bytes: &[u8]) {
    let query = encoded(bytes);
    KNOWN.with(|known| {
        let Known { server, events } = known.get_or_init(Known::load);
        for (path, token, list) in LISTS {
            let Ok(uri) = format!("{path}?{query}").parse::<Uri>() else { return };
            let answer = get(server, &uri, token);
            match answer.refusal() {
                Some(code) => assert_eq!(code, ErrorCode::InvalidParameter, "{uri}"),
                None if list == EVENTS => {
                    let of = (token == "parent").then_some(("parent", "mia"));
                    let (page, total) = expected(events, &uri, of);
                    assert_eq!(answer.body[list], Value::Array(page), "{uri}");
                    assert_eq!(answer.body["total"], total, "{uri}");
                }
                None => is_page(&answer, list),
            }
        }
    });
}

impl Known {
    fn load() -> Self {
        let server = Server::start();
        let all = get(&server, &"/admin/tracking?order=asc&limit=500".parse().unwrap(), "admin");
        let events = all.body[EVENTS].as_array().unwrap().clone();
        assert_eq!(all.body["total"], events.len());
        Self { server, events }
    }
}

fn get(server: &Server, uri: &Uri, token: &str) -> Answer {
    let request = Request::get(uri).header("Host", "localhost");
    let request = request.header("Authorization", format!("Bearer {token}"));
    server.send(request.body(Body::empty()).unwrap())
}

/// The bytes as a query: bytes that are not allowed there are percent-encoded.
fn encoded(bytes: &[u8]) -> String {
    let mut query = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"&=%+-._:".contains(byte) {
            query.push(char::from(*byte));
        } else {
            write!(query, "%{byte:02X}").unwrap();
        }
    }
    query
}

fn is_page(answer: &Answer, list: &str) {
    let count = answer.body[list].as_array().unwrap().len() as u64;
    let number = |name: &str| answer.body[name].as_u64().unwrap();
    let rest = number("total").saturating_sub(number("offset"));
    assert!(number("limit") <= Page::MAX_LIMIT as u64, "{answer:?}");
    assert_eq!(count, rest.min(number("limit")), "{answer:?}");
}

/// The requested page, and the number of events on all pages; with `of`, of a family's child.
fn expected(events: &[Value], uri: &Uri, of: Option<(&str, &str)>) -> (Vec<Value>, usize) {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).unwrap();
    let parameter = |name: &str| {
        let found = pairs.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    };
    let number =
        |name, default| parameter(name).map_or(default, |text| text.parse().unwrap_or(usize::MAX));
    let is_wanted = |event: &&Value| {
        let fields = ["child_id", "user_id", "entity_type", "entity_id", "action"];
        let is_equal = |field: &str| parameter(field).is_none_or(|wanted| event[field] == wanted);
        let occurred = Timestamp::parse_iso(event["occurred_at"].as_str().unwrap()).unwrap();
        of.is_none_or(|(user, child)| event["user_id"] == user && event["child_id"] == child)
            && fields.into_iter().all(is_equal)
            && parameter("from").is_none_or(|from| occurred >= first_moment(from))
            && parameter("to").is_none_or(|to| occurred < end(to))
    };
    let mut wanted: Vec<Value> = events.iter().filter(is_wanted).cloned().collect();
    if parameter("order") != Some("asc") {
        wanted.reverse();
    }
    let total = wanted.len();
    let limit = number("limit", 50).min(Page::MAX_LIMIT);
    (wanted.into_iter().skip(number("offset", 0)).take(limit).collect(), total)
}

fn first_moment(text: &str) -> Timestamp {
    Timestamp::parse_date(text).or_else(|| Timestamp::parse_iso(text)).unwrap()
}

fn end(text: &str) -> Timestamp {
    let next_day = |day: Timestamp| Timestamp::from_micros(day.as_micros() + Timestamp::DAY_MICROS);
    let day = Timestamp::parse_date(text).map(next_day);
    day.or_else(|| Timestamp::parse_iso(text)).unwrap()
}
