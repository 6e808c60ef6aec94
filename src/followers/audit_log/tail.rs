//! Reads the end of a log backwards and finds damage.

use std::io;
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::line;
use crate::disk::{DiskFile, read_exact_at};
use crate::domain::Timestamp;

const CHUNK: u64 = 64 << 10;

/// The state of a log's end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The length of the file in bytes.
    pub(super) len: u64,
    /// The length of the part that consists of whole lines.
    pub(super) good_len: u64,
    /// The length of the part that is known to be durable.
    pub(super) durable_len: u64,
    /// The event id of the last whole line of an event, as it is in the file.
    pub(super) last_event: Option<String>,
}

/// Reads a log backwards until a line that is older than `oldest`.
///
/// After a crash, the last line may be incomplete. After a power failure, unsynced bytes may be
/// zeros, with later lines after them. The whole lines therefore end before the first line that
/// contains a zero. Lines older than `oldest` must be synced: no damage is searched for there.
pub(super) fn read(file: &dyn DiskFile, oldest: Timestamp) -> io::Result<Tail> {
    let len = file.len()?;
    let mut tail = Tail { len, good_len: len, durable_len: 0, last_event: None };
    let mut lines = LinesBack { file, start: len, buffer: Vec::new() };
    while let Some((offset, line)) = lines.next()? {
        if line.last() != Some(&b'\n') || memchr(0, &line).is_some() {
            tail.good_len = offset;
            tail.last_event = None;
            continue;
        }
        if let Some(head) = line::head(&line) {
            if tail.last_event.is_none() {
                tail.last_event = Some(head.event_id.to_owned());
            }
            if head.time < oldest {
                tail.durable_len = offset + line.len() as u64;
                break;
            }
        }
    }
    Ok(tail)
}

/// Returns the number of bytes of a log before its first line of a later event. After that line, all events must be later.
/// Only the first `len` bytes are read. This is a binary search, because a call of `is_later` may take as long as
/// reading many lines.
pub(super) fn len_before(
    file: &dyn DiskFile,
    len: u64,
    is_later: &dyn Fn(&str) -> io::Result<bool>,
) -> io::Result<u64> {
    // Events whose lines start before `low` are not later. Those whose lines start at `high` or after it are later, and the
    // first of these lines starts at `before`.
    let (mut low, mut high, mut before) = (0, len, len);
    while low < high {
        let middle = low + (high - low) / 2;
        match event_line(file, middle..high, len)? {
            Some(line) if !is_later(&line.event_id)? => low = line.end,
            Some(line) => (high, before) = (middle, line.start),
            None => high = middle,
        }
    }
    Ok(before)
}

/// The line of an event in a log.
struct EventLine {
    start: u64,
    end: u64,
    event_id: String,
}

/// Returns the first line of an event that starts within `part`, in a log of `len` bytes.
fn event_line(file: &dyn DiskFile, part: Range<u64>, len: u64) -> io::Result<Option<EventLine>> {
    // The byte before the part shows whether a line starts with the part.
    let first = part.start.saturating_sub(1);
    let mut most = 1_024;
    loop {
        let stop = len.min(first + most);
        let mut bytes = vec![0; usize::try_from(stop - first).unwrap_or(usize::MAX)];
        read_exact_at(file, &mut bytes, first)?;
        let skipped =
            if part.start == 0 { Some(0) } else { memchr(b'\n', &bytes).map(|at| at + 1) };
        let mut start = skipped.unwrap_or(bytes.len());
        while start < bytes.len() {
            if first + start as u64 >= part.end {
                return Ok(None);
            }
            let newline = memchr(b'\n', &bytes[start..]);
            let line_end = newline.map_or(bytes.len(), |at| start + at + 1);
            if newline.is_none() && stop < len {
                break;
            }
            if let Some(head) = line::head(&bytes[start..line_end]) {
                let (start, end) = (first + start as u64, first + line_end as u64);
                return Ok(Some(EventLine { start, end, event_id: head.event_id.to_owned() }));
            }
            start = line_end;
        }
        if stop == len {
            return Ok(None);
        }
        most *= 2;
    }
}

struct LinesBack<'a> {
    file: &'a dyn DiskFile,
    /// The position of the buffer in the file.
    start: u64,
    /// The bytes that were read and not returned yet.
    buffer: Vec<u8>,
}

