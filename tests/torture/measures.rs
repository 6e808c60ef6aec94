//! Measurements of a server: times and memory.

use std::fs;
use std::time::Duration;

/// The 99th percentile.
pub(crate) fn p99(times: &mut [Duration]) -> Duration {
    assert!(!times.is_empty(), "nothing was measured");
    times.sort();
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// Milliseconds with one decimal place, for a report.
pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// The anonymous memory of a process, in KiB.
pub(crate) fn anonymous_memory(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:"));
    line.unwrap().trim_end_matches("kB").trim().parse().unwrap()
}
