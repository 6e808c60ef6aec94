//! How an attempt to deliver a message ends.

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has answered with that status.
    Status(u16),
    Error(SendError),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The operator does not permit the URL, or the address of its host.
    Forbidden,
    /// The name of the host has no address.
    Unresolved,
    /// There is no connection.
    Unreachable,
    /// The certificate is not valid, or there is no encrypted connection.
    Tls,
    /// The answer is not one of HTTP/1, or the connection ended before it.
    Protocol,
    Timeout,
}

impl SendError {
    pub const ALL: [Self; 6] = [
        Self::Forbidden,
        Self::Unresolved,
        Self::Unreachable,
        Self::Tls,
        Self::Protocol,
        Self::Timeout,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Unresolved => "unresolved",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Timeout => "timeout",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

impl Outcome {
    /// Redirects are failures.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}
