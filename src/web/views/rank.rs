//! The rank of a child.

use crate::domain::User;
use crate::http::certificates::rank_name;
use crate::http::language::PageLanguage;
use crate::service::Progress;
use crate::web::texts::{Texts, fill};

/// A rank, and the way to the next one.
pub(in crate::web) struct RankView {
    /// From 1.
    pub(in crate::web) number: usize,
    pub(in crate::web) name: String,
    /// The points since the start of the rank, and those that lead to the next one.
    pub(in crate::web) value: i64,
    pub(in crate::web) most: i64,
    /// What is missing, in words.
    pub(in crate::web) distance: String,
}

impl RankView {
    pub(in crate::web) fn of(progress: &Progress, user: &User, language: PageLanguage) -> Self {
        let texts = &Texts::of(language).child_app;
        let (standing, is_own) = (&progress.standing, user.family.ranks.is_some());
        let name = |number, rank| rank_name(number, rank, is_own, language);
        let from = standing.rank.threshold;
        let (most, distance) = match &standing.next {
            Some(next) => {
                let missing = Texts::of(language).common.points.of(standing.missing, language);
                let next_name = name(standing.number + 1, next);
                (next.threshold - from, fill(texts.rank_next, &[&missing, &next_name]))
            }
            None => (1, texts.rank_last.to_owned()),
        };
        Self {
            number: standing.number,
            name: name(standing.number, &standing.rank),
            value: (progress.earned - from).clamp(0, most),
            most,
            distance,
        }
    }
}
