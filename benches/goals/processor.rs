//! The processor time of processes.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The unit of `/proc/…/stat` is the same on all platforms of today.
pub(crate) fn seconds(ticks: u64) -> f64 {
    Duration::from_millis(ticks * 10).as_secs_f64()
}

/// The times of a process, in ticks.
pub(crate) struct Times {
    pub(crate) parent: u32,
    pub(crate) own: u64,
    /// Of children that have ended.
    pub(crate) children: u64,
}

/// `None` if the process has just ended.
pub(crate) fn times(process: &Path) -> Option<Times> {
    let text = fs::read_to_string(process.join("stat")).ok()?;
    // The name before the parenthesis may contain spaces.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Times {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        children: number(13)? + number(14)?,
    })
}

/// The processor time of a process, with its children that have ended, in seconds.
pub(crate) fn processor_time(process: &str) -> io::Result<f64> {
    let times = times(&Path::new("/proc").join(process));
    let Times { own, children, .. } = times.ok_or_else(|| io::Error::other("no such process"))?;
    Ok(seconds(own + children))
}
