//! Frames of `text/event-stream`. Source: the HTML standard, 9.2, "Server-sent events".

use bytes::Bytes;

/// The first frame of a stream, which is not an event. It tells the client to wait two seconds before it
/// reconnects, and the id of the last event before the stream. A client whose stream breaks before
/// the first event sends that id when it reconnects, and misses nothing.
pub fn beginning(after: &str) -> Bytes {
    format!("retry: 2000\nid: {after}\n\n").into()
}

/// A comment, which clients ignore: it keeps proxies from closing an idle stream.
pub const HEARTBEAT: Bytes = Bytes::from_static(b": heartbeat\n\n");

/// The name of the frames of tracking events.
const EVENT_NAME: &str = "tracking_event_created";

/// One event: `data` is a JSON text. The first frame has an `event:` line; the second one, which is
/// the rest of the first, reaches a browser's `onmessage`.
pub fn event(id: &str, data: &str) -> (Bytes, Bytes) {
    render(EVENT_NAME, id, data)
}

/// A message, which has no id: a reconnect does not receive it again.
pub fn message(name: &str, data: &str) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

/// Requests the client to load everything again, because missed events cannot be replayed. `last` is
/// the id to resume from: with it, a reconnect needs no second `resync`.
pub fn resync(last: &str, named: bool) -> Bytes {
    let (with_name, without) = render("resync", last, r#"{"type":"resync"}"#);
    if named { with_name } else { without }
}

/// Returns a frame with an `event:` line, and the rest of it, which is the frame without one.
fn render(name: &str, id: &str, data: &str) -> (Bytes, Bytes) {
    let mut frame = String::with_capacity(data.len() + 64);
    frame.extend(["event: ", name, "\n"]);
    let unnamed = frame.len();
    frame.extend(["id: ", id, "\n"]);
    // JSON contains a raw line break only as white space between tokens, where it may be split.
    for line in data.split(['\n', '\r']) {
        frame.extend(["data: ", line, "\n"]);
    }
    frame.push('\n');
    let named = Bytes::from(frame);
    let unnamed = named.slice(unnamed..);
    (named, unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_named_or_not() {
        let (named, unnamed) = event("7", r#"{"a":1}"#);
        assert_eq!(named, "event: tracking_event_created\nid: 7\ndata: {\"a\":1}\n\n");
        assert_eq!(unnamed, "id: 7\ndata: {\"a\":1}\n\n");
    }

    #[test]
    fn a_message_has_a_name_and_no_id() {
        let frame = message("request_ended", r#"{"a":1}"#);
        assert_eq!(frame, "event: request_ended\ndata: {\"a\":1}\n\n");
    }

    #[test]
    fn a_line_break_does_not_end_a_frame() {
        let (_, frame) = event("7", "{\n\r\n}");
        assert_eq!(frame, "id: 7\ndata: {\ndata: \ndata: \ndata: }\n\n");
    }

    #[test]
    fn a_resync_moves_the_client_to_an_event_that_exists() {
        assert_eq!(resync("3", true), "event: resync\nid: 3\ndata: {\"type\":\"resync\"}\n\n");
        assert_eq!(resync("3", false), "id: 3\ndata: {\"type\":\"resync\"}\n\n");
    }
}
