//! What is measured of a server: how long it takes, and the memory that it has to itself.

use std::fs;
use std::time::Duration;

/// The time that 99 of 100 don't exceed.
pub(crate) fn p99(times: &mut [Duration]) -> Duration {
    assert!(!times.is_empty(), "nothing was measured");
    times.sort();
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// Milliseconds with a decimal, as a report shows them.
pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// The memory of a process that no file stands behind, in KiB.
pub(crate) fn anonymous_memory(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:"));
    line.unwrap().trim_end_matches("kB").trim().parse().unwrap()
}
