//! The languages of pages, and how they write dates and numbers.

use axum::http::{HeaderMap, header};

use crate::domain::User;
use crate::domain::calendar::Day;

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const GERMAN_MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// A language in which there are texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageLanguage {
    /// The day comes before the month.
    English,
    AmericanEnglish,
    German,
}

impl PageLanguage {
    /// The language of the account, else the first that the browser prefers, else English.
    pub(crate) fn of(user: &User, headers: &HeaderMap) -> Self {
        let own = user.language.as_ref().and_then(|tag| Self::find(tag.as_str()));
        own.or_else(|| Self::preferred(headers)).unwrap_or(Self::English)
    }

    /// The language with the largest weight in `Accept-Language`; of equal weights the first.
    pub(crate) fn preferred(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
        let known = ranges.filter_map(|range| {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let weight: f32 = weight.trim().parse().ok()?;
            Some((Self::find(tag.trim())?, weight))
        });
        let wanted = known.filter(|(_, weight)| *weight > 0.0);
        let best = wanted.reduce(|best, other| if other.1 > best.1 { other } else { best })?;
        Some(best.0)
    }

    /// The language of a tag, such as `de-AT`.
    pub(crate) fn find(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        match tag.split('-').next()? {
            "en" if tag == "en-us" => Some(Self::AmericanEnglish),
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            _ => None,
        }
    }

    pub(crate) const ALL: [Self; 3] = [Self::English, Self::AmericanEnglish, Self::German];

    /// The name of the language in itself.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::AmericanEnglish => "English (US)",
            Self::German => "Deutsch",
        }
    }

    /// The tag of the page.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::AmericanEnglish => "en-US",
            Self::German => "de",
        }
    }

    /// A date with the name of the month.
    pub(crate) fn date(self, day: Day) -> String {
        let (year, _, number) = day.parts();
        let month = self.month_name(day);
        match self {
            Self::English => format!("{number} {month} {year}"),
            Self::AmericanEnglish => format!("{month} {number}, {year}"),
            Self::German => format!("{number}. {month} {year}"),
        }
    }

    /// A date without its year.
    pub(crate) fn day_and_month(self, day: Day) -> String {
        let (_, _, number) = day.parts();
        let month = self.month_name(day);
        match self {
            Self::English => format!("{number} {month}"),
            Self::AmericanEnglish => format!("{month} {number}"),
            Self::German => format!("{number}. {month}"),
        }
    }

    /// A time of the day.
    pub(crate) fn time(self, hour: i8, minute: i8) -> String {
        match self {
            Self::English => format!("{hour:02}:{minute:02}"),
            Self::AmericanEnglish => {
                let half = if hour < 12 { "AM" } else { "PM" };
                format!("{}:{minute:02} {half}", if hour % 12 == 0 { 12 } else { hour % 12 })
            }
            Self::German => format!("{hour:02}:{minute:02} Uhr"),
        }
    }

    /// A date without its year, for narrow places.
    pub(crate) fn short_date(self, day: Day) -> String {
        let (_, month, number) = day.parts();
        match self {
            Self::English => format!("{number}/{month}"),
            Self::AmericanEnglish => format!("{month}/{number}"),
            Self::German => format!("{number}.{month}."),
        }
    }

    /// The first three letters of a month, with the last two digits of the year.
    pub(crate) fn short_month(self, day: Day) -> String {
        let name: String = self.month_name(day).chars().take(3).collect();
        format!("{name} {:02}", day.parts().0.rem_euclid(100))
    }

    /// A month with its year.
    pub(crate) fn month(self, day: Day) -> String {
        format!("{} {}", self.month_name(day), day.parts().0)
    }

    fn months(self) -> &'static [&'static str; 12] {
        match self {
            Self::English | Self::AmericanEnglish => &ENGLISH_MONTHS,
            Self::German => &GERMAN_MONTHS,
        }
    }

    fn month_name(self, day: Day) -> &'static str {
        let (_, month, _) = day.parts();
        usize::try_from(month - 1).map_or("", |at| self.months()[at])
    }

    /// A number with a separator between thousands.
    pub(crate) fn number(self, number: i64) -> String {
        let separator = if self == Self::German { '.' } else { ',' };
        let digits = number.unsigned_abs().to_string();
        let mut text = if number < 0 { "-".to_owned() } else { String::new() };
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(languages: &'static str) -> Option<PageLanguage> {
        let value = axum::http::HeaderValue::from_static(languages);
        PageLanguage::preferred(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value)]))
    }

    #[test]
    fn the_browser_chooses_a_language_that_there_is() {
        assert_eq!(asked("de-AT,de;q=0.9,en;q=0.8"), Some(PageLanguage::German));
        assert_eq!(asked("fr, en-US;q=0.5, de;q=0.7"), Some(PageLanguage::German));
        assert_eq!(asked("en-us"), Some(PageLanguage::AmericanEnglish));
        assert_eq!(asked("fr, de;q=0, en;q=x"), None);
    }

    #[test]
    fn dates_and_numbers_follow_the_language() {
        let day = Day::parse("2026-02-09").unwrap();
        let written = |language: PageLanguage| (language.date(day), language.number(-1_234_567));
        let of = |date: &str, number: &str| (date.to_owned(), number.to_owned());
        assert_eq!(written(PageLanguage::English), of("9 February 2026", "-1,234,567"));
        assert_eq!(written(PageLanguage::AmericanEnglish), of("February 9, 2026", "-1,234,567"));
        assert_eq!(written(PageLanguage::German), of("9. Februar 2026", "-1.234.567"));
        assert_eq!(PageLanguage::German.number(999), "999");
        assert_eq!(PageLanguage::German.month(day), "Februar 2026");
        let days = PageLanguage::ALL.map(|language| language.day_and_month(day));
        assert_eq!(days, ["9 February", "February 9", "9. Februar"]);
        let short = |language: PageLanguage| (language.short_date(day), language.short_month(day));
        assert_eq!(short(PageLanguage::English), of("9/2", "Feb 26"));
        assert_eq!(short(PageLanguage::AmericanEnglish), of("2/9", "Feb 26"));
        assert_eq!(short(PageLanguage::German), of("9.2.", "Feb 26"));
    }
}
