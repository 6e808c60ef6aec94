//! Progress bars of long commands, on a terminal.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::json::Progress;

/// Smaller files get no bar: they are read before a person could see it.
const WORTH_A_BAR: u64 = 16 << 20;

const TEMPLATE: &str = "{msg} [{wide_bar}] {bytes}/{total_bytes} {eta}";

/// Draws a bar for each large file on the standard error output, if that is a terminal.
pub(super) fn on_terminal() -> Progress {
    if !io::stderr().is_terminal() {
        return Progress::silent();
    }
    let current: Mutex<Option<(String, ProgressBar)>> = Mutex::default();
    Progress::new(move |file, read, total| {
        if total < WORTH_A_BAR {
            return;
        }
        let name = name_of(file);
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        if read >= total {
            if let Some((_, bar)) = current.take() {
                bar.finish_and_clear();
            }
            return;
        }
        if current.as_ref().is_none_or(|(drawn, _)| *drawn != name) {
            *current = Some((name.clone(), bar(name, total)));
        }
        if let Some((_, bar)) = &*current {
            bar.set_position(read);
        }
    })
}

fn bar(name: String, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(TEMPLATE);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_message(name)
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}
