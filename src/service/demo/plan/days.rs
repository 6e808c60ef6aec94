//! The days before today.

use super::super::family::{
    Adult, BED, BOOK, CAT, COOKING, DINNER, DISHES, DOG, HIT, HOMEWORK, ICE_CREAM, Kid, LIGHTS,
    MOVIE_NIGHT, ROOM, RUBBISH, SCREEN, SCREEN_TIME, SLEEPOVER, TABLE, TREATS, ZOO, cost_of,
    points_of,
};
use super::{Act, Deed, PAUSES, Planner, points_after};
use crate::domain::calendar::{Day, Weekday};

/// Until this day, everything is as the dice say; then the weeks are good ones and end in a streak.
const STREAKS: i32 = 30;
/// The days on which the children do nothing before the streaks that they have today.
const GAPS: [(Kid, i32); 2] = [(Kid::Mia, 24), (Kid::Noah, 7)];
/// The days on which a child is ill.
const ILLNESSES: [(Kid, i32, i32); 4] =
    [(Kid::Noah, 598, 596), (Kid::Mia, 411, 408), (Kid::Noah, 233, 231), (Kid::Mia, 97, 96)];
/// In the last days the children get what they save for, as soon as they can pay for it.
const SPENDING: i32 = 6;
/// Before today, the children save for this number of days.
const SAVING: i32 = 2;

/// The times of a day in which something is recorded, in seconds.
const MORNING: std::ops::Range<u32> = 25_500..33_600;
const NOON: std::ops::Range<u32> = 37_000..42_500;
const AFTERNOON: std::ops::Range<u32> = 56_500..64_000;
const EVENING: std::ops::Range<u32> = 62_000..67_800;
/// When the requests of the day are answered.
const ANSWERS: std::ops::Range<u32> = 67_900..69_500;
/// When rewards are requested; they are redeemed within an hour.
const REWARDS: std::ops::Range<u32> = 69_600..71_500;

const EXTRAS: &[&str] = &[TABLE, TABLE, BOOK, BOOK, BOOK, DISHES, COOKING, DOG];
const PENALTIES: &[(&str, Option<&str>)] = &[
    (LIGHTS, None),
    (LIGHTS, Some("In the bathroom, all night")),
    (HIT, None),
    (HIT, Some("Said sorry afterwards")),
    (SCREEN, Some("Under the blanket, after nine")),
    (SCREEN, None),
];
const REJECTIONS: &[&str] = &[
    "The maths page is still empty",
    "Please check the spelling once more",
    "We said: before dinner",
    "Half of it is missing",
];
const NO_REWARD: &[&str] =
    &["Not before a school day", "Let's wait for the weekend", "We had one yesterday"];
const PRAISE: &[(i64, &str)] = &[
    (10, "Helped the neighbour with the shopping"),
    (15, "Learned to ride without help"),
    (5, "Comforted a friend at school"),
    (10, "A very good week at school"),
    (20, "Birthday present from grandma"),
];
const MISTAKES: &[&str] = &["Wrong child", "Tapped by mistake", "That was yesterday"];

impl Planner {
    /// The acts of a day that is so many days ago. `last` are those of today, which the last days prepare.
    pub(super) fn acts_of(&mut self, day: Day, ago: i32, last: &[Act]) -> Vec<Act> {
        if day.weekday() == Weekday::Monday || ago == i32::from(super::FIRST) - 1 {
            self.moods = Kid::ALL.map(|_| self.mood(ago));
        }
        let is_pause = PAUSES.iter().any(|(from, to)| (*to..=*from).contains(&ago));
        if !is_pause {
            for kid in Kid::ALL {
                self.chores(kid, day, ago);
            }
        }
        let mut acts = std::mem::take(&mut self.acts);
        acts.sort_by_key(|act| act.second);
        for kid in Kid::ALL {
            let before = self.points[kid as usize];
            if !is_pause {
                self.correct(kid, &mut acts);
                self.treat(kid, ago, points_after(before, &acts, kid));
            }
            acts.append(&mut self.acts);
            let after = points_after(before, &acts, kid);
            self.pocket_money(kid, (day, ago, is_pause), after, last);
            acts.append(&mut self.acts);
            self.points[kid as usize] = points_after(before, &acts, kid);
        }
        acts.sort_by_key(|act| act.second);
        acts
    }

