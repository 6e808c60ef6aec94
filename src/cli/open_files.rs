//! The limit of open files. Each connection counts as one.

use rlimit::Resource;

use super::failure::Failure;
use crate::followers::audit_log;
use crate::http;

/// The open files of a server besides connections and audit logs: the journal, the data files and
/// their replacements, the server log, the listener, those of the runtime and the system, and the
/// connections reserved for health checks. At most about thirty, doubled for safety.
const OTHERS: usize = 64;
/// All open files of a server besides its connections.
const OWN: u64 = (audit_log::MAX_OPEN_FILES + http::MAX_REFUSALS + OTHERS) as u64;

/// Raises the limit of open files as far as this number of connections needs, and returns how many may
/// be open at once: fewer if the system's hard limit is lower. Clients can never use up the files that
/// the server itself needs.
///
/// Fails if the system allows too few for a single connection.
pub(super) fn make_room_for(connections: usize) -> Result<usize, Failure> {
    let needed = (connections as u64).saturating_add(OWN);
    let limit = rlimit::increase_nofile_limit(needed).or_else(|error| {
        tracing::warn!(%error, "the limit of open files can't be raised");
        Resource::NOFILE.get_soft()
    });
    let limit = match limit {
        Ok(limit) => limit,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files can't be read");
            return Ok(connections);
        }
    };
    let fitting = fitting(limit).ok_or(Failure::OpenFiles { limit, least: OWN + 1 })?;
    let fitting = fitting.min(connections);
    if fitting < connections {
        tracing::warn!(
            open_files = limit,
            needed,
            max_connections = fitting,
            "max_connections is lowered to fit the system's limit of open files"
        );
    }
    Ok(fitting)
}

/// How many connections fit a limit; `None` if not a single one does.
fn fitting(limit: u64) -> Option<usize> {
    let connections = limit.checked_sub(OWN).filter(|connections| *connections > 0)?;
    Some(usize::try_from(connections).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_files_of_the_server() {
        assert_eq!(fitting(u64::MAX), Some(usize::MAX - 448));
        for (limit, connections) in
            [(0, None), (448, None), (449, Some(1)), (512, Some(64)), (1024, Some(576))]
        {
            assert_eq!(fitting(limit), connections, "{limit}");
        }
    }
}
