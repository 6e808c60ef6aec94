//! Today: a part of it is done, something is due, and requests wait for an answer.

use super::super::family::{Adult, BOOK, CAT, DISHES, Kid, SCREEN_TIME, TABLE};
use super::{Act, Deed, Planner};
use crate::domain::calendar::Day;

/// The acts of today are within this time before its last second.
const SPAN: u32 = 3 * 3_600;

impl Planner {
    /// The acts of today until a second of it.
    pub(super) fn acts_of_today(&self, today: Day, second: u32) -> Vec<Act> {
        let turn = self.turn(today);
        let other = if turn == Kid::Mia { Kid::Noah } else { Kid::Mia };
        let deeds = [
            (turn, Deed::Record(Adult::Paula, CAT, None)),
            (other, Deed::Record(Adult::Pablo, DISHES, Some("Without being asked"))),
            (Kid::Mia, Deed::AskForTask(BOOK, Some("Two whole chapters!"))),
            (Kid::Noah, Deed::AskForTask(TABLE, None)),
            (Kid::Mia, Deed::AskForReward(SCREEN_TIME, Some("After dinner?"))),
        ];
        let span = second.min(SPAN);
        let act = |(place, (kid, deed)): (u32, (Kid, Deed))| {
            let second = second - span + span * (place + 1) / 6;
            Act { second, kid, deed }
        };
        (0..).zip(deeds).map(act).collect()
    }
}
