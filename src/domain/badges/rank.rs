//! When a child changed its rank.

use super::award::{Award, AwardKey};
use super::definition::Grade;
use super::history::History;
use super::metric::Metric;
use crate::domain::progress::{Figures, Step};
use crate::domain::{ChildId, EventId, Ranks, Standing, Timestamp, UserId};

/// A change of a child's rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankChange {
    pub standing: Standing,
    /// The points earned in the child's lifetime.
    pub earned: i64,
    pub at: Timestamp,
    pub event_id: EventId,
    /// Whether Goldstar wrote the event.
    pub is_own: bool,
}

impl Award {
    /// The badge of the award that contains the rank of a child, and when it was reached. Families cannot have a
    /// badge with this id, and lists of awards do not contain it. Without it, the child has the first rank.
    pub const RANK: &str = "rank";

    /// Whether it contains the rank of the child.
    pub fn is_rank(&self) -> bool {
        self.key.badge_id.as_str() == Self::RANK
    }
}

/// Whether the points that a child has earned give another rank than that of its award.
pub fn is_rank_outdated(award: Option<&Award>, earned: i64, ranks: &Ranks) -> bool {
    let stored = award.map_or(0, |award| award.threshold);
    ranks.standing(stored).number != ranks.standing(earned).number
}

impl RankChange {
    /// The last change of the rank in a history; `None` if the child has always had the first rank.
    pub fn last_in(history: &History, ranks: &Ranks) -> Option<Self> {
        let (mut earned, mut number, mut last) = (0_i64, 1, None);
        for change in history.changes() {
            let points = Figures::of(change.step.contribution()).earned;
            earned = match change.step {
                Step::Add(_) => earned.saturating_add(points),
                Step::Remove(_) => earned.saturating_sub(points).max(0),
            };
            let standing = ranks.standing(earned);
            if standing.number != number {
                number = standing.number;
                last = Some(Self {
                    standing,
                    earned,
                    at: change.at,
                    event_id: change.event.clone(),
                    is_own: change.is_own,
                });
            }
        }
        // Later events may have changed the points within the rank.
        last.map(|last| Self { standing: ranks.standing(earned), earned, ..last })
    }

    /// The award that contains the rank.
    pub fn award(&self, user_id: &UserId, child_id: &ChildId) -> Award {
        let badge_id = Award::RANK.into();
        let (child_id, grade) = (child_id.clone(), Grade::Bronze);
        Award {
            user_id: user_id.clone(),
            key: AwardKey { child_id, badge_id, grade, period: None },
            badge_name: self.standing.rank.name.clone(),
            metric: Metric::PointsEarned,
            threshold: self.standing.rank.threshold,
            earned_at: self.at,
            event_id: Some(self.event_id.clone()),
            revoked_at: None,
        }
    }
}
