//! The row of an event, which is also its form in responses.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::store::json::tinydb::fields::{Fields, Unreadable};
use crate::store::json::tinydb::pyjson;

use super::patch;
use super::row::{Personal, personal_spans};
use crate::domain::{Action, EntityType, EventError, EventFields, Id, Points, TrackingEvent};

/// The row of an event: a JSON object, and its personal parts.
pub(crate) fn encode(event: &TrackingEvent) -> (String, Personal) {
    let mut out = String::with_capacity(640);
    let text = |out: &mut String, name: &str, value: Option<&str>| {
        out.push_str(if out.is_empty() { "{\"" } else { ", \"" });
        out.push_str(name);
        out.push_str("\": ");
        let start = out.len();
        match value {
            Some(value) => pyjson::push_string(out, value),
            None => out.push_str("null"),
        }
        start..out.len()
    };
    text(&mut out, "id", Some(event.id.as_str()));
    let user_id_at = text(&mut out, "user_id", event.user_id.as_ref().map(Id::as_str));
    text(&mut out, "child_id", Some(event.child_id.as_str()));
    text(&mut out, "entity_type", Some(event.entity_type.as_str()));
    text(&mut out, "entity_id", Some(&event.entity_id));
    text(&mut out, "action", Some(event.action.as_str()));
    // Writing to a `String` can't fail.
    write!(
        out,
        ", \"points_before\": {}, \"points_after\": {}, \"delta\": {}, \
         \"occurred_at\": \"{}\", \"created_at\": \"{}\", \"metadata\": ",
        event.points_before, event.points_after, event.delta, event.occurred_at, event.created_at,
    )
    .unwrap_or_default();
    match &event.metadata {
        Some(metadata) => pyjson::push_object(&mut out, metadata),
        None => out.push_str("null"),
    }
    out.push('}');
    let has_note = event.metadata.as_ref().is_some_and(|metadata| metadata.contains_key("note"));
    if has_note || event.user_id.as_ref().is_some_and(|id| id.as_str().len() < 2) {
        // Space for `null`, for a later anonymisation.
        let text = patch::with_room(&out);
        let personal = personal_spans(&text);
        return (text, personal);
    }
    // Without a note, an empty part follows the opening brace.
    (out, [1..1, user_id_at])
}

/// The event that a row reverses, by its action, and by its metadata as JSON text.
pub(crate) fn reverses(action: &str, metadata: &str) -> Option<Arc<str>> {
    // Few events are reversals, so that nearly all metadata need not be parsed.
    if action != Action::Cancelled.as_str() || !metadata.contains("reverses") {
        return None;
    }
    Fields::parse(metadata).ok()?.optional_text("reverses")
}

/// Reads a row as an event; fails if it is not a valid event.
pub(crate) fn decode(row: &str) -> Result<TrackingEvent, String> {
    let fields = Fields::parse(row).map_err(|fault| fault.to_string())?;
    let event = fields_of(&fields).map_err(|unreadable| unreadable.to_string())?;
    TrackingEvent::new(event).map_err(|error: EventError| error.to_string())
}

fn fields_of(fields: &Fields<'_>) -> Result<EventFields, Unreadable> {
    let unknown = |field| Unreadable { field, expected: "one of the known words" };
    let points = |field| {
        Points::new(fields.integer(field)?)
            .ok_or(Unreadable { field, expected: "within the limit" })
    };
    let metadata = match fields.raw("metadata").unwrap_or("null") {
        "null" => None,
        raw => Some(
            serde_json::from_str(&pyjson::strict(raw))
                .map_err(|_| Unreadable { field: "metadata", expected: "an object" })?,
        ),
    };
    Ok(EventFields {
        id: fields.id("id")?,
        user_id: fields.optional_id("user_id")?,
        child_id: fields.id("child_id")?,
        entity_type: EntityType::parse(&fields.text("entity_type")?)
            .ok_or(unknown("entity_type"))?,
        entity_id: fields.text("entity_id")?.into_owned(),
        action: Action::parse(&fields.text("action")?).ok_or(unknown("action"))?,
        points_before: points("points_before")?,
        points_after: points("points_after")?,
        delta: fields.integer("delta")?,
        occurred_at: fields.moment("occurred_at")?,
        created_at: fields.moment("created_at")?,
        metadata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"id": "e", "user_id": null, "child_id": "c", "entity_type": "penalty", "entity_id": "t", "action": "activated", "points_before": 5, "points_after": 0, "delta": -5, "occurred_at": "2026-02-09T18:42:15.123456Z", "created_at": "2026-02-09T18:42:15.123456Z", "metadata": {"name": "M\u00eda \ud83d\udc15", "points": 8, "list": [1, {"a": true}], "requested_delta": -8}}"#;

    #[test]
    fn an_event_is_its_row() {
        assert_eq!(encode(&decode(ROW).unwrap()).0, ROW);
    }

    #[test]
    fn the_personal_parts_are_known() {
        for note in ["\"n\" ", "\"\\u00e9\"", "null"] {
            let row = ROW.replacen(
                "\"list\"",
                &format!("\"actor\": \"child\", \"note\": {note}, \"list\""),
                1,
            );
            let (text, personal) = encode(&decode(&row).unwrap());
            assert_eq!((&*text, &personal), (&*row, &personal_spans(&row)));
            assert_eq!(&text[personal[1].clone()], note);
        }
        for user_id in ["null", "\"\"", "\"u\"", "\"uv\"", "\"\\u00e9\\\"\""] {
            let row = ROW.replacen("null", user_id, 1);
            let (text, personal) = encode(&decode(&row).unwrap());
            assert_eq!(personal, personal_spans(&text), "{text}");
        }
    }

    #[test]
    fn an_invalid_event_has_a_reason() {
        for (from, to, why) in [
            ("\"id\": \"e\"", "\"id\": 5", "`id`"),
            ("\"child_id\": \"c\", ", "", "`child_id`"),
            ("penalty", "chore", "`entity_type`"),
            ("activated", "done", "`action`"),
            ("-5", "-4", "delta"),
            ("5, ", "5.5, ", "`points_before`"),
            ("\"2026-02-09T18:42:15.123456Z\"", "\"soon\"", "`occurred_at`"),
        ] {
            let error = decode(&ROW.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
