//! The growth of columns, which have a value for each event or text.

/// Grows a column by a fixed step: doubling would leave up to half of its memory unused.
pub(super) fn reserve<T>(column: &mut Vec<T>) {
    const STEP: usize = 1 << 16;
    if column.len() == column.capacity() {
        column.reserve_exact(if column.is_empty() { 1024 } else { STEP.min(column.len()) });
    }
}
