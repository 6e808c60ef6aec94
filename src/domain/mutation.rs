use super::{ChildId, RewardId, TaskId};

/// One of the four mutations and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A task is done, or a penalty is given.
    Activate(ChildId, TaskId),
    /// A reward is asked for.
    Request(ChildId, RewardId),
    /// A reward is paid for.
    Redeem(ChildId, RewardId),
    /// A request is withdrawn.
    Cancel(ChildId, RewardId),
}

impl Mutation {
    /// Whose points or requests it changes.
    pub fn child_id(&self) -> &ChildId {
        match self {
            Self::Activate(child, _)
            | Self::Request(child, _)
            | Self::Redeem(child, _)
            | Self::Cancel(child, _) => child,
        }
    }

    /// The same text for the same mutation, and for no other.
    pub fn fingerprint(&self) -> String {
        let (verb, entity) = match self {
            Self::Activate(_, task) => ("activate", task.as_str()),
            Self::Request(_, reward) => ("request", reward.as_str()),
            Self::Redeem(_, reward) => ("redeem", reward.as_str()),
            Self::Cancel(_, reward) => ("cancel", reward.as_str()),
        };
        // The length keeps ids that hold the separator apart.
        let child = self.child_id().as_str();
        format!("{verb}/{}/{child}/{entity}", child.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mutation_has_its_own_fingerprint() {
        let all = [
            Mutation::Activate("a".into(), "b".into()),
            Mutation::Request("a".into(), "b".into()),
            Mutation::Redeem("a".into(), "b".into()),
            Mutation::Cancel("a".into(), "b".into()),
            Mutation::Cancel("a".into(), "c".into()),
            Mutation::Cancel("a/b".into(), "c".into()),
            Mutation::Cancel("a".into(), "b/c".into()),
        ];
        let prints: std::collections::HashSet<_> = all.iter().map(Mutation::fingerprint).collect();
        assert_eq!(prints.len(), all.len());
    }
}
