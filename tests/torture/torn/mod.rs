//! Each file of a killed store's directory is cut at every byte, and every bit of it is flipped,
//! within its last three records; each time, a new copy is opened.
//!
//! The possible results of an interrupted write are repaired: a journal that ends within a batch,
//! and a tracking file that lacks rows of the journal. All other damage is reported with the file
//! and the byte, or has no effect. A round covers every eighth cut and one bit of each byte; eight
//! rounds cover all.

mod image;

use std::ops::{Range, RangeInclusive};
use std::path::Path;

use crate::budget::{Rounds, Run};
use image::{
    CHILDREN, Contents, EVENTS, Image, Killed, LAST, MESSAGES, Outcome, Outcomes, check_store, each,
};

const ROUNDS: Rounds = Rounds { short: 1, long: EIGHT };
const EIGHT: usize = 8;
const CHECKPOINT: &str = "journal/checkpoint.json";
const INDEX: &str = "journal/history.index";

/// The directories that are damaged.
struct Bases {
    /// Killed after three events.
    killed: Killed,
    /// Killed after two events and a change of only a record.
    renamed: Killed,
    /// Killed with a journal without events, and the contents of the store.
    synced: (Image, Contents),
    stopped: Image,
}

/// One of the eight parts of all cuts and flips, and its outcomes.
struct Part {
    number: usize,
    cuts: Outcomes,
    flips: Outcomes,
}

#[tokio::test]
async fn damaged_files_are_reported_or_lose_nothing() {
    let mut run = Run::of("torn", &ROUNDS);
    let killed = Killed::after_commits(true).await;
    let renamed = Killed::after_commits(false).await;
    let stopped = killed.image.stopped().await;
    let bases = Bases { synced: stopped.renamed().await, killed, renamed, stopped };
    let mut part = None;
    while let Some(mut random) = run.next() {
        let part = part.get_or_insert_with(|| Part {
            number: random.below(EIGHT),
            cuts: Outcomes::new(),
            flips: Outcomes::new(),
        });
        part.cut_journal(&bases);
        part.flip_journal(&bases);
        part.damage_rows_in_the_journal(&bases.killed);
        part.damage_rows_under_the_checkpoint(&bases.synced);
        part.damage_small_files(&bases);
        part.damage_index(&bases);
        part.cut_both(&bases.killed);
        part.number = (part.number + 1) % EIGHT;
    }
    let Part { cuts, flips, .. } = part.unwrap();
    run.report(&format!("{}; {}", row("cuts", &cuts), row("flipped bits", &flips)));
}

fn row(what: &str, outcomes: &Outcomes) -> String {
    let of = |outcome| outcomes.get(&outcome).copied().unwrap_or(0);
    let all: usize = outcomes.values().sum();
    let (refused, opened) = (of(Outcome::Refused), of(Outcome::Opened));
    let changed = of(Outcome::Changed);
    format!(
        "{all} {what}: {refused} refused, {opened} opened with all that was there, {changed} with \
         another account or note in an event"
    )
}

fn count(sum: &mut Outcomes, outcomes: Outcomes) {
    for (outcome, count) in outcomes {
        *sum.entry(outcome).or_insert(0) += count;
    }
}

impl Part {
    fn cut(
        &mut self,
        places: RangeInclusive<usize>,
        check: impl Fn(&Path, usize) -> Outcome + Sync,
    ) {
        let number = self.number;
        count(&mut self.cuts, each(places.filter(|place| place % EIGHT == number), check));
    }

    fn flip(&mut self, bytes: Range<usize>, check: impl Fn(&Path, usize) -> Outcome + Sync) {
        let number = self.number;
        // A different bit in each byte.
        let bits = bytes.map(|byte| byte * 8 + (byte + number) % 8);
        count(&mut self.flips, each(bits, check));
    }

