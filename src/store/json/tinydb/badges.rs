//! The rows of badges and awards.

use std::sync::Arc;

use serde_json::json;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::pyjson;
use super::record::{Record, list_name};
use crate::domain::badges::{
    Award, AwardKey, AwardPeriod, Badge, BadgePeriod, Grade, Metric, Thresholds,
};
use crate::domain::{ChildId, Icon, Id, UserId};

impl Record for Badge {
    const FILE: &'static str = "badges.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            id: fields.id("id")?,
            user_id: Some(fields.id("user_id")?),
            name: fields.name("name"),
            icon: fields.optional_text("icon").and_then(|name| Icon::find(&name)),
            metric: metric(fields)?,
            thresholds: thresholds(fields)?,
            period: period(fields)?,
            created_at: fields.optional_moment("created_at"),
            updated_at: fields.optional_moment("updated_at"),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("id", self.id.as_str());
        row.optional_text("user_id", self.user_id.as_ref().map(Id::as_str));
        row.text("name", self.name.as_str());
        row.optional_text("icon", self.icon.map(Icon::as_str));
        row.text("metric", self.metric.as_str());
        row.optional_text("task_id", self.metric.task());
        row.json("thresholds", &json!(self.thresholds.values()));
        row.optional_text("period", self.period.map(BadgePeriod::as_str));
        row.optional_moment("created_at", self.created_at);
        row.optional_moment("updated_at", self.updated_at);
    }

    fn key(&self) -> Arc<str> {
        self.id.shared()
    }

    fn group(&self) -> Option<Arc<str>> {
        self.user_id.as_ref().map(Id::shared)
    }
}

impl Record for Award {
    const FILE: &'static str = "awards.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let grade = Grade::from_number(fields.integer("grade")?);
        let period = fields.optional_text("period").map(|text| {
            let unreadable = Unreadable { field: "period", expected: "a week or a month" };
            AwardPeriod::parse(&text).ok_or(unreadable)
        });
        Ok(Self {
            user_id: fields.id("user_id")?,
            key: AwardKey {
                child_id: fields.id("child_id")?,
                badge_id: fields.id("badge_id")?,
                grade: grade.ok_or(Unreadable { field: "grade", expected: "1, 2 or 3" })?,
                period: period.transpose()?,
            },
            badge_name: fields.name("badge_name"),
            metric: metric(fields)?,
            threshold: fields.integer("threshold")?,
            earned_at: fields.moment("earned_at")?,
            event_id: fields.optional_id("tracking_event_id")?,
            revoked_at: fields.optional_moment("revoked_at"),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        let AwardKey { child_id, badge_id, grade, period } = &self.key;
        row.text("user_id", self.user_id.as_str());
        row.text("child_id", child_id.as_str());
        row.text("badge_id", badge_id.as_str());
        row.plain("grade", grade.number());
        row.optional_text("period", period.map(|period| period.to_string()).as_deref());
        row.text("badge_name", self.badge_name.as_str());
        row.text("metric", self.metric.as_str());
        row.optional_text("task_id", self.metric.task());
        row.plain("threshold", self.threshold);
        row.moment("earned_at", self.earned_at);
        row.optional_text("tracking_event_id", self.event_id.as_ref().map(Id::as_str));
        row.optional_moment("revoked_at", self.revoked_at);
    }

    fn key(&self) -> Arc<str> {
        format!("{}{}", awards_of(self.key.child_id.as_str()), self.key).into()
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }

    fn lists(&self) -> Vec<Arc<str>> {
        vec![award_list(&self.user_id, &self.key.child_id)]
    }
}

/// What the keys of a child's awards begin with, and no others. The length keeps any ids distinct.
pub(crate) fn awards_of(child_id: &str) -> String {
    format!("{}:{child_id}:", child_id.len())
}

/// The list of a child's awards.
pub(crate) fn award_list(user_id: &UserId, child_id: &ChildId) -> Arc<str> {
    list_name('c', &[user_id.as_str(), child_id.as_str()])
}

fn metric(fields: &Fields<'_>) -> Result<Metric, Unreadable> {
    let name = fields.text("metric")?;
    let metric = Metric::find(&name, fields.optional_id("task_id")?);
    metric.ok_or(Unreadable { field: "metric", expected: "a known word" })
}

fn thresholds(fields: &Fields<'_>) -> Result<Thresholds, Unreadable> {
    let unreadable = || Unreadable { field: "thresholds", expected: "one to three numbers" };
    let raw = fields.raw("thresholds").ok_or_else(unreadable)?;
    let values: Vec<i64> = serde_json::from_str(&pyjson::strict(raw)).map_err(|_| unreadable())?;
    Thresholds::parse("thresholds", &values).map_err(|_| unreadable())
}

fn period(fields: &Fields<'_>) -> Result<Option<BadgePeriod>, Unreadable> {
    let Some(name) = fields.optional_text("period") else { return Ok(None) };
    BadgePeriod::find(&name)
        .map(Some)
        .ok_or(Unreadable { field: "period", expected: "a known word" })
}
