//! Times of a day.

use std::fmt;

/// What a clock shows, such as 18:30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime {
    hour: i8,
    minute: i8,
}

impl ClockTime {
    /// Parses `18:30`, from `00:00` to `23:59`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |part: &str, end: i8| {
            let is_plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|number: &i8| is_plain && *number < end)
        };
        Some(Self { hour: number(hour, 24)?, minute: number(minute, 60)? })
    }

    pub fn hour(self) -> i8 {
        self.hour
    }

    pub fn minute(self) -> i8 {
        self.minute
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in ["00:00", "07:05", "18:30", "23:59"] {
            assert_eq!(ClockTime::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "24:00", "12:60", "7:05", "07:5", "+7:05", "07:05:00", "07.05", "-1:00"] {
            assert_eq!(ClockTime::parse(bad), None, "{bad}");
        }
    }
}