    /// The complete batches count, unless the tracking file shows that there were more.
    fn cut_journal(&mut self, bases: &Bases) {
        for Killed { image, unwritten, contents } in [&bases.killed, &bases.renamed] {
            for (image, cut) in [image, unwritten].into_iter().flat_map(both_ways) {
                let (frames, journal, rows) = (image.last_frames(), image.journal(), rows(image));
                self.cut(span(&frames).start..=span(&frames).end, |folder, len| {
                    let cut = cut(image, journal, len);
                    let whole = frames.iter().filter(|frame| frame.end <= len).count();
                    let expected = &contents[whole];
                    if rows <= expected.events() {
                        return check_store(&cut.open(folder).unwrap(), expected);
                    }
                    let torn = frames.iter().find(|frame| frame.start < len && len < frame.end);
                    let (file, byte) = cut.refused(folder).unwrap();
                    match torn {
                        Some(torn) => assert_eq!((&*file, byte), (journal, torn.start as u64)),
                        // The journal could be complete, and the row could be another program's.
                        None => assert_eq!(file, Path::new(EVENTS)),
                    }
                    Outcome::Refused
                });
            }
        }
        // The first frame was synced before the file got its name.
        let Killed { unwritten, .. } = &bases.killed;
        let journal = unwritten.journal();
        self.cut(0..=unwritten.frames()[0].end - 1, |folder, len| {
            assert_eq!(unwritten.cut(journal, len).refused(folder), Some((journal.to_owned(), 0)));
            Outcome::Refused
        });
    }

    /// The last batch may have been confirmed, and it is complete: a flipped bit in it is not an
    /// interrupted write.
    fn flip_journal(&mut self, bases: &Bases) {
        for image in [&bases.killed.image, &bases.killed.unwritten, &bases.renamed.image] {
            let (frames, journal) = (image.last_frames(), image.journal());
            self.flip(span(&frames), |folder, bit| {
                let frame = frames.iter().find(|frame| frame.contains(&(bit / 8))).unwrap();
                let refused = image.flipped(journal, bit).refused(folder);
                assert_eq!(refused, Some((journal.to_owned(), frame.start as u64)), "bit {bit}");
                Outcome::Refused
            });
        }
    }

    /// Rows that the journal contains are written again, unless they look like another program's.
    fn damage_rows_in_the_journal(&mut self, killed: &Killed) {
        let Killed { image, contents, .. } = killed;
        let rows = span(&image.last_rows());
        self.cut(rows.start..=image.bytes(EVENTS).len(), |folder, len| {
            check_store(&image.cut(EVENTS, len).open(folder).unwrap(), &contents[LAST])
        });
        self.flip(rows.clone(), |folder, bit| {
            let flipped = image.flipped(EVENTS, bit);
            let Some((file, byte)) = flipped.refused(folder) else {
                return check_store(&flipped.open(folder).unwrap(), &contents[LAST]);
            };
            // The start of the rows after the checkpoint.
            assert!(file == Path::new(EVENTS) && byte <= rows.start as u64, "bit {bit}");
            Outcome::Refused
        });
    }

    /// Changed rows before the checkpoint are damage. The account and the note of an event are not part
    /// of the checkpoint's checksum, because anonymising removes them.
    fn damage_rows_under_the_checkpoint(&mut self, (image, contents): &(Image, Contents)) {
        let rows = span(&image.last_rows());
        self.cut(rows.start..=rows.end - 1, |folder, len| {
            assert_refused(folder, &image.cut(EVENTS, len), EVENTS);
            Outcome::Refused
        });
        let personal: Vec<_> = ["\"family\"", "\"of family\""]
            .into_iter()
            .flat_map(|text| {
                let found = memchr::memmem::find_iter(image.bytes(EVENTS), text);
                // Without the quotes.
                found.map(|start| start + 1..start + text.len() - 1).collect::<Vec<_>>()
            })
            .collect();
        self.flip(rows, |folder, bit| {
            let flipped = image.flipped(EVENTS, bit);
            let is_personal = personal.iter().any(|span| span.contains(&(bit / 8)));
            if !is_personal || flipped.refused(folder).is_some() {
                assert_refused(folder, &flipped, EVENTS);
                return Outcome::Refused;
            }
            let found = Contents::of(&flipped.open(folder).unwrap());
            assert!(found.is_but_for_personal_data(contents), "bit {bit}");
            Outcome::Changed
        });
    }

