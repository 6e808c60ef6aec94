use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use uuid::Uuid;

/// The identifier of one record of kind `K`.
///
/// New ids are UUIDs in hyphenated lower-case text. Older files may contain any other text, which is
/// kept and compared as it is. Cloning copies a pointer.
pub struct Id<K: ?Sized> {
    text: Arc<str>,
    kind: PhantomData<fn() -> Box<K>>,
}

impl<K: ?Sized> Id<K> {
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self::from(uuid.to_string())
    }

    /// The id exactly as it was in the file or in the request.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

impl<K: ?Sized, T: Into<Arc<str>>> From<T> for Id<K> {
    fn from(text: T) -> Self {
        Self { text: text.into(), kind: PhantomData }
    }
}

impl<K: ?Sized> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self { text: Arc::clone(&self.text), kind: PhantomData }
    }
}

impl<K: ?Sized> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<K: ?Sized> Eq for Id<K> {}

impl<K: ?Sized> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<K: ?Sized> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<K: ?Sized> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
