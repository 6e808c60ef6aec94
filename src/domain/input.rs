//! The bounds of single values in requests.

use std::sync::Arc;

use super::{Amount, Invalid, Points, check_line};

pub const MAX_OPENING_POINTS: i64 = 1_000_000;
/// In years.
pub const MAX_AGE: i64 = 150;
pub const MAX_IMAGE_ID_CHARS: usize = 200;
pub const MAX_DESCRIPTION_CHARS: usize = 1000;
/// The maximum number of ids in a child's `tasks` or `rewards`.
pub const MAX_DISPLAYED: usize = 500;
/// The maximum length of such an id, in characters.
pub const MAX_ID_CHARS: usize = 200;

/// A change of a field that may be null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FieldUpdate<T> {
    #[default]
    Keep,
    /// Set it to null.
    Clear,
    Set(T),
}

impl<T> FieldUpdate<T> {
    pub fn apply(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Keep => old,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }
}

/// Checks what an adjustment adds or takes.
pub fn delta(field: &'static str, delta: i64) -> Result<i64, Invalid> {
    if delta == 0 || delta.unsigned_abs() > Amount::MAX.unsigned_abs() {
        let most = Amount::MAX;
        return Err(Invalid::new(field, format!("must be between -{most} and {most}, and not 0")));
    }
    Ok(delta)
}

/// The points of a task or the cost of a reward: 1 to 1,000,000.
pub fn amount(field: &'static str, points: i64) -> Result<Amount, Invalid> {
    Amount::new(points).ok_or_else(|| Invalid::new(field, "must be between 1 and 1000000"))
}

/// A new child's points: 0 to 1,000,000.
pub fn opening_points(points: i64) -> Result<Points, Invalid> {
    Points::new(points)
        .filter(|points| (0..=MAX_OPENING_POINTS).contains(&points.get()))
        .ok_or_else(|| Invalid::new("points", "must be between 0 and 1000000"))
}

/// A child's age in years, 0 to 150.
pub fn age(years: i64) -> Result<i64, Invalid> {
    if (0..=MAX_AGE).contains(&years) {
        Ok(years)
    } else {
        Err(Invalid::new("age", "must be between 0 and 150"))
    }
}

/// The id of an image: at most 200 characters.
pub fn image_id(text: String) -> Result<Arc<str>, Invalid> {
    check_line("image_id", &text, MAX_IMAGE_ID_CHARS)?;
    Ok(text.into())
}

/// A reward's description: at most 1,000 characters, on one or more lines.
pub fn description(text: &str) -> Result<Arc<str>, Invalid> {
    for line in text.lines() {
        check_line("description", line, MAX_DESCRIPTION_CHARS)?;
    }
    if text.chars().count() > MAX_DESCRIPTION_CHARS {
        let rule = format!("must have at most {MAX_DESCRIPTION_CHARS} characters");
        return Err(Invalid::new("description", rule));
    }
    Ok(text.trim().into())
}

/// The ids of the tasks or rewards that a front end shows first for a child: at most 500. They do not
/// have to exist.
pub fn displayed(field: &'static str, ids: Vec<String>) -> Result<Arc<[Arc<str>]>, Invalid> {
    if ids.len() > MAX_DISPLAYED {
        let rule = format!("must have at most {MAX_DISPLAYED} entries");
        return Err(Invalid::new(field, rule));
    }
    for id in &ids {
        check_line(field, id, MAX_ID_CHARS)?;
    }
    Ok(ids.into_iter().map(Arc::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bounded() {
        assert!(amount("cost", 1).is_ok() && amount("cost", 1_000_000).is_ok());
        assert_eq!(amount("cost", 0).unwrap_err().field, "cost");
        assert!(amount("points", 1_000_001).is_err());
        assert!(opening_points(0).is_ok() && opening_points(1_000_000).is_ok());
        assert!(opening_points(-1).is_err() && opening_points(1_000_001).is_err());
        assert!(age(0).is_ok() && age(150).is_ok());
        assert!(age(-1).is_err() && age(151).is_err());
    }

    #[test]
    fn texts_are_bounded() {
        assert!(image_id("x".repeat(200)).is_ok());
        assert!(image_id("x".repeat(201)).is_err());
        assert!(description("two\r\nlines\n").is_ok());
        assert!(description("a\u{7}b").is_err());
        assert!(description(&"x\n".repeat(501)).is_err());
        assert!(displayed("tasks", vec![String::new(); 501]).is_err());
        assert!(displayed("tasks", vec!["x".repeat(201)]).is_err());
    }
}
