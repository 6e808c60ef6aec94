//! The order in which the trees of the tables are filled.

/// An order of sorted entries in which a tree of [`imbl`] gets full leaves.
///
/// The tree halves a full leaf to add another entry, so that adding all entries in ascending order leaves every leaf half
/// empty. Here every second entry comes first, and each of the others then fills one of these places.
pub(super) fn in_full_leaves<T>(sorted: Vec<T>) -> impl Iterator<Item = T> {
    let is_first = |(position, _): &(usize, T)| position.is_multiple_of(2);
    let (first, others): (Vec<_>, Vec<_>) = sorted.into_iter().enumerate().partition(is_first);
    first.into_iter().chain(others).map(|(_, entry)| entry)
}
