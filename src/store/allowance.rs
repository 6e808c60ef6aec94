use std::time::Duration;

/// A number of attempts within a window, after which the whole allowance is available again.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// What is limited, and for whom. Only a hash of it is stored.
    pub key: String,
    /// At least 1.
    pub limit: u32,
    pub window: Duration,
}

/// Why no attempt was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedUp {
    /// The index of the allowance with the longest wait.
    pub place: usize,
    /// The time until that allowance has another attempt.
    pub wait: Duration,
}
