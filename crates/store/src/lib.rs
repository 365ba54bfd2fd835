//! Rows: what the gateway must still know tomorrow. Keys, teams and budgets as versioned objects with a feed of
//! changes; the ledger of what calls cost, with the sums that reports show; the audit of who changed what.
//!
//! One SQL text serves SQLite (the default, nothing to install) and Postgres (many replicas). Only the control plane
//! comes here: the data plane reads the [`Directory`], which is memory, and writes to the spool, which is a file.

mod clock;
mod db;
mod directory;
mod objects;
pub mod records;
mod schema;
mod store;

pub use db::{Problem, Result, StoreUrl};
pub use directory::{Directory, Entries, Held};
pub use objects::{Changes, Expect, Kind, Object, Write};
pub use store::Store;
