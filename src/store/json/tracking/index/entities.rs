//! Where the events of each task, penalty and reward are.

use super::counted::Counted;

/// An entity has a list of its own once more children have had events with it.
pub(super) const FEW_CHILDREN: usize = if cfg!(test) { 2 } else { 16 };

/// Where the events of an entity are. Nearly always it is one family's. Then the lists of its children are enough: a
/// list for each entity would take four bytes per event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Events {
    /// Among those of these children.
    OfChildren(Vec<u32>),
    /// In its own list: it is shared by families.
    Own(Box<Counted>),
}

impl Default for Events {
    fn default() -> Self {
        Self::OfChildren(Vec::new())
    }
}

impl From<Vec<u32>> for Events {
    /// For an entity of these children. An own list is empty.
    fn from(children: Vec<u32>) -> Self {
        if children.len() > FEW_CHILDREN {
            Self::Own(Box::default())
        } else {
            Self::OfChildren(children)
        }
    }
}

impl Events {
    /// The own list, if there is one.
    pub(super) fn own(&mut self) -> Option<&mut Counted> {
        match self {
            Self::OfChildren(_) => None,
            Self::Own(list) => Some(list),
        }
    }
}
