//! A log line's fields as plain text.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Writes `message name=value name=value`, just as tracing-subscriber does without colours, in a
/// third of its time: there is a line for each request.
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

    use parking_lot::Mutex;
    use tracing_subscriber::fmt::format::DefaultFields;
    use tracing_subscriber::fmt::{MakeWriter, fmt};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

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

    /// What is written of some lines.
    fn written<F>(fields: F) -> String
    where
        F: for<'w> FormatFields<'w> + Send + Sync + 'static,
    {
        let lines = Lines::default();
        let log = fmt().without_time().with_ansi(false).fmt_fields(fields);
        tracing::subscriber::with_default(log.with_writer(lines.clone()).finish(), || {
            let span = tracing::error_span!("request", id = %"7f-1", part = 2);
            let _entered = span.enter();
            let error = io::Error::other("a\u{1b}[31mred\u{9b}error\u{7f}");
            tracing::warn!(%error, status = 500, took = 1.25, r#type = "a\"b", none = ?None::<u8>, "broke");
            tracing::info!("{error}\u{8}, and more");
            tracing::info!(message = "of\u{7}its own", flag = true);
            tracing::info!(only = "fields");
        });
        let bytes = lines.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn they_are_written_as_by_the_library() {
        let plain = written(PlainFields);
        assert_eq!(plain, written(DefaultFields::new()));
        assert_eq!(plain.lines().count(), 4, "{plain}");
        assert!(plain.contains(r"broke error=a"), "{plain}");
        assert!(plain.contains(r"a\x1b[31mred\u{9b}error\x7f\x08, and more"), "{plain}");
    }
}
