use super::{ChildId, RewardId, TaskId};

/// One of the four mutations, with its child and its task or reward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    Activate(ChildId, TaskId),
    Request(ChildId, RewardId),
    Redeem(ChildId, RewardId),
    Cancel(ChildId, RewardId),
}

impl Mutation {
    pub fn child_id(&self) -> &ChildId {
        match self {
            Self::Activate(child, _)
            | Self::Request(child, _)
            | Self::Redeem(child, _)
            | Self::Cancel(child, _) => child,
        }
    }

    /// A text that is different for every mutation.
    pub fn fingerprint(&self) -> String {
        let (verb, entity) = match self {
            Self::Activate(_, task) => ("activate", task.as_str()),
            Self::Request(_, reward) => ("request", reward.as_str()),
            Self::Redeem(_, reward) => ("redeem", reward.as_str()),
            Self::Cancel(_, reward) => ("cancel", reward.as_str()),
        };
        // The length separates the ids, which may contain a slash.
        let child = self.child_id().as_str();
        format!("{verb}/{}/{child}/{entity}", child.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_mutations_have_different_fingerprints() {
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