    /// Good weeks are more frequent than bad ones.
    fn mood(&mut self, ago: i32) -> u32 {
        if ago <= STREAKS { 92 } else { self.dice.one_of(&[97, 92, 90, 86, 80, 66, 42]) }
    }

    fn chores(&mut self, kid: Kid, day: Day, ago: i32) {
        if GAPS.contains(&(kid, ago)) {
            return;
        }
        let is_ill =
            |(who, from, to): &(Kid, i32, i32)| *who == kid && (*to..=*from).contains(&ago);
        if ILLNESSES.iter().any(is_ill) {
            return self.illness(kid, day);
        }
        let (weekday, mood) = (day.weekday(), self.moods[kid as usize]);
        if self.dice.chance(mood) || ago < STREAKS {
            self.record(kid, weekday, BED, MORNING);
        }
        if is_homework_day(weekday) && self.dice.chance(mood.saturating_sub(6)) {
            self.homework(kid, weekday);
        }
        if weekday == Weekday::Saturday && self.dice.chance(mood) {
            self.record(kid, weekday, ROOM, NOON);
        }
        let is_turn = self.turn(day) == kid;
        if is_turn && self.dice.chance(mood) {
            self.record(kid, weekday, CAT, EVENING);
        }
        if is_turn && weekday == Weekday::Tuesday && self.dice.chance(mood) {
            self.record(kid, weekday, RUBBISH, EVENING);
        }
        self.others(kid, weekday, mood);
    }

    /// What has no schedule.
    fn others(&mut self, kid: Kid, weekday: Weekday, mood: u32) {
        if self.dice.chance(mood / 6) {
            let task = self.dice.one_of(EXTRAS);
            if self.dice.chance(20) {
                self.requested(kid, task, AFTERNOON);
            } else {
                self.record(kid, weekday, task, AFTERNOON);
            }
        }
        if self.dice.chance(4 + (100 - mood) / 5) {
            let (penalty, note) = self.dice.one_of(PENALTIES);
            let second = self.dice.between(AFTERNOON);
            let by = self.parent();
            self.add(second, kid, Deed::Record(by, penalty, note));
        }
        if self.dice.chance(1) {
            let (points, why) = self.dice.one_of(PRAISE);
            let second = self.dice.between(EVENING);
            let by = self.parent();
            self.add(second, kid, Deed::Adjust(by, points, why));
        }
    }

    fn homework(&mut self, kid: Kid, weekday: Weekday) {
        if self.dice.chance(25) {
            self.requested(kid, HOMEWORK, AFTERNOON);
        } else {
            self.record(kid, weekday, HOMEWORK, AFTERNOON);
        }
    }

    fn illness(&mut self, kid: Kid, day: Day) {
        let skip = |task| Deed::Skip(Adult::Paula, task, "Ill in bed");
        self.add(MORNING.start, kid, skip(BED));
        if is_homework_day(day.weekday()) {
            self.add(MORNING.start + 40, kid, skip(HOMEWORK));
        }
    }

    /// An adult records a task.
    fn record(
        &mut self,
        kid: Kid,
        weekday: Weekday,
        task: &'static str,
        time: std::ops::Range<u32>,
    ) {
        let second = self.dice.between(time);
        // The grandmother is there on Wednesdays and Saturdays.
        let is_helped = matches!(weekday, Weekday::Wednesday | Weekday::Saturday);
        let by = if is_helped && self.dice.chance(60) { Adult::Rosa } else { self.parent() };
        self.add(second, kid, Deed::Record(by, task, None));
    }

