//! The texts of the pages on which parents create and plan.

pub(super) mod de;
pub(super) mod en;

use crate::web::texts::words::Counted;

/// The texts in one language.
pub(in crate::web) struct Planning {
    pub(in crate::web) edit: Edit,
    pub(in crate::web) child: ChildForm,
    pub(in crate::web) task: TaskForm,
    pub(in crate::web) schedule: ScheduleForm,
    pub(in crate::web) words: ScheduleWords,
    pub(in crate::web) reward: RewardForm,
    pub(in crate::web) badge: BadgeForm,
    pub(in crate::web) week: Week,
    pub(in crate::web) feed: Feed,
    pub(in crate::web) settings: Settings,
    pub(in crate::web) names: Names,
}

/// What several forms say.
pub(in crate::web) struct Edit {
    pub(in crate::web) name: &'static str,
    pub(in crate::web) icon: &'static str,
    pub(in crate::web) no_icon: &'static str,
    pub(in crate::web) change: &'static str,
    pub(in crate::web) delete: &'static str,
    pub(in crate::web) saved: &'static str,
    pub(in crate::web) is_there: &'static str,
    pub(in crate::web) common: &'static str,
    pub(in crate::web) own: &'static str,
    pub(in crate::web) shared: &'static str,
    pub(in crate::web) add: &'static str,
}

pub(in crate::web) struct ChildForm {
    pub(in crate::web) edit: &'static str,
    pub(in crate::web) age: &'static str,
    pub(in crate::web) opening: &'static str,
    pub(in crate::web) opening_hint: &'static str,
    pub(in crate::web) colour: &'static str,
    pub(in crate::web) any_colour: &'static str,
    pub(in crate::web) goal: &'static str,
    pub(in crate::web) goal_hint: &'static str,
    pub(in crate::web) no_goal: &'static str,
    pub(in crate::web) pin: &'static str,
    pub(in crate::web) pin_hint: &'static str,
    pub(in crate::web) new_pin: &'static str,
    pub(in crate::web) has_pin: &'static str,
    pub(in crate::web) no_pin: &'static str,
    pub(in crate::web) pin_wrong: &'static str,
    pub(in crate::web) remove_pin: &'static str,
    pub(in crate::web) delete: &'static str,
    pub(in crate::web) delete_title: &'static str,
    pub(in crate::web) delete_lead: &'static str,
    pub(in crate::web) delete_ends: &'static str,
    pub(in crate::web) delete_stays: &'static str,
    pub(in crate::web) keep: &'static str,
}

