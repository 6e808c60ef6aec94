use proptest::prelude::*;

use super::*;
use crate::domain::Timestamp;

fn zone(name: &str) -> Zone {
    Zone::find(name).unwrap_or_else(|| panic!("{name}"))
}

fn calendar(name: &str, day_starts_at: i64) -> Calendar {
    Calendar::new(zone(name), DayStart::from_hours(day_starts_at).unwrap())
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_iso(text).unwrap_or_else(|| panic!("{text}"))
}

fn hours(calendar: &Calendar, date: &str) -> i64 {
    let day = day(date);
    let micros = calendar.start_of(day.next()).as_micros() - calendar.start_of(day).as_micros();
    micros / 3_600_000_000
}

#[test]
fn zones_are_found_in_any_case_and_have_one_name() {
    assert_eq!(zone("europe/berlin").name(), "Europe/Berlin");
    assert_eq!(zone("utc"), Zone::UTC);
    assert_eq!(Zone::UTC.name(), "UTC");
    for unknown in ["", "Europe", "Mars/Olympus", "+01:00", "../etc/passwd"] {
        assert!(Zone::find(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn days_have_the_hours_of_their_clock() {
    let berlin = calendar("Europe/Berlin", 0);
    assert_eq!(hours(&berlin, "2026-03-29"), 23);
    assert_eq!(hours(&berlin, "2026-10-25"), 25);
    assert_eq!(hours(&berlin, "2026-10-26"), 24);
    // Lord Howe Island sets its clock by half an hour.
    let howe = calendar("Australia/Lord_Howe", 0);
    assert_eq!(hours(&howe, "2026-10-04"), 23);
}

#[test]
fn a_day_without_midnight_starts_after_it() {
    let cairo = calendar("Africa/Cairo", 0);
    assert_eq!(cairo.start_of(day("2026-04-24")), at("2026-04-23T22:00:00Z"));
    assert_eq!(cairo.day_of(at("2026-04-23T21:59:59.999999Z")), day("2026-04-23"));
    assert_eq!(cairo.day_of(at("2026-04-23T22:00:00Z")), day("2026-04-24"));
    assert_eq!(hours(&cairo, "2026-04-24"), 23);
}

#[test]
fn a_day_with_two_midnights_starts_with_the_first() {
    // At 01:00 the clock is set back to midnight.
    let havana = calendar("America/Havana", 0);
    assert_eq!(havana.start_of(day("2024-11-03")), at("2024-11-03T04:00:00Z"));
    assert_eq!(havana.day_of(at("2024-11-03T05:30:00Z")), day("2024-11-03"));
    assert_eq!(hours(&havana, "2024-11-03"), 25);
}

#[test]
fn a_date_that_a_zone_skips_has_no_moments() {
    // Samoa went from 29 to 31 December 2011.
    let apia = calendar("Pacific/Apia", 0);
    assert_eq!(hours(&apia, "2011-12-30"), 0);
    assert_eq!(apia.day_of(at("2011-12-30T09:59:59.999999Z")), day("2011-12-29"));
    assert_eq!(apia.day_of(at("2011-12-30T10:00:00Z")), day("2011-12-31"));
}

#[test]
fn a_day_lasts_until_its_last_microsecond() {
    let berlin = calendar("Europe/Berlin", 0);
    assert_eq!(berlin.day_of(at("2026-02-09T22:59:59.999999Z")), day("2026-02-09"));
    assert_eq!(berlin.day_of(at("2026-02-09T23:00:00Z")), day("2026-02-10"));
}

#[test]
fn what_happens_before_the_start_of_the_day_belongs_to_the_day_before() {
    let berlin = calendar("Europe/Berlin", 3);
    assert_eq!(berlin.day_of(at("2026-02-10T01:59:59.999999Z")), day("2026-02-09"));
    assert_eq!(berlin.day_of(at("2026-02-10T02:00:00Z")), day("2026-02-10"));
    // At 02:00 the clock is set to 03:00.
    let early = calendar("Europe/Berlin", 2);
    assert_eq!(early.start_of(day("2026-03-29")), at("2026-03-29T01:00:00Z"));
    assert_eq!(early.day_of(at("2026-03-29T00:59:59Z")), day("2026-03-28"));
    // At 03:00 it is set back to 02:00: the day starts with the first.
    assert_eq!(early.start_of(day("2026-10-25")), at("2026-10-25T00:00:00Z"));
    assert_eq!(early.day_of(at("2026-10-25T01:30:00Z")), day("2026-10-25"));
}

#[test]
fn days_are_parsed_strictly() {
    for bad in
        ["", "2026-2-9", "2026-02-30", "2026-02-09T", "+002026-02-09", "20260209", "-000001-01-01"]
    {
        assert!(Day::parse(bad).is_none(), "{bad}");
    }
    assert_eq!(day("2026-02-09").to_string(), "2026-02-09");
    assert_eq!(day("2026-02-09").weekday(), Weekday::Monday);
    assert_eq!(day("9999-12-31").next(), day("9999-12-31"));
}

#[test]
fn periods_end_with_the_last_day_of_their_zone() {
    let period =
        |zone| Period { from: Bound::parse("2026-03-29"), to: Bound::parse("2026-03-29"), zone };
    let berlin = || zone("Europe/Berlin");
    let local = (Some(at("2026-03-28T23:00:00Z")), Some(at("2026-03-29T22:00:00Z")));
    assert_eq!(period(PeriodZone::Family).moments(berlin), local);
    assert_eq!(period(PeriodZone::parse("Europe/Berlin").unwrap()).moments(|| Zone::UTC), local);
    let utc = (Some(at("2026-03-29T00:00:00Z")), Some(at("2026-03-30T00:00:00Z")));
    assert_eq!(period(PeriodZone::Utc).moments(berlin), utc);
    let moments = Period {
        from: Bound::parse("2026-03-29T05:00:00Z"),
        to: Bound::parse("9999-12-31"),
        zone: PeriodZone::Family,
    };
    let expected = (Some(at("2026-03-29T05:00:00Z")), Some(Timestamp::MAX));
    assert_eq!(moments.moments(berlin), expected);
}

#[test]
fn pauses_are_ordered_and_do_not_overlap() {
    let pause = |from, to| Pause { from: day(from), to: day(to) };
    let pauses = |list: &[Pause]| Pauses::new("pauses", list.to_vec());
    let august = pause("2026-08-01", "2026-08-14");
    let flu = pause("2026-02-09", "2026-02-09");
    let both = pauses(&[august, flu]).unwrap();
    assert!(both.iter().eq([&flu, &august]));
    for (date, expected) in [
        ("2026-02-08", false),
        ("2026-02-09", true),
        ("2026-02-10", false),
        ("2026-08-01", true),
        ("2026-08-14", true),
        ("2026-08-15", false),
    ] {
        assert_eq!(both.contains(day(date)), expected, "{date}");
    }
    assert!(pauses(&[pause("2026-08-02", "2026-08-01")]).is_err());
    assert!(pauses(&[august, pause("2026-08-14", "2026-08-20")]).is_err());
    assert!(pauses(&vec![flu; Pauses::MAX + 1]).is_err());
}

#[test]
fn weekdays_are_a_set() {
    let parse = |names: &[&str]| {
        Weekdays::parse("rest_days", &names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
    };
    let weekend = parse(&["sunday", "saturday"]).unwrap();
    assert!(weekend.iter().eq([Weekday::Saturday, Weekday::Sunday]));
    assert!(parse(&["Sunday"]).is_err() && parse(&["sunday", "sunday"]).is_err());
}

proptest! {
    /// Days follow each other without a gap, in every zone.
    #[test]
    fn a_moment_is_in_exactly_one_day(
        micros in 0_i64..4_000_000_000_000_000,
        place in 0_usize..10,
        starts_at in 0_i64..=6,
    ) {
        let names = [
            "UTC", "Europe/Berlin", "Africa/Cairo", "America/Havana", "Pacific/Apia",
            "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu", "America/St_Johns",
            "Asia/Gaza",
        ];
        let calendar = calendar(names[place], starts_at);
        let moment = Timestamp::from_micros(micros);
        let day = calendar.day_of(moment);
        prop_assert!(calendar.start_of(day) <= moment);
        prop_assert!(moment < calendar.start_of(day.next()));
    }
}