    /// The child asks for a task, and a parent answers in the evening.
    fn requested(&mut self, kid: Kid, task: &'static str, time: std::ops::Range<u32>) {
        let second = self.dice.between(time);
        self.add(second, kid, Deed::AskForTask(task, None));
        let (by, second) = (self.parent(), self.dice.between(ANSWERS));
        let answer = if self.dice.chance(11) {
            Deed::RejectTask(by, task, self.dice.one_of(REJECTIONS))
        } else {
            Deed::Approve(by, task)
        };
        self.add(second, kid, answer);
    }

    fn parent(&mut self) -> Adult {
        if self.dice.chance(58) { Adult::Paula } else { Adult::Pablo }
    }

    /// Now and then, the last thing that an adult has recorded on a day was a mistake.
    fn correct(&mut self, kid: Kid, acts: &mut Vec<Act>) {
        let own = acts.iter().filter(|act| act.kid == kid);
        let good = |act: &&Act| matches!(act.deed, Deed::Record(_, task, _) if points_of(task) > 0);
        // Another task of the day remains: no streak ends.
        if own.clone().filter(good).count() > 1
            && let Some(Act { second, deed: Deed::Record(by, ..), .. }) = own.copied().next_back()
            && self.dice.chance(4)
        {
            let by = if by == Adult::Rosa { Adult::Paula } else { by };
            let second = second + self.dice.between(60..240);
            let deed = Deed::Undo(by, self.dice.one_of(MISTAKES));
            acts.push(Act { second, kid, deed });
        }
    }

    /// The child gets a reward if it can pay for it.
    fn treat(&mut self, kid: Kid, ago: i32, points: i64) {
        let has_saved = ago <= SPENDING && points >= cost_of(kid.goal());
        if ago <= SAVING || !(has_saved || self.dice.chance(32)) {
            return;
        }
        let wishes = [kid.goal(), ICE_CREAM, SCREEN_TIME, DINNER, MOVIE_NIGHT, SLEEPOVER, ZOO];
        let wish = if has_saved { kid.goal() } else { self.dice.one_of(&wishes) };
        // Children do not save for everything.
        let mut cheaper = TREATS.iter().map(|treat| treat.name);
        let wish = if cost_of(wish) <= points || self.dice.chance(55) {
            wish
        } else {
            cheaper.rfind(|name| cost_of(name) <= points).unwrap_or(wish)
        };
        if cost_of(wish) > points {
            return;
        }
        let second = self.dice.between(REWARDS);
        let (by, later) = (self.parent(), second + self.dice.between(200..3_000));
        let asks = Deed::AskForReward(wish, None);
        match self.dice.between(0..100) {
            0..9 => {
                self.add(second, kid, asks);
                let why = self.dice.one_of(NO_REWARD);
                self.add(later, kid, Deed::RejectReward(by, wish, why));
            }
            9..13 => {
                self.add(second, kid, asks);
                self.add(later, kid, Deed::Withdraw(wish));
            }
            13..75 => {
                self.add(second, kid, asks);
                self.add(later, kid, Deed::Redeem(by, wish));
            }
            _ => self.add(later, kid, Deed::Redeem(by, wish)),
        }
    }

    /// Once a month a child swaps the points that it does not need, and yesterday both did.
    fn pocket_money(
        &mut self,
        kid: Kid,
        (day, ago, is_pause): (Day, i32, bool),
        points: i64,
        last: &[Act],
    ) {
        let kept = if ago == 1 {
            kid.final_points() - (points_after(0, last, kid))
        } else if day.next().month() == day.next() && points > 120 && !is_pause {
            60
        } else {
            return;
        };
        let delta = kept - points;
        let why = if delta < 0 { "Swapped for pocket money" } else { "A bonus for a good week" };
        if delta != 0 {
            self.add(75_600 + kid as u32 * 35, kid, Deed::Adjust(Adult::Paula, delta, why));
        }
    }
}

fn is_homework_day(day: Weekday) -> bool {
    matches!(day, Weekday::Monday | Weekday::Tuesday | Weekday::Thursday)
}
