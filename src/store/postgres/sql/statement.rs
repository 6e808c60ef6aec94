use tokio_postgres::types::Type;

/// A statement with the types of its parameters.
pub(crate) struct Sql {
    pub(crate) text: &'static str,
    pub(crate) types: &'static [Type],
}