impl LinesBack<'_> {
    /// The previous line, with its newline, and its position.
    fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            // The last byte is the newline of the line itself, or there is no newline.
            let before = self.buffer.len().saturating_sub(1);
            if let Some(at) = memrchr(b'\n', &self.buffer[..before]) {
                let line = self.buffer.split_off(at + 1);
                return Ok(Some((self.start + at as u64 + 1, line)));
            }
            if self.start == 0 {
                let line = std::mem::take(&mut self.buffer);
                return Ok((!line.is_empty()).then_some((0, line)));
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        // The buffer doubles each time, so the time for a line is linear in its length.
        let more = self.start.min(CHUNK.max(self.buffer.len() as u64));
        let more_bytes = usize::try_from(more).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut buffer = vec![0; more_bytes];
        read_exact_at(self.file, &mut buffer, self.start - more)?;
        buffer.append(&mut self.buffer);
        self.start -= more;
        self.buffer = buffer;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::{event_with, rendered};
    use super::*;
    use crate::disk::{Disk, Open, RealDisk};

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn line(second: i64) -> Vec<u8> {
        let event = event_with(|fields| {
            fields.id = format!("e{second}").into();
            fields.created_at = moment(second);
            fields.occurred_at = moment(second);
        });
        rendered(&event).into_bytes()
    }

    fn read_bytes(bytes: &[u8], oldest: i64) -> (u64, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, bytes).unwrap();
        let file = RealDisk.open(Path::new(&path), Open::Read).unwrap();
        let tail = read(&*file, moment(oldest)).unwrap();
        assert_eq!(tail.len, bytes.len() as u64);
        (tail.good_len, tail.last_event)
    }

    #[test]
    fn an_incomplete_line_does_not_count() {
        let first = line(1);
        let whole = first.len() as u64;
        assert_eq!(read_bytes(b"", 0), (0, None));
        let torn = &line(2)[..20];
        let bytes = [first.as_slice(), torn].concat();
        assert_eq!(read_bytes(&bytes, 0), (whole, Some("e1".to_owned())));
        assert_eq!(read_bytes(torn, 0), (0, None));
    }

    #[test]
    fn lines_after_zeros_do_not_count() {
        let first = line(1);
        let whole = first.len() as u64;
        let zeros = vec![0; 200_000];
        let bytes = [&first, &line(2)[..9], &zeros, &line(3)[9..], &line(4)].concat();
        assert_eq!(read_bytes(&bytes, 2), (whole, Some("e1".to_owned())));
        let bytes = [&first[..], &zeros].concat();
        assert_eq!(read_bytes(&bytes, 2), (whole, Some("e1".to_owned())));
    }

    #[test]
    fn lines_of_another_form_stay() {
        let note = "a note\n".repeat(30_000);
        let bytes = [&line(1), note.as_bytes()].concat();
        let expected = (bytes.len() as u64, Some("e1".to_owned()));
        assert_eq!(read_bytes(&bytes, 2), expected);
    }

    /// Tests every position at which the later lines can begin.
    #[test]
    fn the_part_before_later_lines_is_found_with_few_look_ups() {
        const LINES: i64 = 300;
        let note = [b"a note\n".repeat(700), vec![b'x'; 5_000], b"\n".to_vec()].concat();
        let mut bytes = note.clone();
        let mut starts = Vec::new();
        for second in 0..LINES {
            starts.push(bytes.len() as u64);
            bytes.extend(line(second));
            if second % 50 == 0 {
                bytes.extend(&note);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, &bytes).unwrap();
        let file = RealDisk.open(Path::new(&path), Open::Read).unwrap();
        let end = bytes.len() as u64;
        for first in 0..=LINES {
            let calls = std::cell::Cell::new(0);
            let is_later = |id: &str| {
                calls.set(calls.get() + 1);
                Ok(id[1..].parse::<i64>().unwrap() >= first)
            };
            let expected = starts.get(usize::try_from(first).unwrap()).copied().unwrap_or(end);
            assert_eq!(len_before(&*file, end, &is_later).unwrap(), expected, "{first}");
            assert!(calls.get() < 40, "{}", calls.get());
        }
        let never = |_: &str| -> io::Result<bool> { unreachable!() };
        assert_eq!(len_before(&*file, 0, &never).unwrap(), 0);
    }

    #[test]
    fn a_line_longer_than_any_chunk_is_one_line() {
        let long = vec![b'x'; 3 * 65_536 + 7];
        let bytes = [&line(1), &long[..], b"\n", &line(2)].concat();
        let expected = (bytes.len() as u64, Some("e2".to_owned()));
        assert_eq!(read_bytes(&bytes, 0), expected);
    }
}