pub(in crate::web) struct TaskForm {
    pub(in crate::web) title: &'static str,
    pub(in crate::web) new: &'static str,
    pub(in crate::web) no_tasks: &'static str,
    pub(in crate::web) no_penalties: &'static str,
    pub(in crate::web) kind: &'static str,
    pub(in crate::web) good: &'static str,
    pub(in crate::web) penalty: &'static str,
    pub(in crate::web) points: &'static str,
    pub(in crate::web) requestable: &'static str,
    pub(in crate::web) by_parents: &'static str,
    pub(in crate::web) limit: &'static str,
    pub(in crate::web) limit_count: &'static str,
    pub(in crate::web) limit_hint: &'static str,
    pub(in crate::web) limit_per: &'static str,
    pub(in crate::web) limit_periods: [(&'static str, &'static str); 3],
    /// For each of the periods.
    pub(in crate::web) limits: [&'static str; 3],
    pub(in crate::web) delete_hint: &'static str,
}

/// The schedule as a form.
pub(in crate::web) struct ScheduleForm {
    pub(in crate::web) title: &'static str,
    pub(in crate::web) repeats: &'static str,
    pub(in crate::web) never: &'static str,
    pub(in crate::web) every: [(&'static str, &'static str); 4],
    pub(in crate::web) interval: &'static str,
    pub(in crate::web) interval_hint: &'static str,
    pub(in crate::web) on: &'static str,
    pub(in crate::web) day: &'static str,
    pub(in crate::web) day_hint: &'static str,
    pub(in crate::web) last_day: &'static str,
    pub(in crate::web) date: &'static str,
    pub(in crate::web) who: &'static str,
    pub(in crate::web) whos: [(&'static str, &'static str); 4],
    pub(in crate::web) children: &'static str,
    pub(in crate::web) turn: &'static str,
    pub(in crate::web) turn_hint: &'static str,
    pub(in crate::web) first_only: &'static str,
    pub(in crate::web) due_time: &'static str,
    pub(in crate::web) due_hint: &'static str,
    pub(in crate::web) grace: &'static str,
    pub(in crate::web) grace_hint: &'static str,
    pub(in crate::web) from: &'static str,
    pub(in crate::web) until: &'static str,
    pub(in crate::web) on_missed: &'static str,
    pub(in crate::web) no_penalty: &'static str,
    pub(in crate::web) more: &'static str,
    pub(in crate::web) week_start: &'static str,
    pub(in crate::web) week_start_usual: &'static str,
    pub(in crate::web) starts: &'static str,
    pub(in crate::web) starts_hint: &'static str,
    pub(in crate::web) wrong: &'static str,
}

/// A schedule in words.
pub(in crate::web) struct ScheduleWords {
    pub(in crate::web) weekdays: [&'static str; 7],
    pub(in crate::web) once: &'static str,
    pub(in crate::web) days: Counted,
    pub(in crate::web) workdays: &'static str,
    pub(in crate::web) weeks: [&'static str; 2],
    pub(in crate::web) months: [&'static str; 2],
    pub(in crate::web) on_day: &'static str,
    pub(in crate::web) on_last_day: &'static str,
    pub(in crate::web) and: &'static str,
    pub(in crate::web) all: &'static str,
    pub(in crate::web) turns: &'static str,
    pub(in crate::web) weekly_turns: &'static str,
    pub(in crate::web) first_only: &'static str,
    pub(in crate::web) by: &'static str,
    pub(in crate::web) until: &'static str,
    pub(in crate::web) from: &'static str,
    pub(in crate::web) ended: &'static str,
}

pub(in crate::web) struct RewardForm {
    pub(in crate::web) new: &'static str,
    pub(in crate::web) empty: &'static str,
    pub(in crate::web) description: &'static str,
    pub(in crate::web) cost: &'static str,
    pub(in crate::web) delete_hint: &'static str,
}

pub(in crate::web) struct BadgeForm {
    pub(in crate::web) new: &'static str,
    pub(in crate::web) own: &'static str,
    pub(in crate::web) empty: &'static str,
    pub(in crate::web) built_in: &'static str,
    pub(in crate::web) built_in_hint: &'static str,
    pub(in crate::web) hide: &'static str,
    pub(in crate::web) show: &'static str,
    pub(in crate::web) hidden: &'static str,
    pub(in crate::web) counts: &'static str,
    /// The values of a metric, and its name.
    pub(in crate::web) metrics: [(&'static str, &'static str); 6],
    pub(in crate::web) task: &'static str,
    pub(in crate::web) choose_task: &'static str,
    pub(in crate::web) grades: &'static str,
    pub(in crate::web) grades_hint: &'static str,
    pub(in crate::web) grade_names: [&'static str; 3],
    pub(in crate::web) grades_wrong: &'static str,
    pub(in crate::web) period: &'static str,
    pub(in crate::web) periods: [(&'static str, &'static str); 3],
    pub(in crate::web) period_wrong: &'static str,
    /// After what a badge needs.
    pub(in crate::web) in_week: &'static str,
    pub(in crate::web) in_month: &'static str,
    pub(in crate::web) delete_hint: &'static str,
}

pub(in crate::web) struct Week {
    pub(in crate::web) previous: &'static str,
    pub(in crate::web) next: &'static str,
    pub(in crate::web) this: &'static str,
    pub(in crate::web) today: &'static str,
    pub(in crate::web) everybody: &'static str,
    pub(in crate::web) children: &'static str,
    pub(in crate::web) days: &'static str,
    pub(in crate::web) empty: &'static str,
    pub(in crate::web) no_schedule: &'static str,
    pub(in crate::web) free: &'static str,
    pub(in crate::web) more: Counted,
    pub(in crate::web) too_many: &'static str,
    /// In the order of the states.
    pub(in crate::web) states: [&'static str; 8],
    pub(in crate::web) due: &'static str,
    pub(in crate::web) done_until: &'static str,
    pub(in crate::web) skip: &'static str,
    pub(in crate::web) skip_hint: &'static str,
    pub(in crate::web) skip_reason: &'static str,
    pub(in crate::web) undo_skip: &'static str,
    pub(in crate::web) edit_task: &'static str,
    pub(in crate::web) pauses: &'static str,
    pub(in crate::web) pauses_hint: &'static str,
    pub(in crate::web) no_pauses: &'static str,
    pub(in crate::web) pause_from: &'static str,
    pub(in crate::web) pause_to: &'static str,
    pub(in crate::web) add_pause: &'static str,
    pub(in crate::web) pause_wrong: &'static str,
    pub(in crate::web) span: &'static str,
    pub(in crate::web) remove: &'static str,
    pub(in crate::web) settings: &'static str,
}

/// The addresses for calendar programs.
pub(in crate::web) struct Feed {
    pub(in crate::web) title: &'static str,
    pub(in crate::web) hint: &'static str,
    pub(in crate::web) create: &'static str,
    pub(in crate::web) created: &'static str,
    pub(in crate::web) delete: &'static str,
    pub(in crate::web) new: &'static str,
    pub(in crate::web) once: &'static str,
    pub(in crate::web) was_shown: &'static str,
}

pub(in crate::web) struct Settings {
    pub(in crate::web) title: &'static str,
    pub(in crate::web) days: &'static str,
    pub(in crate::web) time_zone: &'static str,
    pub(in crate::web) time_zone_hint: &'static str,
    pub(in crate::web) day_start: &'static str,
    pub(in crate::web) day_start_hint: &'static str,
    pub(in crate::web) week_start: &'static str,
    pub(in crate::web) goals: &'static str,
    pub(in crate::web) rest_days: &'static str,
    pub(in crate::web) rest_days_hint: &'static str,
    pub(in crate::web) daily_goal: &'static str,
    pub(in crate::web) daily_goal_hint: &'static str,
    pub(in crate::web) streak: &'static str,
    pub(in crate::web) streak_rules: [(&'static str, &'static str); 2],
    pub(in crate::web) ranks: &'static str,
    pub(in crate::web) ranks_hint: &'static str,
    pub(in crate::web) rank_name: &'static str,
    pub(in crate::web) rank_points: &'static str,
    pub(in crate::web) ranks_wrong: &'static str,
    pub(in crate::web) usual_ranks: &'static str,
    pub(in crate::web) rights: &'static str,
    pub(in crate::web) shows_ranking: &'static str,
    pub(in crate::web) penalties_by_helpers: &'static str,
    pub(in crate::web) language: &'static str,
}

/// The names of what every family has.
pub(in crate::web) struct Names {
    /// In the order of the domain.
    pub(in crate::web) icons: [(&'static str, &'static str); 50],
    pub(in crate::web) colours: [(&'static str, &'static str); 11],
    /// What a family can add with one tap.
    pub(in crate::web) tasks: [&'static str; 12],
    pub(in crate::web) penalties: [&'static str; 6],
    pub(in crate::web) rewards: [&'static str; 8],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::badges::Metric;
    use crate::domain::calendar::StreakRule;
    use crate::domain::{Colour, Icon, LimitPeriod};

    #[test]
    fn everything_has_a_name_in_each_language() {
        let values = |names: &[(&'static str, &str)]| -> Vec<&'static str> {
            names.iter().map(|(value, _)| *value).collect()
        };
        for texts in [&en::TEXTS, &de::TEXTS] {
            assert_eq!(values(&texts.names.icons), Icon::ALL);
            assert_eq!(values(&texts.names.colours), Colour::ALL);
            assert_eq!(values(&texts.badge.metrics), Metric::NAMES);
            assert_eq!(
                values(&texts.task.limit_periods),
                LimitPeriod::ALL.map(LimitPeriod::as_str)
            );
            let rules = StreakRule::ALL.map(StreakRule::as_str);
            assert_eq!(values(&texts.settings.streak_rules), rules);
        }
    }
}
