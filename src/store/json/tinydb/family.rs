//! The settings of a family, as fields of the row of its account's details. A field that is missing or
//! cannot be read has its default.

use serde::Deserialize;
use serde_json::json;

use super::encoder::Encoder;
use super::fields::Fields;
use super::pyjson;
use crate::domain::calendar::{
    Day, DayStart, FamilySettings, Pause, Pauses, StreakRule, Weekday, Weekdays,
};
use crate::domain::{Name, Rank, Ranks};

#[derive(Deserialize)]
struct StoredPause {
    from: String,
    to: String,
}

#[derive(Deserialize)]
struct StoredRank {
    name: String,
    threshold: i64,
}

pub(super) fn decode(fields: &Fields<'_>) -> FamilySettings {
    let week_start = fields.optional_text("week_start").and_then(|name| Weekday::parse(&name));
    let day_starts_at = fields.optional_integer("day_starts_at").and_then(DayStart::from_hours);
    let goal = fields.optional_integer("daily_goal");
    FamilySettings {
        time_zone: fields.optional_text("time_zone"),
        day_starts_at: day_starts_at.unwrap_or_default(),
        week_start: week_start.unwrap_or_default(),
        rest_days: Weekdays::from_stored(&fields.texts("rest_days")),
        pauses: pauses(fields).unwrap_or_default(),
        daily_goal: goal.and_then(|number| FamilySettings::daily_goal(number).ok()),
        hidden_badges: fields.texts("hidden_badges"),
        ranks: ranks(fields),
        shows_ranking: is_true(fields, "shows_ranking"),
        streak_rule: fields
            .optional_text("streak_rule")
            .and_then(|name| StreakRule::parse(&name))
            .unwrap_or_default(),
        penalties_by_helpers: is_true(fields, "penalties_by_helpers"),
    }
}

fn is_true(fields: &Fields<'_>, name: &str) -> bool {
    fields.raw(name).is_some_and(|it| it.trim() == "true")
}

fn ranks(fields: &Fields<'_>) -> Option<Ranks> {
    let stored = pyjson::strict(fields.raw("ranks")?);
    let stored: Vec<StoredRank> = serde_json::from_str(&stored).ok()?;
    let rank = |it: StoredRank| Rank { name: Name::from_stored(it.name), threshold: it.threshold };
    Ranks::new("ranks", stored.into_iter().map(rank).collect()).ok()
}

fn pauses(fields: &Fields<'_>) -> Option<Pauses> {
    let stored = pyjson::strict(fields.raw("pauses")?);
    let stored: Vec<StoredPause> = serde_json::from_str(&stored).ok()?;
    let pause =
        |it: StoredPause| Some(Pause { from: Day::parse(&it.from)?, to: Day::parse(&it.to)? });
    Pauses::new("pauses", stored.into_iter().filter_map(pause).collect()).ok()
}

/// Writes the fields that do not have their default.
pub(super) fn encode(settings: &FamilySettings, row: &mut Encoder) {
    let default = FamilySettings::default();
    let mut unless = |is_default: bool, name: &'static str, write: &dyn Fn(&mut Encoder)| {
        if is_default { row.absent(name) } else { write(row) }
    };
    let FamilySettings {
        time_zone,
        day_starts_at,
        week_start,
        rest_days,
        pauses,
        daily_goal,
        hidden_badges,
        ranks,
        shows_ranking,
        streak_rule,
        penalties_by_helpers,
    } = settings;
    unless(time_zone.is_none(), "time_zone", &|row| {
        row.optional_text("time_zone", time_zone.as_deref());
    });
    unless(*day_starts_at == default.day_starts_at, "day_starts_at", &|row| {
        row.plain("day_starts_at", day_starts_at.hours());
    });
    unless(*week_start == default.week_start, "week_start", &|row| {
        row.text("week_start", week_start.as_str());
    });
    unless(*rest_days == default.rest_days, "rest_days", &|row| {
        let names: Vec<_> = rest_days.iter().map(|day| day.as_str().into()).collect();
        row.texts("rest_days", &names);
    });
    unless(*pauses == default.pauses, "pauses", &|row| {
        let stored =
            pauses.iter().map(|it| json!({"from": it.from.to_string(), "to": it.to.to_string()}));
        row.json("pauses", &stored.collect());
    });
    unless(daily_goal.is_none(), "daily_goal", &|row| {
        row.optional_plain("daily_goal", *daily_goal);
    });
    unless(hidden_badges.is_empty(), "hidden_badges", &|row| {
        row.texts("hidden_badges", hidden_badges);
    });
    unless(ranks.is_none(), "ranks", &|row| {
        let ranks = ranks.iter().flat_map(Ranks::iter);
        let stored = ranks.map(|it| json!({"name": it.name.as_str(), "threshold": it.threshold}));
        row.json("ranks", &stored.collect());
    });
    unless(*streak_rule == default.streak_rule, "streak_rule", &|row| {
        row.text("streak_rule", streak_rule.as_str());
    });
    unless(!penalties_by_helpers, "penalties_by_helpers", &|row| {
        row.plain("penalties_by_helpers", *penalties_by_helpers);
    });
    unless(!shows_ranking, "shows_ranking", &|row| row.plain("shows_ranking", *shows_ranking));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_were_written() {
        let pause =
            |from, to| Pause { from: Day::parse(from).unwrap(), to: Day::parse(to).unwrap() };
        let settings = FamilySettings {
            time_zone: Some("Europe/Berlin".into()),
            day_starts_at: DayStart::from_hours(3).unwrap(),
            week_start: Weekday::Sunday,
            rest_days: Weekdays::from_stored(&["sunday".into()]),
            pauses: Pauses::new("pauses", vec![pause("2026-08-01", "2026-08-14")]).unwrap(),
            daily_goal: Some(3),
            hidden_badges: ["warm-up".into()].into(),
            ranks: Some(Ranks::default()),
            shows_ranking: true,
            streak_rule: StreakRule::AllDue,
            penalties_by_helpers: true,
        };
        for settings in [settings, FamilySettings::default()] {
            let mut row = Encoder::new();
            encode(&settings, &mut row);
            let row = row.into_row();
            assert_eq!(decode(&Fields::parse(&row).unwrap()), settings, "{row}");
        }
    }

    #[test]
    fn values_that_cannot_be_read_have_their_defaults() {
        let row = r#"{"day_starts_at": 9, "week_start": "someday", "rest_days": 1, "pauses": [1]}"#;
        assert_eq!(decode(&Fields::parse(row).unwrap()), FamilySettings::default());
    }
}
