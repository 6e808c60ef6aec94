//! The limit of open files, of which each connection is one.

use rlimit::Resource;

/// What the server has open besides connections, with room to spare: the journal, the tables, a
/// hundred audit logs, and what the system needs.
const OWN: u64 = 256;

/// Raises the limit of open files to what so many connections need, and gives how many may be open
/// at once: fewer where the system allows no more.
pub(super) fn make_room_for(connections: usize) -> usize {
    let needed = (connections as u64).saturating_add(OWN);
    let limit = rlimit::increase_nofile_limit(needed).or_else(|error| {
        tracing::warn!(%error, "the limit of open files can't be raised");
        Resource::NOFILE.get_soft()
    });
    let limit = match limit {
        Ok(limit) => limit,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files isn't known");
            return connections;
        }
    };
    let fitting = fitting(limit).min(connections);
    if fitting < connections {
        tracing::warn!(
            open_files = limit,
            needed,
            max_connections = fitting,
            "the system's limit of open files is too low for max_connections; it is lowered"
        );
    }
    fitting
}

/// How many connections a limit has room for, at least one.
fn fitting(limit: u64) -> usize {
    let connections = limit - OWN.min(limit / 2);
    usize::try_from(connections).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_servers_own_files() {
        for (limit, connections) in
            [(0, 1), (1, 1), (64, 32), (512, 256), (1024, 768), (u64::MAX, usize::MAX - 256)]
        {
            assert_eq!(fitting(limit), connections, "{limit}");
        }
    }
}
