//! A log line as plain text.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::clock::Clock;

/// Writes `2026-02-09T18:42:15.123456Z  INFO span{name=value}: target: message name=value`, just as
/// tracing-subscriber does without colours, in a third of its time: there is a line for each request.
pub(super) struct PlainLine {
    /// Tells each line's time.
    pub(super) clock: Clock,
}

impl<S, N> FormatEvent<S, N> for PlainLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        write!(writer, "{}", self.clock.now())?;
        writer.write_str(padded(*metadata.level()))?;
        let mut behind_spans = "";
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            writer.write_str(span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && !fields.is_empty()
            {
                writer.write_char('{')?;
                writer.write_str(fields)?;
                writer.write_char('}')?;
            }
            writer.write_char(':')?;
            behind_spans = " ";
        }
        writer.write_str(behind_spans)?;
        writer.write_str(metadata.target())?;
        writer.write_str(": ")?;
        context.format_fields(writer.by_ref(), event)?;
        writer.write_char('\n')
    }
}

fn padded(level: Level) -> &'static str {
    match level {
        Level::ERROR => " ERROR ",
        Level::WARN => "  WARN ",
        Level::INFO => "  INFO ",
        Level::DEBUG => " DEBUG ",
        Level::TRACE => " TRACE ",
    }
}

/// Writes `message name=value name=value`.
pub(super) struct PlainFields;

impl<'w> FormatFields<'w> for PlainFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut plain = Plain { writer, is_empty: true, written: Ok(()) };
        fields.record(&mut plain);
        plain.written
    }
}

struct Plain<'w> {
    writer: Writer<'w>,
    is_empty: bool,
    written: fmt::Result,
}

impl Plain<'_> {
    fn write(&mut self, field: &Field, value: &dyn Debug) -> fmt::Result {
        if !self.is_empty {
            self.writer.write_char(' ')?;
        }
        self.is_empty = false;
        let name = field.name();
        if name == "message" {
            return write!(Harmless(&mut self.writer), "{value:?}");
        }
        self.writer.write_str(name.strip_prefix("r#").unwrap_or(name))?;
        self.writer.write_char('=')?;
        write!(self.writer, "{value:?}")
    }
}

impl Visit for Plain<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.written.is_ok() {
            self.written = self.write(field, value);
        }
    }
}

/// Takes from a text what could give orders to the terminal that shows it.
struct Harmless<'a, 'w>(&'a mut Writer<'w>);

impl Write for Harmless<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, order)) = rest.char_indices().find(|(_, c)| gives_orders(*c)) {
            self.0.write_str(&rest[..at])?;
            match order {
                '\0'..='\x7f' => write!(self.0, "\\x{:02x}", u32::from(order))?,
                _ => write!(self.0, "\\u{{{:x}}}", u32::from(order))?,
            }
            rest = &rest[at + order.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// Escape, bell, backspace, form feed, delete, and the control characters of eight bits.
fn gives_orders(c: char) -> bool {
    matches!(c, '\x1b' | '\x07' | '\x08' | '\x0c' | '\x7f'..='\u{9f}')
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;

    use parking_lot::Mutex;
    use tracing_subscriber::fmt::{MakeWriter, fmt};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().clone()).unwrap()
        }
    }

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn say_something() {
        let outer = tracing::error_span!("request", id = %"7f-1", part = 2);
        let _entered = outer.enter();
        let error = io::Error::other("a\u{1b}[31mred\u{9b}error\u{7f}");
        tracing::error!(%error, status = 500, took = 1.25, r#type = "a\"b", none = ?None::<u8>, "broke");
        let inner = tracing::error_span!("inner");
        let _entered = inner.enter();
        tracing::warn!("{error}\u{8}, and more");
        tracing::info!(message = "of\u{7}its own", flag = true);
        tracing::debug!(only = "fields");
    }

    #[test]
    fn a_line_is_written_as_by_the_library() {
        let (plain, library) = (Lines::default(), Lines::default());
        let clock = Clock::manual(Arc::new(AtomicI64::new(1_770_662_535_000_000)));
        let log = || fmt().with_max_level(Level::DEBUG).with_ansi(false);
        let by_library = log().without_time().with_writer(library.clone()).finish();
        let log = log().event_format(PlainLine { clock }).fmt_fields(PlainFields);
        tracing::subscriber::with_default(by_library, say_something);
        tracing::subscriber::with_default(log.with_writer(plain.clone()).finish(), say_something);
        let expected = library.text();
        let expected: Vec<_> =
            expected.lines().map(|line| format!("2026-02-09T18:42:15.000000Z {line}")).collect();
        assert_eq!(plain.text().lines().collect::<Vec<_>>(), expected);
        assert_eq!(expected.len(), 4);
        assert!(plain.text().contains(r"a\x1b[31mred\u{9b}error\x7f\x08, and more"));
    }
}
