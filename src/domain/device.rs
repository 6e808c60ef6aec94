//! The devices of children. A device shows a code, and a parent enters it and chooses a child: the device then has a
//! session of that child.

use std::fmt;
use std::time::Duration;

use super::password::NewPassword;
use super::{Id, Invalid, Name};

pub type DeviceId = Id<Device>;

/// A device on which a child is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Identifies the device in lists. It does not give access to anything.
    pub id: DeviceId,
    /// The name that the device has given itself.
    pub name: Name,
}

impl Device {
    /// The number of devices that a child can have.
    pub const MOST: usize = 10;
    /// The number of children that can share a device.
    pub const MOST_CHILDREN: usize = 20;
    /// How long a code is valid, and how long the device can then fetch its session.
    pub const CODE_LIFETIME: Duration = Duration::from_mins(10);
    /// How long a device waits between two requests for its session.
    pub const POLL_INTERVAL: Duration = Duration::from_secs(5);
}

/// The code that a device shows: eight consonants. Without vowels it forms no words, and without digits nobody confuses
/// 0 with O.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
    const LENGTH: usize = 8;

    /// The code of a random number. The numbers are distributed evenly enough: there are 700 million of them for each code.
    pub fn of(mut random: u64) -> Self {
        let letters = Self::LETTERS.len() as u64;
        let mut code = String::with_capacity(Self::LENGTH);
        for _ in 0..Self::LENGTH {
            // The remainder is below 20.
            let letter = usize::try_from(random % letters).unwrap_or_default();
            code.push(char::from(Self::LETTERS[letter]));
            random /= letters;
        }
        Self(code)
    }

    /// A code as a person has typed it: case, dashes and spaces do not matter. `None` if it cannot be a code.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|c| !matches!(c, '-' | ' ')).take(Self::LENGTH + 1);
        let code: String = letters.map(|c| c.to_ascii_uppercase()).collect();
        let is_code =
            code.len() == Self::LENGTH && code.bytes().all(|c| Self::LETTERS.contains(&c));
        is_code.then_some(Self(code))
    }

    /// The eight letters.
    pub fn letters(&self) -> &str {
        &self.0
    }
}

/// As it is shown: `WDJB-MJHT`.
impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.0.split_at(Self::LENGTH / 2);
        write!(f, "{first}-{second}")
    }
}

/// A secret does not appear in a log.
impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(..)")
    }
}

/// The PIN of a child: four to eight digits.
pub struct NewPin;

impl NewPin {
    pub const MIN_DIGITS: usize = 4;
    pub const MAX_DIGITS: usize = 8;

    /// Checks a PIN from a request. It is hashed like a password. The error names `field`.
    pub fn parse(field: &'static str, text: &str) -> Result<NewPassword, Invalid> {
        let has_length = (Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&text.len());
        if !has_length || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Invalid::new(field, "must have 4 to 8 digits"));
        }
        Ok(NewPassword::known(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_consonants_and_every_number_has_one() {
        assert_eq!(UserCode::of(0).to_string(), "BBBB-BBBB");
        assert_eq!(UserCode::of(20u64.pow(8) - 1).to_string(), "ZZZZ-ZZZZ");
        assert_eq!(UserCode::of(u64::MAX).letters().len(), 8);
        assert_ne!(UserCode::of(1), UserCode::of(20));
        assert_eq!(format!("{:?}", UserCode::of(1)), "UserCode(..)");
    }

    #[test]
    fn a_pin_has_four_to_eight_digits() {
        for pin in ["0000", "12345678"] {
            assert!(NewPin::parse("pin", pin).is_ok(), "{pin}");
        }
        for pin in ["", "123", "123456789", "12a4", " 1234", "١٢٣٤"] {
            assert!(NewPin::parse("pin", pin).is_err(), "{pin}");
        }
    }

    #[test]
    fn case_dashes_and_spaces_do_not_matter() {
        let code = UserCode::of(0x5eed_5eed_5eed);
        let shown = code.to_string();
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', ""),
            shown.replace('-', " "),
            format!(" {} ", shown.replace('-', "--")),
        ] {
            assert_eq!(UserCode::parse(&typed).as_ref(), Some(&code), "{typed}");
        }
        for typed in ["", "BCDF", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ1", "BCDF_GHJK", "ßCDFGHJK"]
        {
            assert_eq!(UserCode::parse(typed), None, "{typed}");
        }
    }
}
