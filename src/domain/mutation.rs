use serde_json::json;

use super::{Amount, ChildId, RequestId, RewardId, TaskId};

/// A mutation: what is done to a child, and what the request says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    pub child: ChildId,
    pub operation: Operation,
    pub details: MutationDetails,
}

/// What a mutation does with a task or reward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Activate(TaskId),
    RequestTask(TaskId),
    CancelTask(TaskId),
    Request(RewardId),
    Redeem(RewardId),
    Cancel(RewardId),
}

/// The optional part of a mutation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MutationDetails {
    /// The request that the mutation ends. It fails if that request is no longer pending.
    pub request_id: Option<RequestId>,
    /// The points that a parent gives for a requested task, instead of the requested ones.
    pub points: Option<Amount>,
}

impl Operation {
    /// Whether a child's session may execute it.
    pub fn is_open_to_children(&self) -> bool {
        matches!(
            self,
            Self::Request(_) | Self::Cancel(_) | Self::RequestTask(_) | Self::CancelTask(_)
        )
    }
}

impl Mutation {
    /// A text that is different for every mutation, including its details. Without details it is that
    /// of earlier versions.
    pub fn fingerprint(&self) -> String {
        let (verb, entity) = match &self.operation {
            Operation::Activate(task) => ("activate", task.as_str()),
            Operation::RequestTask(task) => ("request-task", task.as_str()),
            Operation::CancelTask(task) => ("cancel-task", task.as_str()),
            Operation::Request(reward) => ("request", reward.as_str()),
            Operation::Redeem(reward) => ("redeem", reward.as_str()),
            Operation::Cancel(reward) => ("cancel", reward.as_str()),
        };
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
        let Self { request_id, points } = self;
        if *self == Self::default() {
            return String::new();
        }
        let (request, points) =
            (request_id.as_ref().map(RequestId::as_str), points.map(Amount::get));
        json!({"request_id": request, "points": points}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutation(child: &str, operation: Operation, request_id: Option<&str>) -> Mutation {
        let request_id = request_id.map(RequestId::from);
        let details = MutationDetails { request_id, points: None };
        Mutation { child: child.into(), operation, details }
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
