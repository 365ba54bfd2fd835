//! Rows: what the gateway must still know tomorrow. Keys, teams and budgets as versioned objects with a feed of
//! changes; the ledger of what calls cost, with the sums that reports show; the audit of who changed what.
//!
//! One SQL text serves SQLite (the default, nothing to install) and Postgres (many replicas). Only the control plane
//! comes here: the data plane reads the [`Directory`], which is memory, and writes to the spool, which is a file.

mod aside;
mod assets;
mod audit;
pub mod cache;
mod change;
mod clock;
mod contents;
pub mod coordination;
mod db;
mod directory;
mod drills;
mod entry;
mod feedback;
mod ledger;
mod objects;
pub mod records;
mod registry;
pub mod reports;
mod responses;
mod schema;
pub mod spool;
mod store;

pub use aside::{Aside, Content, Trace};
pub use assets::{Asset, Kept};
pub use audit::{Audit, AuditFilter, Author, GUARDRAIL, ROTATED, SIGNED_IN, SIGNED_OUT};
pub use change::{Adjustment, Change, NewSum};
pub use contents::Said;
pub use db::{Problem, Result, StoreUrl};
pub use directory::{Directory, Entries, Held};
pub use drills::DrillReport;
pub use entry::{Charge, CostLines, Entry, EntryFault, Status, Story, Verdict};
pub use feedback::{Feedback, Verdicts};
pub use ledger::{Booked, Sum, Sums, ends_at};
pub use objects::{Changes, Expect, Kind, Object, Write};
pub use records::{hash_key, short_hash};
pub use registry::{POLL, Registry};
pub use responses::{CANCELLING, ELSEWHERE, KeptResponse};
pub use store::Store;

/// Whether a field has its usual value and need not be written.
fn usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
