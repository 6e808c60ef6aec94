//! Dates and times in the zone of the family, in the language of the page.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::calendar::{Day, Zone};
use crate::http::language::PageLanguage;
use crate::service::{Caller, Service};
use crate::web::texts::{Texts, fill};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// How a page writes moments.
#[derive(Clone, Debug)]
pub(in crate::web) struct Moments {
    now: Timestamp,
    zone: Zone,
    language: PageLanguage,
}

/// A moment, as `<time>` shows it.
#[derive(Clone, Debug)]
pub(in crate::web) struct Moment {
    /// In ISO 8601.
    pub(in crate::web) iso: String,
    /// The date and the time.
    pub(in crate::web) full: String,
    /// How long ago it was, or the date.
    pub(in crate::web) short: String,
}

impl Moments {
    pub(in crate::web) fn of(caller: &Caller, service: &Service, language: PageLanguage) -> Self {
        Self::in_zone(service.calendar(caller.user()).zone().clone(), service, language)
    }

    pub(in crate::web) fn in_zone(zone: Zone, service: &Service, language: PageLanguage) -> Self {
        Self { now: service.now(), zone, language }
    }

    pub(in crate::web) fn language(&self) -> PageLanguage {
        self.language
    }

    /// The time of a moment.
    pub(in crate::web) fn time(&self, moment: Timestamp) -> String {
        let (_, hour, minute) = self.zone.clock(moment);
        self.language.time(hour, minute)
    }

    /// The date of a moment, and that of today.
    pub(in crate::web) fn day_and_today(&self, moment: Timestamp) -> (Day, Day) {
        (self.zone.clock(moment).0, self.zone.clock(self.now).0)
    }

    pub(in crate::web) fn of_moment(&self, moment: Timestamp) -> Moment {
        let (day, hour, minute) = self.zone.clock(moment);
        let (date, time) = (self.language.date(day), self.language.time(hour, minute));
        let texts = &Texts::of(self.language).time;
        let full = fill(texts.with_date, &[&date, &time]);
        let short = self.short(moment, day, &date, &time).unwrap_or_else(|| full.clone());
        Moment { iso: moment.to_string(), full, short }
    }

    /// `None` if neither today nor yesterday.
    fn short(&self, moment: Timestamp, day: Day, date: &str, time: &str) -> Option<String> {
        let texts = &Texts::of(self.language).time;
        let (today, ..) = self.zone.clock(self.now);
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        if moment > self.now {
            return (day == today).then(|| fill(texts.today_at, &[&time]));
        }
        let ago: Duration = self.now.since(moment);
        let seconds = ago.as_secs();
        Some(match seconds {
            0..MINUTE => texts.just_now.to_owned(),
            MINUTE..HOUR => texts.minutes_ago.of(number(seconds / MINUTE), self.language),
            _ if day == today => fill(texts.today_at, &[&time]),
            _ if day == today.previous() => fill(texts.yesterday_at, &[&time]),
            _ if seconds < 6 * 24 * HOUR => fill(texts.with_date, &[&date, &time]),
            _ => date.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(now: &str, moment: &str, language: PageLanguage) -> String {
        let at = |text| Timestamp::parse_iso(text).unwrap();
        let zone = Zone::find("Europe/Berlin").unwrap();
        Moments { now: at(now), zone, language }.of_moment(at(moment)).short
    }

    #[test]
    fn moments_are_shown_relative_to_now_and_in_the_zone() {
        let now = "2026-03-29T22:30:00Z";
        let english = |moment| shown(now, moment, PageLanguage::English);
        assert_eq!(english("2026-03-29T22:29:30Z"), "just now");
        assert_eq!(english("2026-03-29T22:28:30Z"), "1 minute ago");
        assert_eq!(english("2026-03-29T22:00:30Z"), "29 minutes ago");
        // It is 0:30 on 30 March in Berlin.
        assert_eq!(english("2026-03-29T20:10:00Z"), "yesterday, 22:10");
        assert_eq!(english("2026-03-26T20:10:00Z"), "26 March 2026, 21:10");
        assert_eq!(english("2026-01-09T20:10:00Z"), "9 January 2026");
        assert_eq!(english("2026-03-30T18:00:00Z"), "today, 20:00");
        let other = |language| shown(now, "2026-03-29T20:10:00Z", language);
        assert_eq!(other(PageLanguage::AmericanEnglish), "yesterday, 10:10 PM");
        assert_eq!(other(PageLanguage::German), "gestern, 22:10 Uhr");
    }
}
