//! The records of the demo family. Its history refers to tasks and rewards by their names.

use serde_json::{Value, json};

/// A child of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kid {
    Mia,
    Noah,
}

impl Kid {
    pub(super) const ALL: [Self; 2] = [Self::Mia, Self::Noah];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mia => "Mía",
            Self::Noah => "Noah",
        }
    }

    /// In years.
    pub(super) fn age(self) -> i64 {
        match self {
            Self::Mia => 7,
            Self::Noah => 10,
        }
    }

    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Mia => "purple",
            Self::Noah => "teal",
        }
    }

    /// The reward that the child saves for.
    pub(super) fn goal(self) -> &'static str {
        match self {
            Self::Mia => ZOO,
            Self::Noah => MOVIE_NIGHT,
        }
    }

    /// The points that the child has when the history ends.
    pub(super) fn final_points(self) -> i64 {
        match self {
            Self::Mia => 45,
            Self::Noah => 10,
        }
    }
}

/// An adult of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Adult {
    /// The owner of the family.
    Paula,
    /// The other parent.
    Pablo,
    /// The grandmother, who is a helper.
    Rosa,
}

/// When a task is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    /// It has no schedule.
    Anytime,
    /// Each child, each day, until that time.
    Daily(&'static str),
    /// Each child on these days of the week, until that time.
    On(&'static [&'static str], &'static str),
    /// On these days, until that time, one child in each week.
    InTurns(&'static [&'static str], &'static str),
}

/// A task or a penalty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chore {
    pub(super) name: &'static str,
    pub(super) icon: &'static str,
    pub(super) points: i64,
    pub(super) is_good: bool,
    pub(super) when: When,
}

/// A reward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Treat {
    pub(super) name: &'static str,
    pub(super) icon: &'static str,
    pub(super) cost: i64,
    pub(super) description: &'static str,
}

/// A badge of the family's own, for doing one task.
pub(super) struct OwnBadge {
    pub(super) name: &'static str,
    pub(super) icon: &'static str,
    pub(super) task: &'static str,
    pub(super) thresholds: &'static [i64],
    /// `None`, or a name of a period.
    pub(super) period: Option<&'static str>,
}

pub(super) const BED: &str = "Make the bed";
pub(super) const DOG: &str = "Walk the dog";
pub(super) const HOMEWORK: &str = "Homework";
pub(super) const CAT: &str = "Feed the cat";
pub(super) const ROOM: &str = "Tidy the room";
pub(super) const RUBBISH: &str = "Take out the rubbish";
pub(super) const TABLE: &str = "Set the table";
pub(super) const BOOK: &str = "Read for 20 minutes";
pub(super) const DISHES: &str = "Empty the dishwasher";
pub(super) const COOKING: &str = "Help with the cooking";
pub(super) const HIT: &str = "Hit a sibling";
pub(super) const LIGHTS: &str = "Left the lights on";
pub(super) const SCREEN: &str = "Secret screen time";

pub(super) const ICE_CREAM: &str = "Ice cream";
pub(super) const SCREEN_TIME: &str = "Extra screen time";
pub(super) const DINNER: &str = "Choose the dinner";
pub(super) const MOVIE_NIGHT: &str = "Movie night";
pub(super) const SLEEPOVER: &str = "Sleepover with a friend";
pub(super) const ZOO: &str = "A trip to the zoo";

const EVERY_DAY: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const HOMEWORK_DAYS: &[&str] = &["monday", "tuesday", "thursday"];

#[rustfmt::skip]
pub(super) const CHORES: &[Chore] = &[
    task(BED, "bed", 5, When::Daily("09:30")),
    task(DOG, "dog", 10, When::Anytime),
    task(HOMEWORK, "homework", 15, When::On(HOMEWORK_DAYS, "18:00")),
    task(CAT, "cat", 4, When::InTurns(EVERY_DAY, "19:00")),
    task(ROOM, "broom", 10, When::On(&["saturday"], "12:00")),
    task(RUBBISH, "trash", 6, When::InTurns(&["tuesday"], "19:00")),
    task(TABLE, "table", 3, When::Anytime),
    task(BOOK, "book", 8, When::Anytime),
    task(DISHES, "dishes", 6, When::Anytime),
    task(COOKING, "cooking", 8, When::Anytime),
    penalty(HIT, "shout", 8),
    penalty(LIGHTS, "sun", 2),
    penalty(SCREEN, "phone", 10),
];

#[rustfmt::skip]
pub(super) const TREATS: &[Treat] = &[
    treat(ICE_CREAM, "ice_cream", 20, "Two scoops"),
    treat(SCREEN_TIME, "game", 35, "Half an hour more"),
    treat(DINNER, "pizza", 25, "You choose, we cook"),
    treat(MOVIE_NIGHT, "film", 60, "With popcorn, and up until nine"),
    treat(SLEEPOVER, "friends", 90, "A friend stays for the night"),
    treat(ZOO, "trip", 150, "A whole day, with lunch"),
];

pub(super) const BADGES: &[OwnBadge] = &[
    OwnBadge {
        name: "Bookworm",
        icon: "book",
        task: BOOK,
        thresholds: &[10, 30, 100],
        period: None,
    },
    OwnBadge {
        name: "Early bird",
        icon: "bed",
        task: BED,
        thresholds: &[50, 200, 500],
        period: None,
    },
    OwnBadge {
        name: "Homework month",
        icon: "homework",
        task: HOMEWORK,
        thresholds: &[8, 12, 15],
        period: Some("month"),
    },
];

/// The points that each rank needs. The names are those of the default ranks, which two years exceed.
pub(super) const RANK_POINTS: [i64; 10] =
    [0, 100, 400, 1_000, 2_000, 3_500, 5_500, 8_000, 12_000, 18_000];

const fn task(name: &'static str, icon: &'static str, points: i64, when: When) -> Chore {
    Chore { name, icon, points, is_good: true, when }
}

const fn penalty(name: &'static str, icon: &'static str, points: i64) -> Chore {
    Chore { name, icon, points, is_good: false, when: When::Anytime }
}

const fn treat(
    name: &'static str,
    icon: &'static str,
    cost: i64,
    description: &'static str,
) -> Treat {
    Treat { name, icon, cost, description }
}

impl When {
    /// The schedule as a request contains it; `None` without one. `children` are the ids, in their order.
    pub(super) fn form(self, children: &[&str]) -> Option<Value> {
        let weekly = |who: Value, on: &[&str], due: &str| json!({"who": who, "every": "week", "on": on, "due_time": due});
        match self {
            Self::Anytime => None,
            Self::Daily(due) => Some(json!({"who": "all", "every": "day", "due_time": due})),
            Self::On(days, due) => Some(weekly(json!("all"), days, due)),
            Self::InTurns(days, due) => {
                let who = json!({"rotation": children, "each": "week"});
                Some(weekly(who, days, due))
            }
        }
    }
}

/// The points that a task gives, negative for a penalty; 0 for an unknown name.
pub(super) fn points_of(name: &str) -> i64 {
    let found = CHORES.iter().find(|chore| chore.name == name);
    found.map_or(0, |chore| if chore.is_good { chore.points } else { -chore.points })
}

/// The cost of a reward; 0 for an unknown name.
pub(super) fn cost_of(name: &str) -> i64 {
    TREATS.iter().find(|treat| treat.name == name).map_or(0, |treat| treat.cost)
}
