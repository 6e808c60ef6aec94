use crate::domain::{Id, Invalid, TaskId};

/// What a badge counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The activations of tasks.
    TasksDone,
    PointsEarned,
    /// The days of the longest streak.
    StreakDays,
    /// The days without a penalty and with at least one activation of a task.
    DaysWithoutPenalty,
    RewardsRedeemed,
    /// The activations of one task.
    TaskDone(TaskId),
}

impl Metric {
    /// The name of [`Self::TaskDone`], the only one with a task.
    pub const TASK_DONE: &str = "task_done";
    pub const NAMES: [&str; 6] = [
        "tasks_done",
        "points_earned",
        "streak_days",
        "days_without_penalty",
        "rewards_redeemed",
        Self::TASK_DONE,
    ];

    /// The metric with that name; `None` if there is none, or if it lacks a task.
    pub fn find(name: &str, task_id: Option<TaskId>) -> Option<Self> {
        let place = Self::NAMES.iter().position(|it| *it == name)?;
        match place {
            0 => Some(Self::TasksDone),
            1 => Some(Self::PointsEarned),
            2 => Some(Self::StreakDays),
            3 => Some(Self::DaysWithoutPenalty),
            4 => Some(Self::RewardsRedeemed),
            _ => task_id.map(Self::TaskDone),
        }
    }

    /// Checks a metric from a request.
    pub fn parse(name: &str, task_id: Option<TaskId>) -> Result<Self, Invalid> {
        if task_id.is_some() && name != Self::TASK_DONE {
            return Err(Invalid::new("task_id", "can only be set for the metric task_done"));
        }
        if task_id.is_none() && name == Self::TASK_DONE {
            return Err(Invalid::new("task_id", "is required for the metric task_done"));
        }
        let rule = || format!("must be one of {}", Self::NAMES.join(", "));
        Self::find(name, task_id).ok_or_else(|| Invalid::new("metric", rule()))
    }

    pub fn as_str(&self) -> &'static str {
        let place = match self {
            Self::TasksDone => 0,
            Self::PointsEarned => 1,
            Self::StreakDays => 2,
            Self::DaysWithoutPenalty => 3,
            Self::RewardsRedeemed => 4,
            Self::TaskDone(_) => 5,
        };
        Self::NAMES[place]
    }

    pub fn task_id(&self) -> Option<&TaskId> {
        if let Self::TaskDone(id) = self { Some(id) } else { None }
    }

    /// The id of the task as a text.
    pub fn task(&self) -> Option<&str> {
        self.task_id().map(Id::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_name() {
        for name in Metric::NAMES {
            assert_eq!(Metric::find(name, Some("t".into())).unwrap().as_str(), name);
        }
        assert_eq!(Metric::find("task_done", None), None);
        assert_eq!(Metric::find("tasks", None), None);
        assert_eq!(Metric::find("task_done", Some("t".into())).unwrap().task(), Some("t"));
    }

    #[test]
    fn one_metric_has_a_task() {
        assert!(Metric::parse("tasks_done", None).is_ok());
        assert!(Metric::parse("task_done", Some("t".into())).is_ok());
        let field = |name, task: Option<&str>| {
            Metric::parse(name, task.map(TaskId::from)).unwrap_err().field
        };
        assert_eq!(field("task_done", None), "task_id");
        assert_eq!(field("tasks_done", Some("t")), "task_id");
        assert_eq!(field("tasks", None), "metric");
    }
}
