//! The limit of open files, of which each connection is one.

use rlimit::Resource;

use super::Failure;
use crate::followers::audit_log;
use crate::http;

/// What the server has open besides connections and audit logs: the journal, the tables and the files
/// that take their places, its own log, the listener, what the runtime and the system need, and the
/// connections that are kept for health checks. Some thirty at most, with room to spare.
const OTHERS: usize = 64;
/// All that the server has open besides connections.
const OWN: u64 = (audit_log::MAX_OPEN_FILES + http::MAX_REFUSALS + OTHERS) as u64;

/// Raises the limit of open files to what so many connections need, and gives how many may be open
/// at once: fewer where the system allows no more. Strangers can never take what the server needs for
/// its own files.
///
/// Fails where the system allows too few for a single connection.
pub(super) fn make_room_for(connections: usize) -> Result<usize, Failure> {
    let needed = (connections as u64).saturating_add(OWN);
    let limit = rlimit::increase_nofile_limit(needed).or_else(|error| {
        tracing::warn!(%error, "the limit of open files can't be raised");
        Resource::NOFILE.get_soft()
    });
    let limit = match limit {
        Ok(limit) => limit,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files isn't known");
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
            "the system's limit of open files is too low for max_connections; it is lowered"
        );
    }
    Ok(fitting)
}

/// How many connections a limit has room for; none where there isn't any.
fn fitting(limit: u64) -> Option<usize> {
    let connections = limit.checked_sub(OWN).filter(|connections| *connections > 0)?;
    Some(usize::try_from(connections).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_servers_own_files() {
        assert_eq!(fitting(u64::MAX), Some(usize::MAX - 224));
        for (limit, connections) in
            [(0, None), (224, None), (225, Some(1)), (512, Some(288)), (1024, Some(800))]
        {
            assert_eq!(fitting(limit), connections, "{limit}");
        }
    }
}
