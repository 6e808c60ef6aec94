//! Sizes in bytes.

use crate::http::language::PageLanguage;

const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// A size with at least two digits that matter.
pub(in crate::web) fn size(bytes: u64, language: PageLanguage) -> String {
    let (mut tenths, mut unit) = (u128::from(bytes) * 10, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths = (tenths + 500) / 1000;
        unit += 1;
    }
    let whole = language.number(i64::try_from(tenths / 10).unwrap_or(i64::MAX));
    let point = if language == PageLanguage::German { ',' } else { '.' };
    let tenth = tenths % 10;
    if unit == 0 || tenth == 0 || tenths >= 1000 {
        format!("{whole} {}", UNITS[unit])
    } else {
        format!("{whole}{point}{tenth} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let written = |bytes| size(bytes, PageLanguage::English);
        assert_eq!([written(0), written(999), written(1000)], ["0 B", "999 B", "1 kB"]);
        assert_eq!(
            [written(1549), written(99_949), written(123_456)],
            ["1.5 kB", "99.9 kB", "123 kB"]
        );
        assert_eq!([written(999_999), written(1_234_000_000)], ["1 MB", "1.2 GB"]);
        assert_eq!(size(1_540_000, PageLanguage::German), "1,5 MB");
        assert!(written(u64::MAX).ends_with(" TB"));
    }
}
