//! Calendars in the format of RFC 5545.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::calendar::Day;
use crate::domain::schedule::{Occurrence, OccurrenceState};
use crate::http::response::files::digest;
use crate::service::FeedEvent;

/// The most bytes of a line, without its end.
const LINE: usize = 75;
/// How long before the time at which a task is due its event starts. An event without a length is hard to see on a phone.
const BEFORE_DUE: Duration = Duration::from_mins(30);

/// A calendar of the events, as it is at a moment. It contains nothing of the child but its tasks.
pub(crate) fn calendar(events: &[FeedEvent], at: Timestamp) -> String {
    let mut lines = Lines(String::new());
    lines.push("BEGIN:VCALENDAR");
    lines.push("VERSION:2.0");
    lines.push("PRODID:-//Goldstar//Schedule//EN");
    lines.push("CALSCALE:GREGORIAN");
    lines.push("X-WR-CALNAME:Goldstar");
    lines.push("REFRESH-INTERVAL;VALUE=DURATION:PT1H");
    lines.push("X-PUBLISHED-TTL:PT1H");
    for event in events {
        lines.push_event(event, at);
    }
    lines.push("END:VCALENDAR");
    lines.0
}

struct Lines(String);

impl Lines {
    fn push_event(&mut self, event: &FeedEvent, at: Timestamp) {
        let FeedEvent { task, occurrence, state, due_at } = event;
        self.push("BEGIN:VEVENT");
        self.push(&format!("UID:{}@goldstar", uid(occurrence)));
        self.push(&format!("DTSTAMP:{}", utc(at)));
        if let Some(due_at) = *due_at {
            let start = due_at.before(BEFORE_DUE).max(occurrence.starts_at).min(due_at);
            self.push(&format!("DTSTART:{}", utc(start)));
            // An end must be later than the start.
            if start < due_at {
                self.push(&format!("DTEND:{}", utc(due_at)));
            }
        } else {
            self.push(&format!("DTSTART;VALUE=DATE:{}", date(occurrence.day)));
            self.push(&format!("DTEND;VALUE=DATE:{}", date(occurrence.day.next())));
        }
        let mark = if *state == OccurrenceState::Done { "✓ " } else { "" };
        self.push(&format!("SUMMARY:{mark}{}", escaped(task.name.as_str())));
        self.push(&format!("CATEGORIES:{}", state.as_str()));
        self.push("TRANSP:TRANSPARENT");
        self.push("END:VEVENT");
    }

    /// Appends a line, folded between characters.
    fn push(&mut self, line: &str) {
        let (mut rest, mut room) = (line, LINE);
        while rest.len() > room {
            let (first, second) = rest.split_at(rest.floor_char_boundary(room));
            self.0.push_str(first);
            self.0.push_str("\r\n ");
            // The space counts.
            (rest, room) = (second, LINE - 1);
        }
        self.0.push_str(rest);
        self.0.push_str("\r\n");
    }
}

/// The same for an occurrence in every calendar, whatever happens to it.
fn uid(occurrence: &Occurrence) -> String {
    let Occurrence { task_id, child_id, day, .. } = occurrence;
    // The length keeps any ids distinct.
    digest(format!("{}:{task_id}/{child_id}/{day}", task_id.as_str().len()).as_bytes())
}

/// `20260209T174500Z`
fn utc(moment: Timestamp) -> String {
    let mut text = moment.to_string();
    text.truncate("2026-02-09T17:45:00".len());
    text.retain(|c| !matches!(c, '-' | ':'));
    text + "Z"
}

/// `20260209`
fn date(day: Day) -> String {
    day.to_string().replace('-', "")
}

/// A text as a value. Control characters are not allowed in it, and names of older files may have some.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            _ if c.is_control() => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        for (text, value) in [
            ("Make the bed", "Make the bed"),
            ("Dishes, cups; pots", r"Dishes\, cups\; pots"),
            (r"a\b", r"a\\b"),
            ("one\r\ntwo\u{7}", r"one\ntwo"),
            ("🧹 Zähne", "🧹 Zähne"),
        ] {
            assert_eq!(escaped(text), value);
        }
    }

    #[test]
    fn long_lines_are_folded_between_characters() {
        for unit in ["a", "ä", "€", "🧹", "a🧹"] {
            for count in [1, 18, 19, 37, 75, 76, 149, 150, 400] {
                let line = unit.repeat(count);
                let mut lines = Lines(String::new());
                lines.push(&line);
                let text = lines.0.strip_suffix("\r\n").unwrap();
                assert!(text.split("\r\n").all(|part| part.len() <= LINE), "{line}");
                assert_eq!(text.replace("\r\n ", ""), line);
                let parts = text.split("\r\n").count();
                assert!(parts <= 1 + line.len() / (LINE - 4), "{parts} parts of {line}");
            }
        }
    }

    #[test]
    fn moments_have_the_basic_form() {
        let moment = Timestamp::parse_iso("2026-02-09T17:45:00.123456Z").unwrap();
        assert_eq!(utc(moment), "20260209T174500Z");
        assert_eq!(date(Day::parse("2026-02-09").unwrap()), "20260209");
    }
}
