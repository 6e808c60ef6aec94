//! Two servers on one PostgreSQL database.

mod linearity;
mod paid_once;
