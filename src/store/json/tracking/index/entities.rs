//! Where the events of each task, penalty and reward are.

use std::slice;

use super::counted::Counted;

/// An entity has a list of its own once more children have had events with it.
const FEW_CHILDREN: usize = if cfg!(test) { 2 } else { 16 };

/// Where the events of an entity are. Nearly always it is one family's. Then the lists of its children are enough: a
/// list for each entity would take four bytes per event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Events {
    /// Among those of this child: nearly always there is only one.
    OfChild(u32),
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

impl Events {
    /// For an entity of these children. An own list is empty.
    pub(super) fn of(children: Vec<u32>) -> Self {
        match children[..] {
            [child] => Self::OfChild(child),
            _ if children.len() > FEW_CHILDREN => Self::Own(Box::default()),
            _ => Self::OfChildren(children),
        }
    }

    /// The children, if there is no own list.
    pub(super) fn children(&self) -> Option<&[u32]> {
        match self {
            Self::OfChild(child) => Some(slice::from_ref(child)),
            Self::OfChildren(children) => Some(children),
            Self::Own(_) => None,
        }
    }

    /// The own list, if there is one.
    pub(super) fn own(&mut self) -> Option<&mut Counted> {
        match self {
            Self::Own(list) => Some(list),
            _ => None,
        }
    }
}