    /// While there is a journal, the contents of each small table are known. After a clean stop,
    /// any program may have changed it; a text that is not JSON is damage in any case.
    fn damage_small_files(&mut self, bases: &Bases) {
        for file in [CHILDREN, MESSAGES, CHECKPOINT] {
            let image = &bases.killed.image;
            let len = image.bytes(file).len();
            self.cut(0..=len - 1, |folder, len| {
                assert_refused(folder, &image.cut(file, len), file);
                Outcome::Refused
            });
            self.flip(0..len, |folder, bit| {
                assert_refused(folder, &image.flipped(file, bit), file);
                Outcome::Refused
            });
        }
        for file in [CHILDREN, MESSAGES, EVENTS, CHECKPOINT] {
            let image = &bases.stopped;
            self.cut(1..=image.bytes(file).len() - 1, |folder, len| {
                assert_refused(folder, &image.cut(file, len), file);
                Outcome::Refused
            });
        }
    }

    /// The saved index of the history contains nothing that is not in the other files.
    fn damage_index(&mut self, bases: &Bases) {
        let contents = bases.killed.contents.last().unwrap();
        for image in [&bases.killed.image, &bases.stopped] {
            let len = image.bytes(INDEX).len();
            self.cut(0..=len - 1, |folder, len| {
                check_store(&image.cut(INDEX, len).open(folder).unwrap(), contents)
            });
            self.flip(0..len, |folder, bit| {
                check_store(&image.flipped(INDEX, bit).open(folder).unwrap(), contents)
            });
        }
    }

    /// A power failure may affect both files: the journal must contain what the tracking file
    /// shows.
    fn cut_both(&mut self, killed: &Killed) {
        let Killed { image, contents, .. } = killed;
        let (frames, rows, journal) = (image.last_frames(), image.last_rows(), image.journal());
        let places = |records: &[Range<usize>]| -> Vec<usize> {
            let places = |it: &Range<usize>| [it.start, it.start + 1, it.start + 60, it.end - 1];
            records.iter().flat_map(places).chain([span(records).end]).collect()
        };
        let (frame_places, row_places) = (places(&frames), places(&rows));
        let all = frame_places.len() * row_places.len() - 1;
        self.cut(0..=all, |folder, place| {
            let frame = frame_places[place / row_places.len()];
            let row = row_places[place % row_places.len()];
            let cut = image.cut(journal, frame).cut(EVENTS, row);
            let commits = frames.iter().filter(|it| it.end <= frame).count();
            let written = rows.iter().filter(|it| it.end <= row).count();
            if written <= commits {
                return check_store(&cut.open(folder).unwrap(), &contents[commits]);
            }
            let is_torn = frames.iter().any(|it| it.start < frame && frame < it.end);
            let (file, _) = cut.refused(folder).unwrap();
            assert_eq!(file, if is_torn { journal } else { Path::new(EVENTS) });
            Outcome::Refused
        });
    }
}

type Cut = fn(&Image, &Path, usize) -> Image;

/// After an interrupted write, the file ends there, or continues with zeros.
fn both_ways(image: &Image) -> [(&Image, Cut); 2] {
    let shorter: Cut = |image, file, len| image.cut(file, len);
    [(image, shorter), (image, |image, file, len| image.zeroed(file, len))]
}

fn assert_refused(folder: &Path, image: &Image, file: &str) {
    let (named, byte) = image.refused(folder).unwrap();
    assert!(named == Path::new(file) && byte <= image.bytes(file).len() as u64, "{byte}");
}

/// The span of all last records.
fn span(records: &[Range<usize>]) -> Range<usize> {
    records[0].start..records[LAST - 1].end
}

/// The number of events in the tracking file.
fn rows(image: &Image) -> usize {
    memchr::memmem::find_iter(image.bytes(EVENTS), b"\"occurred_at\"").count()
}
