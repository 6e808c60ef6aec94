//! A child, as pages show it.

use crate::domain::{Child, Colour};

/// The picture of a child: its initials on its colour.
#[derive(Clone, Debug)]
pub(in crate::web) struct Face {
    pub(in crate::web) id: String,
    pub(in crate::web) name: String,
    pub(in crate::web) initials: String,
    pub(in crate::web) colour: &'static str,
}

impl Face {
    pub(in crate::web) fn of(child: &Child) -> Self {
        Self {
            id: child.id.as_str().to_owned(),
            name: child.name.as_str().to_owned(),
            initials: initials(child.name.as_str()),
            colour: child.colour.map_or_else(|| usual(child.id.as_str()), Colour::as_str),
        }
    }
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    let words =
        name.split_whitespace().filter_map(|word| word.chars().find(|it| it.is_alphanumeric()));
    let letters: String = words.take(2).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { name.chars().take(1).collect() } else { letters }
}

/// The colour of a child that has none: always the same one.
fn usual(id: &str) -> &'static str {
    let sum = id.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    Colour::ALL[sum % Colour::ALL.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_two_words() {
        for (name, letters) in [
            ("Mía", "M"),
            ("anna lena", "AL"),
            ("Jean-Luc de la Tour", "JD"),
            ("\"Max\"", "M"),
            ("李", "李"),
            ("🙂", "🙂"),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }

    #[test]
    fn a_child_without_a_colour_keeps_its_colour() {
        assert_eq!(usual("5f9d6c1a"), usual("5f9d6c1a"));
        assert!(Colour::ALL.contains(&usual("")));
    }
}
