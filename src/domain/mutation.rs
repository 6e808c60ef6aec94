use std::borrow::Cow;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Amount, ChildId, EventId, Note, RequestId, RewardId, TaskId};

/// A mutation: what is done to a child, and what the request says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    pub child: ChildId,
    pub operation: Operation,
    pub details: MutationDetails,
}

/// What a mutation does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Activate(TaskId),
    RequestTask(TaskId),
    CancelTask(TaskId),
    Request(RewardId),
    Redeem(RewardId),
    Cancel(RewardId),
    /// Takes back an event.
    Reverse(EventId),
    /// Adds these points, or takes them if the number is negative.
    Adjust(i64),
}

/// The optional part of a mutation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MutationDetails {
    pub note: Option<Note>,
    /// The request that the mutation ends. It fails if that request is no longer pending.
    pub request_id: Option<RequestId>,
    /// The points that a parent gives for a requested task, instead of the requested ones.
    pub points: Option<Amount>,
    /// Whether a correction takes less if the child no longer has the points.
    pub is_partial: bool,
    /// Whether a parent exceeds the limit of a task.
    pub is_forced: bool,
}

impl Operation {
    /// Whether a child's session may execute it.
    pub fn is_open_to_children(&self) -> bool {
        matches!(
            self,
            Self::Request(_) | Self::Cancel(_) | Self::RequestTask(_) | Self::CancelTask(_)
        )
    }

    /// What is done, and to what.
    fn words(&self) -> (&'static str, Cow<'_, str>) {
        let (verb, entity) = match self {
            Self::Activate(task) => ("activate", task.as_str()),
            Self::RequestTask(task) => ("request-task", task.as_str()),
            Self::CancelTask(task) => ("cancel-task", task.as_str()),
            Self::Request(reward) => ("request", reward.as_str()),
            Self::Redeem(reward) => ("redeem", reward.as_str()),
            Self::Cancel(reward) => ("cancel", reward.as_str()),
            Self::Reverse(event) => ("reverse", event.as_str()),
            Self::Adjust(delta) => return ("adjust", delta.to_string().into()),
        };
        (verb, entity.into())
    }
}

impl Mutation {
    pub fn new(child: impl Into<ChildId>, operation: Operation, details: MutationDetails) -> Self {
        Self { child: child.into(), operation, details }
    }

    /// A text that is different for every mutation, including its details. Without details it is that
    /// of earlier versions.
    pub fn fingerprint(&self) -> String {
        let (verb, entity) = self.operation.words();
        let child = self.child.as_str();
        let details = self.details.fingerprint();
        // The lengths separate the ids, which may contain a slash.
        if details.is_empty() {
            return format!("{verb}/{}/{child}/{entity}", child.len());
        }
        format!("{verb}+/{}/{}/{child}/{entity}/{details}", child.len(), entity.len())
    }
}

impl MutationDetails {
    fn fingerprint(&self) -> String {
        let Self { note, request_id, points, is_partial, is_forced } = self;
        if *self == Self::default() {
            return String::new();
        }
        let (request, points) =
            (request_id.as_ref().map(RequestId::as_str), points.map(Amount::get));
        // A fingerprint is stored, and must not contain what a person has written.
        let note = note.as_ref().map(|note| format!("{:x?}", Sha256::digest(note.as_str())));
        let mut details = json!({
            "note": note, "request_id": request, "points": points, "partial": is_partial,
        });
        // Without it, the fingerprint is that of earlier versions.
        if *is_forced {
            details["forced"] = true.into();
        }
        details.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutation(child: &str, operation: Operation, request_id: Option<&str>) -> Mutation {
        let request_id = request_id.map(RequestId::from);
        let details = MutationDetails { request_id, ..MutationDetails::default() };
        Mutation { child: child.into(), operation, details }
    }

    fn noted(note: &str) -> Mutation {
        let note = Some(Note::parse("note", note).unwrap());
        let details = MutationDetails { note, ..MutationDetails::default() };
        Mutation { details, ..mutation("a", Operation::Activate("b".into()), None) }
    }

    #[test]
    fn a_fingerprint_does_not_contain_the_note() {
        assert!(!noted("lunch").fingerprint().contains("lunch"));
    }

    #[test]
    fn different_mutations_have_different_fingerprints() {
        let all = [
            mutation("a", Operation::Activate("b".into()), None),
            mutation("a", Operation::Request("b".into()), None),
            mutation("a", Operation::Redeem("b".into()), None),
            mutation("a", Operation::Cancel("b".into()), None),
            mutation("a", Operation::Cancel("c".into()), None),
            mutation("a/b", Operation::Cancel("c".into()), None),
            mutation("a", Operation::Cancel("b/c".into()), None),
            mutation("a", Operation::Cancel("b/c".into()), Some("r")),
            mutation("a/b", Operation::Cancel("c".into()), Some("r")),
            mutation("a", Operation::Cancel("c".into()), Some("r")),
            mutation("a", Operation::Reverse("b".into()), None),
            mutation("a", Operation::Adjust(5), None),
            mutation("a", Operation::Adjust(-5), None),
            noted("lunch"),
            noted("dinner"),
        ];
        let prints: std::collections::HashSet<_> = all.iter().map(Mutation::fingerprint).collect();
        assert_eq!(prints.len(), all.len());
    }

    #[test]
    fn a_mutation_without_details_has_the_fingerprint_of_earlier_versions() {
        let mutation = mutation("a/b", Operation::Redeem("c".into()), None);
        assert_eq!(mutation.fingerprint(), "redeem/3/a/b/c");
    }
}
