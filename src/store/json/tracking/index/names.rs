use std::hash::BuildHasher as _;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use uuid::Uuid;

use super::column::reserve;

/// Numbers for texts that many events have.
#[derive(Default)]
pub(in super::super) struct Names {
    /// The numbers, found by the hashes of their texts.
    numbers: HashTable<u32>,
    hasher: RandomState,
    /// The texts by their numbers, which are never reused: `None` after a removal.
    texts: Vec<Option<Text>>,
}

/// Nearly every text is an id of ours, which needs 16 bytes instead of 36 and an allocation.
enum Text {
    Uuid(Uuid),
    Other(Box<str>),
}

impl Text {
    fn of(name: &str) -> Self {
        let uuid = Uuid::try_parse(name).map(Self::Uuid).ok();
        // Other forms of the same UUID are other texts.
        uuid.filter(|uuid| uuid.is(name)).unwrap_or_else(|| Self::Other(name.into()))
    }

    fn is(&self, name: &str) -> bool {
        // The length first: it saves writing the text of the UUID.
        match self {
            Self::Uuid(_) if name.len() != uuid::fmt::Hyphenated::LENGTH => false,
            _ => self.read(|text| text == name),
        }
    }

    fn read<T>(&self, read: impl FnOnce(&str) -> T) -> T {
        match self {
            Self::Uuid(uuid) => {
                let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
                read(uuid.as_hyphenated().encode_lower(&mut buffer))
            }
            Self::Other(text) => read(text),
        }
    }
}

impl Names {
    /// The number for no text.
    pub(super) const NONE: u32 = u32::MAX;

    /// No texts, with memory for that many.
    pub(super) fn with_capacity(count: usize) -> Self {
        let numbers = HashTable::with_capacity(count);
        Self { numbers, texts: Vec::with_capacity(count), ..Self::default() }
    }

    /// The number of a text, which is a new one if the text is new.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        self.known(name).unwrap_or_else(|| self.push(Some(name)))
    }

    /// Gives a new text, or none, the next number.
    pub(super) fn push(&mut self, name: Option<&str>) -> u32 {
        let number = u32::try_from(self.texts.len()).unwrap_or(Self::NONE);
        reserve(&mut self.texts);
        self.texts.push(name.map(Text::of));
        if let Some(name) = name {
            let (hasher, texts) = (&self.hasher, &self.texts);
            let hash = |number: &u32| {
                let text = texts.get(*number as usize).and_then(Option::as_ref);
                text.map_or(0, |text| text.read(|text| hasher.hash_one(text)))
            };
            self.numbers.insert_unique(hasher.hash_one(name), number, hash);
        }
        number
    }

    /// Removes a text; returns its number.
    pub(super) fn forget(&mut self, name: &str) -> Option<u32> {
        let (hash, texts) = (self.hasher.hash_one(name), &self.texts);
        let found = self.numbers.find_entry(hash, |number| is(texts, *number, name)).ok()?;
        let (number, _) = found.remove();
        self.texts[number as usize] = None;
        Some(number)
    }

    /// The texts of these numbers.
    pub(super) fn texts(&self, numbers: Range<usize>) -> impl Iterator<Item = Option<Arc<str>>> {
        let texts = self.texts.iter().skip(numbers.start).take(numbers.len());
        texts.map(|text| text.as_ref().map(|text| text.read(|text| Arc::from(text))))
    }

    pub(super) fn known(&self, name: &str) -> Option<u32> {
        let is_it = |number: &u32| is(&self.texts, *number, name);
        self.numbers.find(self.hasher.hash_one(name), is_it).copied()
    }
}

fn is(texts: &[Option<Text>], number: u32, name: &str) -> bool {
    texts.get(number as usize).and_then(Option::as_ref).is_some_and(|text| text.is(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "00000001-0000-4000-8000-00000000abcd";

    #[test]
    fn only_equal_texts_have_one_number() {
        let mut names = Names::default();
        let upper = UUID.to_uppercase();
        let simple = UUID.replace('-', "");
        let texts = [UUID, &upper, &simple, "", "7", "M\u{ed}a"];
        let numbers = texts.map(|text| names.number(text));
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
        assert_eq!(texts.map(|text| names.number(text)), numbers);
        let kept: Vec<_> = names.texts(0..9).flatten().collect();
        assert!(kept.iter().map(|text| &**text).eq(texts));
        assert_eq!(names.forget(UUID), Some(0));
        assert_eq!((names.known(UUID), names.known(&upper)), (None, Some(1)));
        assert_eq!(names.number(UUID), 6);
    }

    #[test]
    fn many_texts_keep_their_numbers() {
        let text = |number: u32| format!("{number:08x}-0000-4000-8000-00000000abcd");
        let mut names = Names::default();
        for number in 0..5000 {
            assert_eq!(names.number(&text(number)), number);
        }
        assert!((0..5000).all(|number| names.known(&text(number)) == Some(number)));
        let mut restored = Names::with_capacity(5000);
        names.texts(0..5000).for_each(|text| assert!(restored.push(text.as_deref()) < 5000));
        assert!((0..5000).all(|number| restored.known(&text(number)) == Some(number)));
    }
}
